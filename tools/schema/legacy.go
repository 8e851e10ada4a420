package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

const apiModule = "k8s.io/api"

// legacyTable is legacy/kinds.yaml.
type legacyTable struct {
	Surveyed []string       `json:"surveyed"`
	Packages []string       `json:"packages"`
	Dropped  []droppedKinds `json:"dropped"`
}

type droppedKinds struct {
	Version string   `json:"version"`
	Package string   `json:"package"`
	Kinds   []string `json:"kinds"`
}

func readLegacyTable(toolDir string) (table legacyTable, err error) {
	err = readYAML(filepath.Join(toolDir, "legacy", "kinds.yaml"), &table)
	return table, err
}

// catalogs are the present modules and, by version of k8s.io/api, the earlier ones.
type catalogs struct {
	current   *catalog
	byVersion map[string]*catalog
}

// newCatalogs pairs each earlier k8s.io/api with the present apimachinery: of that, API types use
// nothing but names that have not changed.
func newCatalogs(current, legacy []goModule) *catalogs {
	result := &catalogs{current: newCatalog(current), byVersion: map[string]*catalog{}}
	for _, one := range legacy {
		modules := []goModule{one}
		for _, other := range current {
			if other.Path != apiModule {
				modules = append(modules, other)
			}
		}
		result.byVersion[one.Version] = newCatalog(modules)
	}
	return result
}

// of gives the catalog from which a type of a module was read.
func (c *catalogs) of(module *moduleShape, typeVersion string) *catalog {
	version := typeVersion
	if version == "" {
		version = module.Source.GoVersion
	}
	if found := c.byVersion[version]; found != nil && module.Source.GoModule == apiModule {
		return found
	}
	return c.current
}

// addDropped adds the kinds that the present version lacks. A group/version that is gone as a whole
// takes everything that its last version had.
func (a *assembly) addDropped(table legacyTable) error {
	for _, entry := range table.Dropped {
		source := a.catalogs.byVersion[entry.Version]
		if source == nil {
			return fmt.Errorf("kinds.yaml: legacy/go.mod does not have %s %s", apiModule, entry.Version)
		}
		packagePath := apiModule + "/" + entry.Package
		target := a.builders[moduleName(packagePath)]
		if target == nil {
			var err error
			if target, err = a.addModule(source, packagePath); err != nil {
				return err
			}
		}
		pkg, err := source.load(packagePath)
		if err != nil {
			return err
		}
		for _, kind := range entry.Kinds {
			if err := target.addType(source, pkg, kind, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// survey compares kinds.yaml with what the surveyed versions really had; it answers the differences.
func survey(current *catalog, table legacyTable) ([]string, error) {
	known, err := kindsOf(current, table.Packages)
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, version := range slices.Backward(table.Surveyed) {
		modules, err := download("", apiModule+"@"+version)
		if err != nil {
			return nil, err
		}
		kinds, err := kindsOf(&catalog{
			modules: append(modules, current.modules...), packages: map[string]*goPackage{},
		}, table.Packages)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", version, err)
		}
		for kind := range kinds {
			if _, later := found[kind]; !later && !known[kind] {
				found[kind] = version
			}
		}
	}
	return compare(found, table.Dropped), nil
}

func compare(found map[string]string, dropped []droppedKinds) []string {
	var differences []string
	listed := map[string]string{}
	for _, entry := range dropped {
		for _, kind := range entry.Kinds {
			listed[entry.Package+"."+kind] = entry.Version
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(found)) {
		if listed[kind] != found[kind] {
			differences = append(differences,
				fmt.Sprintf("%s was last in %s, kinds.yaml says %q", kind, found[kind], listed[kind]))
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(listed)) {
		if found[kind] == "" {
			differences = append(differences, fmt.Sprintf("%s is in kinds.yaml and was not dropped", kind))
		}
	}
	return differences
}

// kindsOf lists every type with TypeMeta in the packages that this version has.
func kindsOf(c *catalog, packages []string) (map[string]bool, error) {
	kinds := map[string]bool{}
	for _, name := range packages {
		pkg, err := c.load(apiModule + "/" + name)
		if err != nil && strings.Contains(err.Error(), "no Go files") {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, typeName := range pkg.order {
			one := named{pkg, pkg.types[typeName]}
			if one.decl.alias {
				continue
			}
			found, err := c.fieldsOf(one)
			if err != nil {
				return nil, err
			}
			if found != nil && found.isKind {
				kinds[name+"."+typeName] = true
			}
		}
	}
	return kinds, nil
}
