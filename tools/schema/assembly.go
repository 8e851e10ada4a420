package main

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// otherPackages are the API packages outside k8s.io/api.
var otherPackages = []string{
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1",
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1beta1",
	"k8s.io/apimachinery/pkg/apis/meta/v1",
	"k8s.io/kube-aggregator/pkg/apis/apiregistration/v1",
	"k8s.io/kube-aggregator/pkg/apis/apiregistration/v1beta1",
}

// assembly is the whole schema while it is being built, by module name.
type assembly struct {
	catalogs *catalogs
	tables   *tables
	builders map[string]*builder
}

// assemble builds every module of the schema.
func assemble(catalogs *catalogs, tables *tables, legacy legacyTable) (*assembly, error) {
	result := &assembly{catalogs: catalogs, tables: tables, builders: map[string]*builder{}}
	packages, err := apiPackages(catalogs.current)
	if err != nil {
		return nil, err
	}
	for _, packagePath := range append(packages, otherPackages...) {
		if _, err := result.addModule(catalogs.current, packagePath); err != nil {
			return nil, err
		}
	}
	if err := result.addDropped(legacy); err != nil {
		return nil, err
	}
	if err := result.complete(); err != nil {
		return nil, err
	}
	if err := result.completeWords(); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(result.builders)) {
		if err := result.builders[name].finish(); err != nil {
			return nil, err
		}
	}
	if err := result.check(); err != nil {
		return nil, err
	}
	return result, nil
}

// apiPackages lists every group/version package of k8s.io/api.
func apiPackages(c *catalog) ([]string, error) {
	module, err := c.moduleOf(apiModule + "/core/v1")
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(os.DirFS(module.Dir), "*/v*/types.go")
	if err != nil {
		return nil, err
	}
	var packages []string
	for _, name := range names {
		packages = append(packages, path.Join(apiModule, filepath.ToSlash(path.Dir(name))))
	}
	return packages, nil
}

func (a *assembly) addModule(source *catalog, packagePath string) (*builder, error) {
	made, err := newBuilder(source, packagePath, a.tables)
	if err != nil {
		return nil, err
	}
	a.builders[made.shape.Module] = made
	return made, made.addPackage(source)
}

// complete adds the types that others refer to and that no package walk has added: types of dropped
// kinds that went with them, and structs without any JSON tag.
func (a *assembly) complete() error {
	for {
		missing := a.missing()
		if len(missing) == 0 {
			return nil
		}
		for _, ref := range slices.Sorted(maps.Keys(missing)) {
			module, name, _ := strings.Cut(ref, ".")
			target := a.builders[module]
			if target == nil {
				return fmt.Errorf("%s is in no module of the schema", ref)
			}
			pkg, err := missing[ref].load(target.shape.Source.Package)
			if err != nil {
				return err
			}
			if err := target.addType(missing[ref], pkg, name, true); err != nil {
				return err
			}
			if _, added := target.shape.Types[name]; !added {
				return fmt.Errorf("%s could not be added", ref)
			}
		}
	}
}

// completeWords hands each module the values of its string types that only other modules use.
func (a *assembly) completeWords() error {
	for _, name := range slices.Sorted(maps.Keys(a.builders)) {
		for _, one := range a.builders[name].foreign {
			if owner := a.builders[moduleName(one.pkg.path)]; owner != nil && one.pkg.hasGroup {
				if err := owner.addWords(a.catalogs.current, []named{one}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// missing gives the types that are referred to but not there, with the catalog of who refers.
func (a *assembly) missing() map[string]*catalog {
	result := map[string]*catalog{}
	for _, builder := range a.builders {
		for _, one := range builder.shape.Types {
			for _, field := range one.Fields {
				ref := refIn(field.Type)
				if ref != "" && !a.hasType(ref) {
					result[ref] = a.catalogs.of(builder.shape, one.GoVersion)
				}
			}
		}
	}
	return result
}

func refIn(shape typeShape) string {
	for shape.Of != nil {
		shape = *shape.Of
	}
	return shape.Name
}

func (a *assembly) hasType(ref string) bool {
	module, name, _ := strings.Cut(ref, ".")
	if a.builders[module] == nil {
		return false
	}
	_, found := a.builders[module].shape.Types[name]
	return found
}

// check makes sure that the finished schema refers to nothing that it does not have, and that the
// reviewed tables are neither incomplete nor out of date.
func (a *assembly) check() error {
	var wrong []string
	for name, builder := range a.builders {
		for _, resource := range builder.shape.Resources {
			refs := []string{name + "." + resource.Kind, resource.Response}
			for _, sub := range resource.Subresources {
				refs = append(append(refs, sub.Request, sub.Response, sub.Options), sub.RequestsAlso...)
			}
			for _, ref := range refs {
				if ref != "" && !a.hasType(ref) {
					wrong = append(wrong, fmt.Sprintf("%s %s refers to %s, which is not there", name, resource.Plural, ref))
				}
			}
		}
		wrong = append(wrong, a.wrongEnums(builder.shape)...)
	}
	for _, entry := range a.tables.unused() {
		wrong = append(wrong, entry+" is in the table and not in the sources")
	}
	for _, field := range a.tables.secrets.open {
		wrong = append(wrong, "secrets.yaml has no verdict on "+field)
	}
	if len(wrong) > 0 {
		slices.Sort(wrong)
		return fmt.Errorf("the schema is not consistent:\n  %s", strings.Join(wrong, "\n  "))
	}
	return nil
}

func (a *assembly) wrongEnums(module *moduleShape) (wrong []string) {
	for typeName, one := range module.Types {
		for _, field := range one.Fields {
			for ref, open := range map[string]bool{field.Enum: false, field.OpenEnum: true} {
				owner, name, _ := strings.Cut(ref, ".")
				if ref == "" {
					continue
				}
				values := a.builders[owner].shape.Enums
				if open {
					values = a.builders[owner].shape.OpenEnums
				}
				if len(values[name]) == 0 {
					wrong = append(wrong, fmt.Sprintf("%s.%s has values %s, which are not there", module.Module, typeName, ref))
				}
			}
		}
	}
	return wrong
}
