package main

import (
	"bytes"
	"encoding/json"
	"reflect"
	"sort"

	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/client-go/util/jsonpath"
)

type jsonPathCase struct {
	Template string          `json:"template"`
	Data     json.RawMessage `json:"data"`
	Missing  bool            `json:"missing"`
	Sorted   bool            `json:"sorted"`
}

// runJSONPath evaluates a template on a JSON value: the text, the text as JSON, and each result by itself. Where the
// template visits the members of a map, which Go does in random order, the results are sorted and the texts left out;
// a case whose sorted results depend on the order too is found by many runs.
func runJSONPath(input []byte) any {
	in := read[jsonPathCase](input)
	result := evaluateJSONPath(in)
	for run := 0; in.Sorted && run < 200; run++ {
		if !reflect.DeepEqual(result, evaluateJSONPath(in)) {
			return object{"unstable": true}
		}
	}
	return result
}

func evaluateJSONPath(in jsonPathCase) any {
	var data any
	// Integers stay integers, as in an Unstructured, which kubectl evaluates.
	must(utiljson.Unmarshal(in.Data, &data))
	parse := func() (*jsonpath.JSONPath, error) {
		// A template is parsed for each evaluation, because a range leaves its state behind.
		path := jsonpath.New("golden").AllowMissingKeys(in.Missing)
		return path, path.Parse(in.Template)
	}
	path, err := parse()
	if err != nil {
		return refused
	}
	found, err := path.FindResults(data)
	if err != nil {
		return refused
	}
	results := make([][]string, 0, len(found))
	all := []string{}
	for _, values := range found {
		texts := []string{}
		for _, value := range values {
			var text bytes.Buffer
			if err := path.PrintResults(&text, []reflect.Value{value}); err != nil {
				return refused
			}
			texts = append(texts, text.String())
		}
		results, all = append(results, texts), append(all, texts...)
	}
	if in.Sorted {
		sort.Strings(all)
		return object{"sorted": all}
	}
	var text, asJSON bytes.Buffer
	path, _ = parse()
	if err := path.Execute(&text, data); err != nil {
		return refused
	}
	path, _ = parse()
	path.EnableJSONOutput(true)
	if err := path.Execute(&asJSON, data); err != nil {
		return refused
	}
	return object{"text": text.String(), "json": asJSON.String(), "results": results}
}
