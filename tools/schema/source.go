package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

// typeDecl is one type declaration with the markers of the comments that belong to it.
type typeDecl struct {
	name    string
	expr    ast.Expr
	alias   bool
	file    *ast.File
	markers markers
}

// goPackage holds what the program needs of one package: its type declarations, its string
// constants by type, and its API group. Nothing is type-checked: API types refer to each other by
// plain names and imports only, so the syntax trees say everything, without any dependency.
type goPackage struct {
	path      string
	types     map[string]*typeDecl
	order     []string
	constants []constant
	group     string
	hasGroup  bool
}

// constant is one `Name Type = value` or `Name = Type(value)`; the value may be another constant.
type constant struct {
	name     string
	typeName string
	value    ast.Expr
	file     *ast.File
}

// readPackage parses the files of one package directory in the order of their names.
func readPackage(path, dir string) (*goPackage, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(names) == 0 {
		return nil, fmt.Errorf("no Go files for package %s in %s", path, dir)
	}
	sort.Strings(names)
	result := &goPackage{path: path, types: map[string]*typeDecl{}}
	files := token.NewFileSet()
	for _, name := range names {
		if skipFile(filepath.Base(name)) {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(files, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		result.add(files, file)
	}
	return result, nil
}

// skipFile says which files hold nothing but code generated from the types.
func skipFile(name string) bool {
	return strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, ".pb.go") ||
		strings.HasPrefix(name, "zz_generated") || strings.HasSuffix(name, "_swagger_doc_generated.go")
}

func (p *goPackage) add(files *token.FileSet, file *ast.File) {
	previousEnd := file.Name.End()
	for _, declaration := range file.Decls {
		general, ok := declaration.(*ast.GenDecl)
		if !ok {
			previousEnd = declaration.End()
			continue
		}
		switch general.Tok {
		case token.TYPE:
			p.addTypes(file, general, previousEnd)
		case token.CONST:
			p.addConstants(file, general)
		}
		previousEnd = general.End()
	}
}

func (p *goPackage) addTypes(file *ast.File, general *ast.GenDecl, previousEnd token.Pos) {
	for _, spec := range general.Specs {
		one := spec.(*ast.TypeSpec)
		found := markers{}
		for _, group := range file.Comments {
			if group.Pos() > previousEnd && group.End() <= one.Pos() {
				found.read(group)
			}
		}
		previousEnd = one.End()
		if _, exists := p.types[one.Name.Name]; !exists {
			p.order = append(p.order, one.Name.Name)
		}
		p.types[one.Name.Name] = &typeDecl{
			name: one.Name.Name, expr: one.Type, alias: one.Assign.IsValid(), file: file, markers: found,
		}
	}
}

func (p *goPackage) addConstants(file *ast.File, general *ast.GenDecl) {
	for _, spec := range general.Specs {
		one := spec.(*ast.ValueSpec)
		if len(one.Values) != 1 || len(one.Names) != 1 {
			continue
		}
		found := constant{name: one.Names[0].Name, value: one.Values[0], file: file}
		if declared, isName := one.Type.(*ast.Ident); isName {
			found.typeName = declared.Name
		}
		if call, isCall := found.value.(*ast.CallExpr); isCall && len(call.Args) == 1 {
			if converted, isName := call.Fun.(*ast.Ident); isName {
				found.typeName, found.value = converted.Name, call.Args[0]
			}
		}
		if literal, isLiteral := found.value.(*ast.BasicLit); isLiteral && found.name == "GroupName" {
			p.group, p.hasGroup = unquoted(literal), true
		}
		p.constants = append(p.constants, found)
	}
}

// unquoted gives the text of a string literal, "" of any other.
func unquoted(literal *ast.BasicLit) string {
	text, err := strconv.Unquote(literal.Value)
	if err != nil || literal.Kind != token.STRING {
		return ""
	}
	return text
}

// importPath resolves the name before the dot of a selector in one file.
func importPath(file *ast.File, name string) (string, error) {
	for _, one := range file.Imports {
		path, err := strconv.Unquote(one.Path.Value)
		if err != nil {
			return "", err
		}
		if one.Name != nil && one.Name.Name == name {
			return path, nil
		}
		if one.Name == nil && path[strings.LastIndex(path, "/")+1:] == name {
			return path, nil
		}
	}
	return "", fmt.Errorf("no import is called %q", name)
}
