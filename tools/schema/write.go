package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// render writes a module as JSON with one line per field, value and resource: small differences
// upstream are small differences here.
func render(module *moduleShape) ([]byte, error) {
	text, err := json.Marshal(module)
	if err != nil {
		return nil, err
	}
	var tree any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&tree); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := renderValue(&out, tree, "", ""); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// oneLine names the lists whose items stand on a line each, whole.
var oneLine = map[string]bool{"fields": true, "subresources": true}

func renderValue(out *bytes.Buffer, value any, indent, name string) error {
	deeper := indent + " "
	switch one := value.(type) {
	case map[string]any:
		if len(one) == 0 || isFlat(one) {
			return renderLine(out, one)
		}
		out.WriteString("{\n")
		for index, key := range slices.Sorted(maps.Keys(one)) {
			fmt.Fprintf(out, "%s%q: ", deeper, key)
			if err := renderValue(out, one[key], deeper, key); err != nil {
				return err
			}
			out.WriteString(separator(index, len(one)))
		}
		out.WriteString(indent + "}")
		return nil
	case []any:
		if len(one) == 0 || isText(one[0]) {
			return renderLine(out, one)
		}
		out.WriteString("[\n")
		for index, item := range one {
			out.WriteString(deeper)
			render := func() error { return renderValue(out, item, deeper, "") }
			if oneLine[name] {
				render = func() error { return renderLine(out, item) }
			}
			if err := render(); err != nil {
				return err
			}
			out.WriteString(separator(index, len(one)))
		}
		out.WriteString(indent + "]")
		return nil
	}
	return renderLine(out, value)
}

func isText(value any) bool {
	_, ok := value.(string)
	return ok
}

// isFlat says that an object holds plain values only.
func isFlat(value map[string]any) bool {
	for _, one := range value {
		switch one.(type) {
		case map[string]any, []any:
			return false
		}
	}
	return true
}

func separator(index, length int) string {
	if index == length-1 {
		return "\n"
	}
	return ",\n"
}

func renderLine(out *bytes.Buffer, value any) error {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	out.Write(bytes.TrimRight(line.Bytes(), "\n"))
	return nil
}

// sourcesShape is schema/SOURCES.json: what the schema was read from.
type sourcesShape struct {
	Files   map[string]string `json:"files"`
	Legacy  map[string]string `json:"legacy"`
	Modules map[string]string `json:"modules"`
	Tables  map[string]string `json:"tables"`
}

// sources records the module versions with their go.sum hashes, and the hashes of the tables and of
// the written files.
func sources(current, legacy []goModule, toolDir string, files map[string][]byte) ([]byte, error) {
	shape := sourcesShape{
		Files: map[string]string{}, Legacy: map[string]string{}, Modules: map[string]string{}, Tables: map[string]string{},
	}
	for _, one := range current {
		shape.Modules[one.Path+"@"+one.Version] = one.Sum
	}
	for _, one := range legacy {
		shape.Legacy[one.Path+"@"+one.Version] = one.Sum
	}
	for _, name := range []string{"resources.yaml", "secrets.yaml", "legacy/kinds.yaml"} {
		text, err := os.ReadFile(filepath.Join(toolDir, name))
		if err != nil {
			return nil, err
		}
		shape.Tables[name] = digest(text)
	}
	for name, text := range files {
		shape.Files[name] = digest(text)
	}
	text, err := json.MarshalIndent(shape, "", " ")
	return append(text, '\n'), err
}

func digest(text []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(text)) }

// writeAll puts the files into the directory and removes JSON files that are no longer made.
func writeAll(dir string, files map[string][]byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	present, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return err
	}
	for _, name := range present {
		if _, kept := files[filepath.Base(name)]; !kept {
			if err := os.Remove(name); err != nil {
				return err
			}
		}
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
