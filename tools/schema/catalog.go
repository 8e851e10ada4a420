package main

import (
	"fmt"
	"go/ast"
	"path"
	"strings"
)

// catalog finds packages in a set of modules and reads each of them once.
type catalog struct {
	modules  []goModule
	packages map[string]*goPackage
}

func newCatalog(modules []goModule) *catalog {
	return &catalog{modules: modules, packages: map[string]*goPackage{}}
}

// moduleOf gives the module that holds a package.
func (c *catalog) moduleOf(packagePath string) (goModule, error) {
	for _, one := range c.modules {
		if strings.HasPrefix(packagePath, one.Path+"/") {
			return one, nil
		}
	}
	return goModule{}, fmt.Errorf("no module holds package %s", packagePath)
}

func (c *catalog) load(packagePath string) (*goPackage, error) {
	if found := c.packages[packagePath]; found != nil {
		return found, nil
	}
	module, err := c.moduleOf(packagePath)
	if err != nil {
		return nil, err
	}
	found, err := readPackage(packagePath, path.Join(module.Dir, strings.TrimPrefix(packagePath, module.Path)))
	if err != nil {
		return nil, err
	}
	c.packages[packagePath] = found
	return found, nil
}

// site is a place in the source: names in an expression mean what they mean there.
type site struct {
	pkg  *goPackage
	file *ast.File
}

// named is a declared type and the package that declares it.
type named struct {
	pkg  *goPackage
	decl *typeDecl
}

func (n named) site() site { return site{n.pkg, n.decl.file} }

func (n named) id() string { return n.pkg.path + "." + n.decl.name }

// ref is the name of the type in the schema, such as core_v1.Pod.
func (n named) ref() string { return moduleName(n.pkg.path) + "." + n.decl.name }

// moduleName makes core_v1 of k8s.io/api/core/v1.
func moduleName(packagePath string) string {
	return path.Base(path.Dir(packagePath)) + "_" + path.Base(packagePath)
}

// lookup finds the declaration that an identifier or a selector names, following aliases;
// ok is false for Go's own types.
func (c *catalog) lookup(at site, expr ast.Expr) (found named, ok bool, err error) {
	switch one := expr.(type) {
	case *ast.Ident:
		found = named{at.pkg, at.pkg.types[one.Name]}
		if found.decl == nil {
			return named{}, false, nil
		}
	case *ast.SelectorExpr:
		packagePath, err := importPath(at.file, one.X.(*ast.Ident).Name)
		if err != nil {
			return named{}, false, err
		}
		pkg, err := c.load(packagePath)
		if err != nil {
			return named{}, false, err
		}
		found = named{pkg, pkg.types[one.Sel.Name]}
		if found.decl == nil {
			return named{}, false, fmt.Errorf("%s has no type %s", packagePath, one.Sel.Name)
		}
	default:
		return named{}, false, nil
	}
	if found.decl.alias {
		return c.lookup(found.site(), found.decl.expr)
	}
	return found, true, nil
}

// structOf gives the struct that a declared type is, directly or by way of another declared type
// (`type List metav1.List`), and the place where its fields are written.
func (c *catalog) structOf(one named) (*ast.StructType, site, error) {
	if body, ok := one.decl.expr.(*ast.StructType); ok {
		return body, one.site(), nil
	}
	next, ok, err := c.lookup(one.site(), one.decl.expr)
	if err != nil || !ok {
		return nil, site{}, err
	}
	return c.structOf(next)
}
