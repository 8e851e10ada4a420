package main

import (
	"encoding/json"
	"errors"
	"io"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// runYAML reads YAML as JSON: one document, leniently and strictly, or all documents as kubectl reads them. The first
// document alone is what sigs.k8s.io/yaml always reads; we have a function for that and one for the only document.
func runYAML(input []byte) any {
	in := read[struct {
		Text  string `json:"text"`
		All   bool   `json:"all"`
		First bool   `json:"first"`
	}](input)
	if in.All {
		return documents(in.Text)
	}
	lenient, err := yaml.YAMLToJSON([]byte(in.Text))
	if err != nil {
		return refused
	}
	if in.First {
		return object{"json": json.RawMessage(lenient)}
	}
	_, err = yaml.YAMLToJSONStrict([]byte(in.Text))
	return object{"json": json.RawMessage(lenient), "strict": err == nil}
}

func documents(text string) any {
	decoder := utilyaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4096)
	found := []any{}
	for {
		var document any
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return object{"documents": found}
		}
		if err != nil {
			return refused
		}
		// kubectl leaves out empty documents.
		if document != nil {
			found = append(found, document)
		}
	}
}

// runPatches computes a merge patch from two documents, or applies one.
func runPatches(input []byte) any {
	in := read[struct {
		Before json.RawMessage `json:"before"`
		After  json.RawMessage `json:"after"`
		Patch  json.RawMessage `json:"patch"`
	}](input)
	var result []byte
	var err error
	if in.Patch != nil {
		result, err = jsonpatch.MergePatch(in.Before, in.Patch)
	} else {
		result, err = jsonpatch.CreateMergePatch(in.Before, in.After)
	}
	if err != nil {
		return refused
	}
	return json.RawMessage(result)
}
