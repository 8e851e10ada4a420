package main

import (
	"fmt"
	"go/ast"
	"slices"
)

const typeMeta = "k8s.io/apimachinery/pkg/apis/meta/v1.TypeMeta"

// structFields is one struct as it stands on the wire: embedded structs are flattened.
type structFields struct {
	fields []fieldShape
	isKind bool
	tagged bool
	words  []named
}

// fieldsOf reads the fields of a declared struct type.
func (c *catalog) fieldsOf(one named) (*structFields, error) {
	body, at, err := c.structOf(one)
	if err != nil || body == nil {
		return nil, err
	}
	result := &structFields{fields: []fieldShape{}}
	if err := c.flatten(result, at, body, nil); err != nil {
		return nil, fmt.Errorf("%s: %w", one.id(), err)
	}
	return result, nil
}

func (c *catalog) flatten(result *structFields, at site, body *ast.StructType, protoIn []int) error {
	for _, one := range body.Fields.List {
		tag, err := readTag(one.Tag)
		if err != nil {
			return err
		}
		result.tagged = result.tagged || (tag.present && !tag.skip)
		if tag.skip {
			continue
		}
		if len(one.Names) == 0 && tag.name == "" {
			if err := c.flattenEmbedded(result, at, one.Type, tag, protoIn); err != nil {
				return err
			}
			continue
		}
		for _, name := range fieldNames(one) {
			if !ast.IsExported(name) {
				continue
			}
			if err := c.addField(result, at, one, name, tag, protoIn); err != nil {
				return fmt.Errorf("field %s: %w", name, err)
			}
		}
	}
	return nil
}

func (c *catalog) flattenEmbedded(
	result *structFields, at site, expr ast.Expr, tag fieldTag, protoIn []int,
) error {
	found, ok, err := c.lookup(at, expr)
	if err != nil || !ok {
		return fmt.Errorf("embedded field cannot be read: %w", err)
	}
	if found.id() == typeMeta {
		result.isKind = true
		return nil
	}
	body, inner, err := c.structOf(found)
	if err != nil || body == nil {
		return fmt.Errorf("embedded %s is not a struct: %w", found.id(), err)
	}
	if tag.proto != 0 {
		protoIn = append(slices.Clone(protoIn), tag.proto)
	}
	return c.flatten(result, inner, body, protoIn)
}

// fieldNames gives the Go names of a field; that of an embedded one is the name of its type.
func fieldNames(one *ast.Field) []string {
	if len(one.Names) == 0 {
		switch embedded := one.Type.(type) {
		case *ast.SelectorExpr:
			return []string{embedded.Sel.Name}
		case *ast.Ident:
			return []string{embedded.Name}
		}
	}
	var names []string
	for _, name := range one.Names {
		names = append(names, name.Name)
	}
	return names
}

func (c *catalog) addField(
	result *structFields, at site, one *ast.Field, name string, tag fieldTag, protoIn []int,
) error {
	fieldType, err := c.resolve(at, one.Type)
	if err != nil {
		return err
	}
	wire := tag.name
	if wire == "" {
		wire = name
	}
	for _, earlier := range result.fields {
		if earlier.Wire == wire {
			return fmt.Errorf("wire name %s is given twice", wire)
		}
	}
	found := markers{}
	found.read(one.Doc)
	field := fieldShape{
		Go: name, Wire: wire, Type: fieldType.shape,
		OmitEmpty: tag.omitEmpty, OmitZero: tag.omitZero,
		ListType: found.first("listType", "k8s:listType"), ListMapKeys: found.all("listMapKey", "k8s:listMapKey"),
		MapType: found.first("mapType"), StructType: found.first("structType"),
		PatchStrategy: tag.patchStrategy, PatchMergeKey: tag.patchMergeKey,
		Proto: tag.proto, ProtoIn: protoIn,
	}
	if field.ListType != "map" {
		field.ListMapKeys = nil
	}
	if fieldType.words != nil && fieldType.words.pkg.hasGroup {
		result.words = append(result.words, *fieldType.words)
		if fieldType.words.closed() {
			field.Enum = fieldType.words.ref()
		} else {
			field.OpenEnum = fieldType.words.ref()
		}
	}
	result.fields = append(result.fields, field)
	return nil
}
