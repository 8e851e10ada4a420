package main

import (
	"reflect"
	"strings"
	"testing"
)

func exampleResource() *moduleShape {
	return &moduleShape{
		Module: "things_v1", Types: map[string]structShape{},
		Resources: []resourceShape{{Kind: "Thing", Plural: "things", Apply: true, Verbs: []string{"get", "patch", "watch"}}},
	}
}

func amendWith(plural string, entry resourceEntry) (*moduleShape, error) {
	module, all := exampleResource(), emptyTables()
	all.resources = map[string]map[string]resourceEntry{"things_v1": {plural: entry}}
	return module, all.amend(module)
}

func TestTableAddsVerbsAndSubresourcesInTheUsualOrder(t *testing.T) {
	module, err := amendWith("things", resourceEntry{
		Verbs: []string{"list"}, Without: []string{"watch", "patch"},
		Subresources: map[string]subresourceShape{"log": {Verbs: []string{"get"}, Text: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	found := module.Resources[0]
	if !reflect.DeepEqual(found.Verbs, []string{"get", "list"}) || found.Apply {
		t.Errorf("verbs %v, apply %v", found.Verbs, found.Apply)
	}
	want := []subresourceShape{{Name: "log", Verbs: []string{"get"}, Text: true}}
	if !reflect.DeepEqual(found.Subresources, want) {
		t.Errorf("subresources %+v", found.Subresources)
	}
}

func TestTableEntriesThatSayNothingNewAreErrors(t *testing.T) {
	for name, entry := range map[string]resourceEntry{
		"present verb":   {Verbs: []string{"get"}},
		"absent verb":    {Without: []string{"delete"}},
		"unknown verb":   {Verbs: []string{"fetch"}},
		"kind of an old": {Kind: "Thing"},
	} {
		if _, err := amendWith("things", entry); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := amendWith("strangers", resourceEntry{Verbs: []string{"get"}}); err == nil {
		t.Error("resource without a kind: no error")
	}
}

func TestUnreviewedFieldsThatSoundSecretAreReported(t *testing.T) {
	module := &moduleShape{Module: "things_v1", Types: map[string]structShape{"Door": {Fields: []fieldShape{
		{Wire: "token", Type: typeShape{K: "string"}},
		{Wire: "password", Type: typeShape{K: "list", Of: &typeShape{K: "bytes"}}},
		{Wire: "secretName", Type: typeShape{K: "string"}},
		{Wire: "secretRef", Type: typeShape{K: "ref", Name: "core_v1.SecretReference"}},
	}}}}
	table := &secretTable{used: map[string]bool{}, verdicts: map[string]bool{
		"things_*.Door.token": true, "things_v1.Door.secretName": false, "things_v1.Door.gone": true,
	}}
	table.mark(module)
	fields := module.Types["Door"].Fields
	if !fields[0].Secret || fields[1].Secret || fields[2].Secret {
		t.Errorf("fields %+v", fields)
	}
	if !reflect.DeepEqual(table.open, []string{"things_v1.Door.password"}) {
		t.Errorf("open %v", table.open)
	}
	if unused := table.unused(); !reflect.DeepEqual(unused, []string{"secrets.yaml: things_v1.Door.gone"}) {
		t.Errorf("unused %v", unused)
	}
}

func TestRenderingIsStableAndPutsAFieldOnALine(t *testing.T) {
	module := completed(t, exampleAssembly(t))
	first, err := render(module)
	if err != nil {
		t.Fatal(err)
	}
	second, err := render(completed(t, exampleAssembly(t)))
	if err != nil {
		t.Fatal(err)
	}
	if string(first) != string(second) {
		t.Error("two runs differ")
	}
	line := `    {"go":"Name","omitempty":false,"omitzero":false,"secret":false,"type":{"k":"string"},"wire":"name"},`
	if !strings.Contains(string(first), line+"\n") {
		t.Errorf("no such line in\n%s", first)
	}
}
