package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
)

// closed says whether the constants of a string type are all the values that it may have.
func (n named) closed() bool { return n.decl.markers.has("enum") || n.decl.markers.has("k8s:enum") }

// hasWords says whether the package of a string type declares values of it.
func (n named) hasWords() bool {
	return slices.ContainsFunc(n.pkg.constants, func(one constant) bool { return n.declares(one) })
}

func (n named) declares(one constant) bool {
	return one.typeName == n.decl.name && ast.IsExported(one.name)
}

// wordsOf lists the values of a string type, in the order of their declaration, each once.
func (c *catalog) wordsOf(one named) ([]string, error) {
	var values []string
	for _, candidate := range one.pkg.constants {
		if !one.declares(candidate) {
			continue
		}
		value, err := c.text(site{one.pkg, candidate.file}, candidate.value)
		if err != nil {
			return nil, fmt.Errorf("constant %s of %s: %w", candidate.name, one.pkg.path, err)
		}
		if !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	return values, nil
}

// text gives the value of a constant string expression: a literal, or the name of another constant.
func (c *catalog) text(at site, expr ast.Expr) (string, error) {
	switch one := expr.(type) {
	case *ast.BasicLit:
		if one.Kind == token.STRING {
			return unquoted(one), nil
		}
	case *ast.Ident:
		return c.constantText(at.pkg, one.Name)
	case *ast.SelectorExpr:
		packagePath, err := importPath(at.file, one.X.(*ast.Ident).Name)
		if err != nil {
			return "", err
		}
		pkg, err := c.load(packagePath)
		if err != nil {
			return "", err
		}
		return c.constantText(pkg, one.Sel.Name)
	}
	return "", fmt.Errorf("%T is not understood as a text", expr)
}

func (c *catalog) constantText(pkg *goPackage, name string) (string, error) {
	for _, one := range pkg.constants {
		if one.name == name {
			return c.text(site{pkg, one.file}, one.value)
		}
	}
	return "", fmt.Errorf("%s has no constant %s", pkg.path, name)
}
