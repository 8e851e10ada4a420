package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"sigs.k8s.io/yaml"
)

// tables are the reviewed files beside the program: what the Go sources do not say.
type tables struct {
	apiVersions map[string]string
	resources   map[string]map[string]resourceEntry
	secrets     *secretTable
	used        map[string]bool
}

type resourceEntry struct {
	Kind         string                      `json:"kind"`
	Namespaced   bool                        `json:"namespaced"`
	Response     string                      `json:"response"`
	Subresources map[string]subresourceShape `json:"subresources"`
	Verbs        []string                    `json:"verbs"`
	Without      []string                    `json:"without"`
}

func readTables(toolDir string) (*tables, error) {
	var file struct {
		APIVersions map[string]string                   `json:"api_versions"`
		Resources   map[string]map[string]resourceEntry `json:"resources"`
	}
	if err := readYAML(filepath.Join(toolDir, "resources.yaml"), &file); err != nil {
		return nil, err
	}
	secrets, err := readSecrets(filepath.Join(toolDir, "secrets.yaml"))
	if err != nil {
		return nil, err
	}
	return &tables{
		apiVersions: file.APIVersions, resources: file.Resources, secrets: secrets, used: map[string]bool{},
	}, nil
}

func readYAML(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := yaml.UnmarshalStrict(text, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// amend adds to one module what the tables say of it. An entry that says nothing new is an error,
// so that the tables do not outlive their reasons.
func (t *tables) amend(module *moduleShape) error {
	t.secrets.mark(module)
	t.used[module.Module] = true
	entries := t.resources[module.Module]
	for _, plural := range slices.Sorted(maps.Keys(entries)) {
		entry := entries[plural]
		index := slices.IndexFunc(module.Resources, func(r resourceShape) bool { return r.Plural == plural })
		if (index < 0) == (entry.Kind == "") {
			return fmt.Errorf("resources.yaml: %s %s: name the kind of a new resource, and only of one", module.Module, plural)
		}
		if index < 0 {
			index = len(module.Resources)
			module.Resources = append(module.Resources, resourceShape{
				Kind: entry.Kind, Plural: plural, Namespaced: entry.Namespaced, Subresources: []subresourceShape{},
			})
		}
		if err := entry.amend(&module.Resources[index]); err != nil {
			return fmt.Errorf("resources.yaml: %s %s: %w", module.Module, plural, err)
		}
	}
	return nil
}

func (e resourceEntry) amend(resource *resourceShape) (err error) {
	resource.Response = e.Response
	if resource.Verbs, err = unite(resource.Verbs, e.Verbs, clientVerbs); err != nil {
		return err
	}
	for _, verb := range e.Without {
		if !slices.Contains(resource.Verbs, verb) {
			return fmt.Errorf("the markers do not give the verb %s", verb)
		}
	}
	resource.Verbs = slices.DeleteFunc(resource.Verbs, func(verb string) bool { return slices.Contains(e.Without, verb) })
	resource.Apply = resource.Apply && slices.Contains(resource.Verbs, "patch")
	for _, name := range slices.Sorted(maps.Keys(e.Subresources)) {
		index := slices.IndexFunc(resource.Subresources, func(s subresourceShape) bool { return s.Name == name })
		if index < 0 {
			index = len(resource.Subresources)
			resource.Subresources = append(resource.Subresources, subresourceShape{Name: name})
		}
		if err := amendSubresource(&resource.Subresources[index], e.Subresources[name]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func amendSubresource(sub *subresourceShape, entry subresourceShape) (err error) {
	for _, pair := range []struct{ target, value *string }{
		{&sub.Request, &entry.Request}, {&sub.Response, &entry.Response}, {&sub.Options, &entry.Options},
	} {
		if *pair.value == "" {
			continue
		}
		if *pair.target != "" {
			return fmt.Errorf("the markers say %s already", *pair.target)
		}
		*pair.target = *pair.value
	}
	sub.RequestsAlso = append(sub.RequestsAlso, entry.RequestsAlso...)
	sub.Text = sub.Text || entry.Text
	sub.Upgrade = sub.Upgrade || entry.Upgrade
	sub.Verbs, err = unite(sub.Verbs, entry.Verbs, subresourceVerbs)
	return err
}

// unite adds verbs to those that are there and puts all in the usual order.
func unite(present, added, order []string) ([]string, error) {
	result := []string{}
	for _, verb := range added {
		if slices.Contains(present, verb) {
			return nil, fmt.Errorf("the markers give the verb %s already", verb)
		}
		if !slices.Contains(order, verb) {
			return nil, fmt.Errorf("unknown verb %s", verb)
		}
	}
	for _, verb := range order {
		if slices.Contains(present, verb) || slices.Contains(added, verb) {
			result = append(result, verb)
		}
	}
	return result, nil
}

// unused names the entries that no module of the schema has taken.
func (t *tables) unused() []string {
	var left []string
	for module := range t.resources {
		if !t.used[module] {
			left = append(left, "resources.yaml: "+module)
		}
	}
	left = append(left, t.secrets.unused()...)
	slices.Sort(left)
	return left
}
