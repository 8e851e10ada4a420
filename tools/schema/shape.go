package main

// The shapes below are the JSON of schema/*.json; their members stand in alphabetical order because
// encoding/json writes them in the order of declaration. schema/README.md explains each.

type typeShape struct {
	K    string     `json:"k"`
	Name string     `json:"name,omitempty"`
	Of   *typeShape `json:"of,omitempty"`
}

type fieldShape struct {
	Enum          string    `json:"enum,omitempty"`
	Go            string    `json:"go"`
	ListMapKeys   []string  `json:"list_map_keys,omitempty"`
	ListType      string    `json:"list_type,omitempty"`
	MapType       string    `json:"map_type,omitempty"`
	OmitEmpty     bool      `json:"omitempty"`
	OmitZero      bool      `json:"omitzero"`
	OpenEnum      string    `json:"open_enum,omitempty"`
	PatchMergeKey string    `json:"patch_merge_key,omitempty"`
	PatchStrategy string    `json:"patch_strategy,omitempty"`
	Proto         int       `json:"proto,omitempty"`
	ProtoIn       []int     `json:"proto_in,omitempty"`
	Secret        bool      `json:"secret"`
	StructType    string    `json:"struct_type,omitempty"`
	Type          typeShape `json:"type"`
	Wire          string    `json:"wire"`
}

type structShape struct {
	Fields    []fieldShape `json:"fields"`
	GoVersion string       `json:"go_version,omitempty"`
}

type kindShape struct {
	APIVersion string `json:"api_version,omitempty"`
	Item       string `json:"item,omitempty"`
	Type       string `json:"type"`
}

type subresourceShape struct {
	Name         string   `json:"name"`
	Options      string   `json:"options,omitempty"`
	Request      string   `json:"request,omitempty"`
	RequestsAlso []string `json:"requests_also,omitempty"`
	Response     string   `json:"response,omitempty"`
	Text         bool     `json:"text,omitempty"`
	Upgrade      bool     `json:"upgrade,omitempty"`
	Verbs        []string `json:"verbs"`
}

type resourceShape struct {
	Apply        bool               `json:"apply"`
	GoVersion    string             `json:"go_version,omitempty"`
	Kind         string             `json:"kind"`
	Namespaced   bool               `json:"namespaced"`
	Plural       string             `json:"plural"`
	Response     string             `json:"response,omitempty"`
	Status       bool               `json:"status"`
	Subresources []subresourceShape `json:"subresources"`
	Verbs        []string           `json:"verbs"`
}

type sourceShape struct {
	GoModule  string `json:"go_module"`
	GoVersion string `json:"go_version"`
	Package   string `json:"package"`
}

type moduleShape struct {
	Aliases   map[string]string      `json:"aliases"`
	Enums     map[string][]string    `json:"enums"`
	Group     string                 `json:"group"`
	Kinds     map[string]kindShape   `json:"kinds"`
	Module    string                 `json:"module"`
	OpenEnums map[string][]string    `json:"open_enums"`
	Resources []resourceShape        `json:"resources"`
	Source    sourceShape            `json:"source"`
	Types     map[string]structShape `json:"types"`
	Version   string                 `json:"version"`
}
