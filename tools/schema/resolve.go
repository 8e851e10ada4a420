package main

import (
	"fmt"
	"go/ast"
)

// wireTypes are the declared types whose JSON form is not that of their Go fields.
var wireTypes = map[string]string{
	"k8s.io/apimachinery/pkg/apis/meta/v1.Time":                                                  "time",
	"k8s.io/apimachinery/pkg/apis/meta/v1.MicroTime":                                             "microtime",
	"k8s.io/apimachinery/pkg/apis/meta/v1.Duration":                                              "duration",
	"k8s.io/apimachinery/pkg/apis/meta/v1.FieldsV1":                                              "fields_v1",
	"k8s.io/apimachinery/pkg/api/resource.Quantity":                                              "quantity",
	"k8s.io/apimachinery/pkg/util/intstr.IntOrString":                                            "int_or_string",
	"k8s.io/apimachinery/pkg/runtime.RawExtension":                                               "raw",
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSON":                              "any",
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1beta1.JSON":                         "any",
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrArray":            "any",
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1beta1.JSONSchemaPropsOrArray":       "any",
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrBool":             "any",
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1beta1.JSONSchemaPropsOrBool":        "any",
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrStringArray":      "any",
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1beta1.JSONSchemaPropsOrStringArray": "any",
}

var goTypes = map[string]string{
	"string": "string", "bool": "bool", "float32": "float", "float64": "float", "any": "any",
	"int": "int", "int8": "int", "int16": "int", "int32": "int", "int64": "int",
	"uint": "int", "uint16": "int", "uint32": "int", "uint64": "int",
}

// resolved is a type of the schema with the declared string type at its end, if it ends in one
// that has constants.
type resolved struct {
	shape typeShape
	words *named
}

func (r resolved) wrap(kind string) resolved {
	inner := r.shape
	return resolved{typeShape{K: kind, Of: &inner}, r.words}
}

// resolve turns a Go type expression into a type of the schema.
func (c *catalog) resolve(at site, expr ast.Expr) (resolved, error) {
	switch one := expr.(type) {
	case *ast.StarExpr:
		inner, err := c.resolve(at, one.X)
		return inner.wrap("ptr"), err
	case *ast.ArrayType:
		if element, ok := one.Elt.(*ast.Ident); ok && (element.Name == "byte" || element.Name == "uint8") {
			return resolved{shape: typeShape{K: "bytes"}}, nil
		}
		inner, err := c.resolve(at, one.Elt)
		return inner.wrap("list"), err
	case *ast.MapType:
		return c.resolveMap(at, one)
	case *ast.InterfaceType:
		return resolved{shape: typeShape{K: "any"}}, nil
	case *ast.Ident, *ast.SelectorExpr:
		return c.resolveName(at, expr)
	}
	return resolved{}, fmt.Errorf("type expression %T has no form in the schema", expr)
}

func (c *catalog) resolveMap(at site, one *ast.MapType) (resolved, error) {
	key, err := c.resolve(at, one.Key)
	if err != nil {
		return resolved{}, err
	}
	if key.shape.K != "string" {
		return resolved{}, fmt.Errorf("a map's key is %s, not a string", key.shape.K)
	}
	inner, err := c.resolve(at, one.Value)
	return inner.wrap("map"), err
}

func (c *catalog) resolveName(at site, expr ast.Expr) (resolved, error) {
	found, ok, err := c.lookup(at, expr)
	if err != nil {
		return resolved{}, err
	}
	if !ok {
		identifier, isName := expr.(*ast.Ident)
		if !isName || goTypes[identifier.Name] == "" {
			return resolved{}, fmt.Errorf("unknown type %v in %s", expr, at.pkg.path)
		}
		return resolved{shape: typeShape{K: goTypes[identifier.Name]}}, nil
	}
	if kind := wireTypes[found.id()]; kind != "" {
		return resolved{shape: typeShape{K: kind}}, nil
	}
	body, _, err := c.structOf(found)
	if err != nil {
		return resolved{}, err
	}
	if body != nil {
		return resolved{shape: typeShape{K: "ref", Name: found.ref()}}, nil
	}
	inner, err := c.resolve(found.site(), found.decl.expr)
	if err == nil && inner.shape.K == "string" && found.hasWords() {
		inner.words = &found
	}
	return inner, err
}
