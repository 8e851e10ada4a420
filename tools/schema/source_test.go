package main

import (
	"os"
	"path/filepath"
	"testing"
)

const metaSource = `package v1

const GroupName = "meta.k8s.io"

type TypeMeta struct {
	Kind string ` + "`json:\"kind,omitempty\"`" + `
}

type ObjectMeta struct {
	Name   string            ` + "`json:\"name,omitempty\" protobuf:\"bytes,1,opt,name=name\"`" + `
	Labels map[string]string ` + "`json:\"labels,omitempty\" protobuf:\"bytes,11,rep,name=labels\"`" + `
}

type Time struct{}
`

const thingSource = `package v1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

const GroupName = "things.example.org"

type Blob map[Word][]byte

type Word string

// +enum
type Phase string

const (
	PhaseOpen  Phase = "Open"
	PhaseShut        = Phase(shut)
	PhaseAgain Phase = "Open"

	shut = "Shut"
)

// +genclient
// +genclient:nonNamespaced
// +genclient:skipVerbs=deleteCollection
// +genclient:method=Reopen,verb=update,subresource=door,input=Door

// A sentence that goes nowhere.
type Thing struct {
	metav1.TypeMeta   ` + "`json:\"\"`" + `
	metav1.ObjectMeta ` + "`json:\"metadata,omitempty\" protobuf:\"bytes,1,opt,name=metadata\"`" + `
	Body ` + "`json:\",inline\" protobuf:\"bytes,2,opt,name=body\"`" + `
	// +listType=map
	// +listMapKey=name
	Doors []Door ` + "`json:\"doors\" patchStrategy:\"merge\" patchMergeKey:\"name\" protobuf:\"bytes,3,rep,name=doors\"`" + `
	Status string ` + "`json:\"status,omitempty,omitzero\"`" + `
	hidden int
}

type Body struct {
	Phase  *Phase       ` + "`json:\"phase\" protobuf:\"bytes,7,opt,name=phase\"`" + `
	Since  *metav1.Time ` + "`json:\"since,omitempty\"`" + `
	Secret Blob         ` + "`json:\"secretData,omitempty\"`" + `
}

type Door struct {
	metav1.TypeMeta
	Name string ` + "`json:\"name\"`" + `
	Lock Untagged ` + "`json:\"lock\"`" + `
}

type Untagged struct{ Turns int32 }

type ThingList struct {
	metav1.TypeMeta
	Items []Thing ` + "`json:\"items\"`" + `
}
`

// writeModule lays out one package as the unpacked module would be.
func writeModule(t *testing.T, modulePath, version, inner, text string) goModule {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, inner), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, inner, "types.go"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return goModule{Path: modulePath, Version: version, Dir: dir}
}

func exampleModules(t *testing.T) []goModule {
	t.Helper()
	return []goModule{
		writeModule(t, apiModule, "v0.2.0", "things/v1", thingSource),
		writeModule(t, "k8s.io/apimachinery", "v0.2.0", "pkg/apis/meta/v1", metaSource),
	}
}

func emptyTables() *tables {
	return &tables{
		secrets: &secretTable{verdicts: map[string]bool{}, used: map[string]bool{}}, used: map[string]bool{},
	}
}

// exampleAssembly builds the two modules of the example, and nothing else.
func exampleAssembly(t *testing.T, legacy ...goModule) *assembly {
	t.Helper()
	current := exampleModules(t)
	result := &assembly{catalogs: newCatalogs(current, legacy), tables: emptyTables(), builders: map[string]*builder{}}
	for _, packagePath := range []string{apiModule + "/things/v1", "k8s.io/apimachinery/pkg/apis/meta/v1"} {
		if _, err := result.addModule(result.catalogs.current, packagePath); err != nil {
			t.Fatal(err)
		}
	}
	return result
}

func completed(t *testing.T, one *assembly) *moduleShape {
	t.Helper()
	if err := one.complete(); err != nil {
		t.Fatal(err)
	}
	if err := one.completeWords(); err != nil {
		t.Fatal(err)
	}
	return one.builders["things_v1"].shape
}
