package main

import (
	"go/ast"
	"reflect"
	"strconv"
	"strings"
)

// markers are the `+name=value` lines of comments: every value of a name, in order.
type markers map[string][]string

func (m markers) read(group *ast.CommentGroup) {
	if group == nil {
		return
	}
	for _, comment := range group.List {
		for line := range strings.Lines(comment.Text) {
			line = strings.TrimSpace(strings.TrimLeft(line, "/* \t"))
			if !strings.HasPrefix(line, "+") || len(line) < 2 {
				continue
			}
			name, value, _ := strings.Cut(line[1:], "=")
			m[name] = append(m[name], value)
		}
	}
}

func (m markers) has(name string) bool { return len(m[name]) > 0 }

// all gives every value of the first of the names that is there at all.
func (m markers) all(names ...string) []string {
	for _, name := range names {
		if values := m[name]; len(values) > 0 {
			return values
		}
	}
	return nil
}

// first gives the first value of the first of the names that is there, "" when none is.
func (m markers) first(names ...string) string {
	if values := m.all(names...); len(values) > 0 {
		return values[0]
	}
	return ""
}

// fieldTag is what a struct tag says of one field.
type fieldTag struct {
	present       bool
	name          string
	skip          bool
	inline        bool
	omitEmpty     bool
	omitZero      bool
	patchStrategy string
	patchMergeKey string
	proto         int
}

func readTag(literal *ast.BasicLit) (fieldTag, error) {
	var result fieldTag
	if literal == nil {
		return result, nil
	}
	text, err := strconv.Unquote(literal.Value)
	if err != nil {
		return result, err
	}
	tag := reflect.StructTag(text)
	json, present := tag.Lookup("json")
	result.present = present
	parts := strings.Split(json, ",")
	result.name = parts[0]
	result.skip = json == "-"
	for _, option := range parts[1:] {
		switch option {
		case "inline":
			result.inline = true
		case "omitempty":
			result.omitEmpty = true
		case "omitzero":
			result.omitZero = true
		}
	}
	result.patchStrategy = tag.Get("patchStrategy")
	result.patchMergeKey = tag.Get("patchMergeKey")
	if parts := strings.Split(tag.Get("protobuf"), ","); len(parts) > 1 {
		result.proto, err = strconv.Atoi(parts[1])
	}
	return result, err
}
