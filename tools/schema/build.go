package main

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// builder assembles one module of the schema from one or more versions of its package.
type builder struct {
	shape   *moduleShape
	tables  *tables
	foreign []named
}

func newBuilder(c *catalog, packagePath string, tables *tables) (*builder, error) {
	pkg, err := c.load(packagePath)
	if err != nil {
		return nil, err
	}
	if !pkg.hasGroup {
		return nil, fmt.Errorf("package %s does not say its API group", packagePath)
	}
	module, err := c.moduleOf(packagePath)
	if err != nil {
		return nil, err
	}
	return &builder{tables: tables, shape: &moduleShape{
		Aliases: map[string]string{}, Enums: map[string][]string{}, Group: pkg.group,
		Kinds: map[string]kindShape{}, Module: moduleName(packagePath), OpenEnums: map[string][]string{},
		Resources: []resourceShape{}, Types: map[string]structShape{}, Version: path.Base(packagePath),
		Source: sourceShape{GoModule: module.Path, GoVersion: module.Version, Package: packagePath},
	}}, nil
}

// addPackage adds every type of the package that has a form on the wire.
func (b *builder) addPackage(c *catalog) error {
	pkg, err := c.load(b.shape.Source.Package)
	if err != nil {
		return err
	}
	for _, name := range pkg.order {
		if err := b.addType(c, pkg, name, false); err != nil {
			return err
		}
	}
	return nil
}

// addType adds one type, unless the module has it already; wanted ones are added even when no
// field of theirs has a JSON tag.
func (b *builder) addType(c *catalog, pkg *goPackage, name string, wanted bool) error {
	one := named{pkg, pkg.types[name]}
	if one.decl == nil {
		return fmt.Errorf("package %s has no type %s", pkg.path, name)
	}
	if _, exists := b.shape.Types[name]; exists || wireTypes[one.id()] != "" || one.id() == typeMeta {
		return nil
	}
	if one.decl.alias {
		return b.addAlias(c, one)
	}
	found, err := c.fieldsOf(one)
	if err != nil {
		return err
	}
	if found == nil || !(found.tagged || wanted) || !isExported(name) {
		return nil
	}
	version := b.otherVersion(c)
	b.shape.Types[name] = structShape{Fields: found.fields, GoVersion: version}
	if err := b.addWords(c, found.words); err != nil {
		return err
	}
	if found.isKind {
		b.shape.Kinds[name] = b.kindOf(name, found.fields)
	}
	return b.addResource(c, one, found, version)
}

// otherVersion names the module version that c reads when it is not that of the whole module.
func (b *builder) otherVersion(c *catalog) string {
	for _, one := range c.modules {
		if one.Path == b.shape.Source.GoModule && one.Version != b.shape.Source.GoVersion {
			return one.Version
		}
	}
	return ""
}

func (b *builder) addAlias(c *catalog, one named) error {
	target, ok, err := c.lookup(one.site(), one.decl.expr)
	if err != nil || !ok {
		return err
	}
	body, _, err := c.structOf(target)
	if err == nil && body != nil {
		b.shape.Aliases[one.decl.name] = target.ref()
	}
	return err
}

// addWords notes the values of the string types that are declared in this module's own package;
// those of others wait in foreign until every module is there.
func (b *builder) addWords(c *catalog, words []named) error {
	for _, one := range words {
		if one.pkg.path != b.shape.Source.Package {
			b.foreign = append(b.foreign, one)
			continue
		}
		target := b.shape.OpenEnums
		if one.closed() {
			target = b.shape.Enums
		}
		if _, exists := target[one.decl.name]; exists {
			continue
		}
		values, err := c.wordsOf(one)
		if err != nil {
			return err
		}
		target[one.decl.name] = values
	}
	return nil
}

func (b *builder) kindOf(name string, fields []fieldShape) kindShape {
	kind := kindShape{Type: name, APIVersion: b.tables.apiVersions[b.shape.Module+"."+name]}
	if !strings.HasSuffix(name, "List") {
		return kind
	}
	for _, field := range fields {
		if field.Wire == "items" && field.Type.Of != nil && field.Type.Of.K == "ref" {
			kind.Item = field.Type.Of.Name
		}
	}
	return kind
}

// finish adds what the tables say and puts everything in order.
func (b *builder) finish() error {
	if err := b.tables.amend(b.shape); err != nil {
		return err
	}
	slices.SortFunc(b.shape.Resources, func(one, other resourceShape) int {
		return strings.Compare(one.Plural, other.Plural)
	})
	for index := range b.shape.Resources {
		slices.SortFunc(b.shape.Resources[index].Subresources, func(one, other subresourceShape) int {
			return strings.Compare(one.Name, other.Name)
		})
	}
	return nil
}

func isExported(name string) bool { return name[0] >= 'A' && name[0] <= 'Z' }
