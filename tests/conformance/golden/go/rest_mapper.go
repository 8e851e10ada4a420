package main

import (
	"sort"
	"strings"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/restmapper"
)

type restMapperCase struct {
	Groups []struct {
		Name      string `json:"name"`
		Preferred string `json:"preferred"`
		Versions  []struct {
			Version   string `json:"version"`
			Resources []struct {
				Name       string   `json:"name"`
				Singular   string   `json:"singular"`
				Kind       string   `json:"kind"`
				Short      []string `json:"short"`
				Namespaced bool     `json:"namespaced"`
			} `json:"resources"`
		} `json:"versions"`
	} `json:"groups"`
	Text     *string  `json:"text"`
	Partial  []string `json:"partial"`
	Kind     []string `json:"kind"`
	Versions []string `json:"versions"`
}

// served is discovery of which everything is known.
type served struct {
	discovery.DiscoveryInterface
	groups []*metav1.APIGroup
	lists  []*metav1.APIResourceList
}

func (s *served) ServerGroupsAndResources() ([]*metav1.APIGroup, []*metav1.APIResourceList, error) {
	return s.groups, s.lists, nil
}

// runRESTMapper asks kubectl's mapper what a text, a partial resource or a kind means.
func runRESTMapper(input []byte) any {
	in := read[restMapperCase](input)
	server := &served{}
	for _, group := range in.Groups {
		known := &metav1.APIGroup{Name: group.Name, PreferredVersion: metav1.GroupVersionForDiscovery{Version: group.Preferred}}
		for _, version := range group.Versions {
			name := schema.GroupVersion{Group: group.Name, Version: version.Version}.String()
			list := &metav1.APIResourceList{GroupVersion: name}
			for _, each := range version.Resources {
				list.APIResources = append(list.APIResources, metav1.APIResource{
					Name: each.Name, SingularName: each.Singular, Kind: each.Kind, ShortNames: each.Short,
					Namespaced: each.Namespaced,
				})
			}
			known.Versions = append(known.Versions, metav1.GroupVersionForDiscovery{GroupVersion: name, Version: version.Version})
			server.lists = append(server.lists, list)
		}
		server.groups = append(server.groups, known)
	}
	resources, err := restmapper.GetAPIGroupResources(server)
	must(err)
	others := []string{}
	mapper := restmapper.NewShortcutExpander(restmapper.NewDiscoveryRESTMapper(resources), server, func(warning string) {
		words := strings.Fields(warning)
		others = append(others, words[len(words)-1])
	})
	switch {
	case in.Text != nil:
		mapping, err := kubectlMapping(mapper, *in.Text)
		return object{"mapping": mappingOr(mapping, err)}
	case in.Kind != nil:
		kind := schema.GroupKind{Group: in.Kind[0], Kind: in.Kind[1]}
		mapping, err := mapper.RESTMapping(kind, in.Versions...)
		result := object{"mapping": mappingOr(mapping, err)}
		mappings, err := mapper.RESTMappings(kind, in.Versions...)
		all := []string{}
		for _, each := range mappings {
			all = append(all, mappingOr(each, err))
		}
		sort.Strings(all)
		result["mappings"] = all
		return result
	}
	partial := schema.GroupVersionResource{Group: in.Partial[0], Version: in.Partial[1], Resource: in.Partial[2]}
	resource, err := mapper.ResourceFor(partial)
	result := object{"resource": textOr(resource.String(), err), "others": others}
	others = []string{}
	kind, err := mapper.KindFor(partial)
	result["kind"] = textOr(kind.String(), err)
	all, _ := mapper.ResourcesFor(partial)
	texts := []string{}
	for _, each := range all {
		texts = append(texts, each.String())
	}
	sort.Strings(texts)
	result["resources"] = texts
	kinds, _ := mapper.KindsFor(partial)
	texts = []string{}
	for _, each := range kinds {
		texts = append(texts, each.String())
	}
	sort.Strings(texts)
	result["kinds"] = texts
	return result
}

// kubectlMapping does what the builder of kubectl does with the argument of a command: a resource first, then a kind.
func kubectlMapping(mapper apimeta.RESTMapper, text string) (*apimeta.RESTMapping, error) {
	versioned, plain := schema.ParseResourceArg(text)
	kind := schema.GroupVersionKind{}
	if versioned != nil {
		kind, _ = mapper.KindFor(*versioned)
	}
	if kind.Empty() {
		kind, _ = mapper.KindFor(plain.WithVersion(""))
	}
	if !kind.Empty() {
		return mapper.RESTMapping(kind.GroupKind(), kind.Version)
	}
	versionedKind, plainKind := schema.ParseKindArg(text)
	if versionedKind != nil {
		if mapping, err := mapper.RESTMapping(versionedKind.GroupKind(), versionedKind.Version); err == nil {
			return mapping, nil
		}
	}
	return mapper.RESTMapping(plainKind)
}

func mappingOr(mapping *apimeta.RESTMapping, err error) string {
	if err != nil {
		return textOr("", err)
	}
	return mapping.Resource.String() + " " + string(mapping.Scope.Name())
}

func textOr(text string, err error) string {
	switch {
	case err == nil:
		return text
	case apimeta.IsNoMatchError(err):
		return "none"
	case apimeta.IsAmbiguousError(err):
		return "ambiguous"
	default:
		return "error"
	}
}
