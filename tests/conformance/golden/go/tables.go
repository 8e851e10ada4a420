package main

import (
	"bytes"
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/cli-runtime/pkg/printers"
)

type tableCase struct {
	Pages         []json.RawMessage `json:"pages"`
	Wide          bool              `json:"wide"`
	NoHeaders     bool              `json:"noHeaders"`
	WithNamespace bool              `json:"withNamespace"`
	ShowLabels    bool              `json:"showLabels"`
	LabelColumns  []string          `json:"labelColumns"`
	Kind          string            `json:"kind"`
	Group         string            `json:"group"`
}

// runTables prints the pages of a table through one printer and one writer, as `kubectl get` does.
func runTables(input []byte) any {
	in := read[tableCase](input)
	options := printers.PrintOptions{
		NoHeaders:     in.NoHeaders,
		WithNamespace: in.WithNamespace,
		Wide:          in.Wide,
		ShowLabels:    in.ShowLabels,
		ColumnLabels:  in.LabelColumns,
		WithKind:      in.Kind != "",
		Kind:          schema.GroupKind{Group: in.Group, Kind: in.Kind},
	}
	printer := printers.NewTablePrinter(options)
	var text bytes.Buffer
	writer := printers.GetNewTabWriter(&text)
	for _, page := range in.Pages {
		var data map[string]any
		must(utiljson.Unmarshal(page, &data))
		table := &metav1.Table{}
		must(runtime.DefaultUnstructuredConverter.FromUnstructured(data, table))
		for i := range table.Rows {
			row := &table.Rows[i]
			if row.Object.Raw == nil {
				continue
			}
			converted, err := runtime.Decode(unstructured.UnstructuredJSONScheme, row.Object.Raw)
			must(err)
			row.Object.Object = converted
		}
		must(printer.PrintObj(table, writer))
	}
	must(writer.Flush())
	return object{"text": text.String()}
}
