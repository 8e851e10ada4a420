package main

import (
	"fmt"
	"slices"
	"strings"
)

// clientVerbs are the verbs of a generated client, in the order in which the schema lists them.
var clientVerbs = []string{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"}

// subresourceVerbs stand for methods on a subresource; apply is a patch with its own content type.
var subresourceVerbs = []string{"get", "list", "watch", "create", "update", "patch", "apply", "delete"}

// offered reads which verbs the +genclient markers leave.
func offered(found markers) func(verb string) bool {
	names := func(marker string) []string {
		if !found.has(marker) {
			return nil
		}
		return strings.Split(strings.ToLower(strings.Join(found[marker], ",")), ",")
	}
	only, skipped := names("genclient:onlyVerbs"), names("genclient:skipVerbs")
	return func(verb string) bool {
		if found.has("genclient:noVerbs") || slices.Contains(skipped, verb) {
			return false
		}
		return len(only) == 0 || slices.Contains(only, verb)
	}
}

// addResource adds the resource of a type that has a +genclient marker.
func (b *builder) addResource(c *catalog, one named, found *structFields, version string) error {
	marks := one.decl.markers
	if !marks.has("genclient") {
		return nil
	}
	allows := offered(marks)
	plural := marks.first("resourceName")
	if plural == "" {
		plural = pluralOf(one.decl.name)
	}
	resource := resourceShape{
		Kind: one.decl.name, Plural: plural, GoVersion: version, Namespaced: !marks.has("genclient:nonNamespaced"),
		Apply: allows("apply"), Subresources: []subresourceShape{}, Verbs: []string{},
	}
	for _, verb := range clientVerbs {
		if allows(verb) {
			resource.Verbs = append(resource.Verbs, verb)
		}
	}
	hasStatus := slices.ContainsFunc(found.fields, func(field fieldShape) bool { return field.Go == "Status" })
	resource.Status = hasStatus && !marks.has("genclient:noStatus") && allows("updatestatus")
	for _, method := range marks["genclient:method"] {
		if err := addMethod(c, one, &resource, method); err != nil {
			return err
		}
	}
	if len(resource.Verbs) > 0 || len(resource.Subresources) > 0 {
		b.shape.Resources = append(b.shape.Resources, resource)
	}
	return nil
}

// addMethod reads one +genclient:method=Name,verb=…,subresource=…,input=…,result=… marker.
func addMethod(c *catalog, one named, resource *resourceShape, method string) error {
	parts := map[string]string{}
	for _, part := range strings.Split(method, ",")[1:] {
		key, value, _ := strings.Cut(part, "=")
		parts[key] = value
	}
	name, verb := parts["subresource"], parts["verb"]
	if name == "" || !slices.Contains(subresourceVerbs, verb) {
		return fmt.Errorf("%s: method marker %q is not understood", one.id(), method)
	}
	index := slices.IndexFunc(resource.Subresources, func(s subresourceShape) bool { return s.Name == name })
	if index < 0 {
		index = len(resource.Subresources)
		resource.Subresources = append(resource.Subresources, subresourceShape{Name: name})
	}
	sub := &resource.Subresources[index]
	sub.Verbs = append(sub.Verbs, verb)
	if err := typeOfMethod(c, one, parts["result"], &sub.Response); err != nil {
		return err
	}
	if verb == "get" {
		return nil
	}
	return typeOfMethod(c, one, parts["input"], &sub.Request)
}

// typeOfMethod sets a request or response type; without one in the marker it is the kind itself.
func typeOfMethod(c *catalog, one named, text string, target *string) error {
	ref := one.ref()
	if dot := strings.LastIndex(text, "."); dot >= 0 {
		if _, err := c.load(text[:dot]); err != nil {
			return err
		}
		ref = moduleName(text[:dot]) + text[dot:]
	} else if text != "" {
		ref = moduleName(one.pkg.path) + "." + text
	}
	if *target != "" && *target != ref {
		return fmt.Errorf("%s: one subresource has two types, %s and %s", one.id(), *target, ref)
	}
	*target = ref
	return nil
}
