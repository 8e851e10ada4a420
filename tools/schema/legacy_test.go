package main

import (
	"reflect"
	"strings"
	"testing"
)

const oldThingSource = `package v1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

const GroupName = "things.example.org"

// +genclient
type Relic struct {
	metav1.TypeMeta
	Parts []Part ` + "`json:\"parts\"`" + `
	Door  Door   ` + "`json:\"door\"`" + `
}

type Part struct {
	Old string ` + "`json:\"old\"`" + `
}

type Door struct {
	Handle string ` + "`json:\"handle\"`" + `
}
`

func TestDroppedKindComesWithItsTypesAndItsVersion(t *testing.T) {
	result := exampleAssembly(t, writeModule(t, apiModule, "v0.1.0", "things/v1", oldThingSource))
	err := result.addDropped(legacyTable{Dropped: []droppedKinds{{"v0.1.0", "things/v1", []string{"Relic"}}}})
	if err != nil {
		t.Fatal(err)
	}
	module := completed(t, result)
	for _, name := range []string{"Relic", "Part"} {
		if version := module.Types[name].GoVersion; version != "v0.1.0" {
			t.Errorf("%s is from %q", name, version)
		}
	}
	if door := module.Types["Door"]; door.GoVersion != "" || door.Fields[0].Wire != "name" {
		t.Errorf("the present Door gave way to the old one: %+v", door)
	}
	if last := module.Resources[len(module.Resources)-1]; last.Plural != "relics" || last.GoVersion != "v0.1.0" {
		t.Errorf("resource %+v", last)
	}
}

func TestDroppedGroupVersionIsReadFromItsLastVersion(t *testing.T) {
	old := strings.ReplaceAll(oldThingSource, "package v1", "package v1beta1")
	result := exampleAssembly(t, writeModule(t, apiModule, "v0.1.0", "things/v1beta1", old))
	err := result.addDropped(legacyTable{Dropped: []droppedKinds{{"v0.1.0", "things/v1beta1", []string{"Relic"}}}})
	if err != nil {
		t.Fatal(err)
	}
	module := result.builders["things_v1beta1"].shape
	if module.Source.GoVersion != "v0.1.0" || len(module.Types) != 3 || module.Types["Relic"].GoVersion != "" {
		t.Errorf("module %+v", module)
	}
}

func TestDroppedKindNeedsItsVersionInTheLegacyModule(t *testing.T) {
	err := exampleAssembly(t).addDropped(legacyTable{Dropped: []droppedKinds{{"v0.1.0", "things/v1", []string{"Relic"}}}})
	if err == nil || !strings.Contains(err.Error(), "legacy/go.mod does not have k8s.io/api v0.1.0") {
		t.Errorf("error %v", err)
	}
}

func TestSurveyReportsBothWaysOfBeingWrong(t *testing.T) {
	found := map[string]string{"a/v1.Gone": "v0.3.0", "a/v1.Right": "v0.2.0"}
	differences := compare(found, []droppedKinds{{"v0.2.0", "a/v1", []string{"Right", "Present"}}})
	want := []string{
		`a/v1.Gone was last in v0.3.0, kinds.yaml says ""`,
		"a/v1.Present is in kinds.yaml and was not dropped",
	}
	if !reflect.DeepEqual(differences, want) {
		t.Errorf("differences %v", differences)
	}
}

func TestReferenceToAnUnknownModuleIsAnError(t *testing.T) {
	result := exampleAssembly(t)
	delete(result.builders, "meta_v1")
	if err := result.complete(); err == nil || !strings.Contains(err.Error(), "meta_v1.ObjectMeta is in no module") {
		t.Errorf("error %v", err)
	}
}
