package main

import (
	"reflect"
	"strings"
	"testing"
)

func fieldOf(t *testing.T, module *moduleShape, typeName, wire string) fieldShape {
	t.Helper()
	for _, field := range module.Types[typeName].Fields {
		if field.Wire == wire {
			return field
		}
	}
	t.Fatalf("%s has no field %s", typeName, wire)
	return fieldShape{}
}

func TestFlattensEmbeddedStructsAndDropsTypeMeta(t *testing.T) {
	module := completed(t, exampleAssembly(t))
	var wires []string
	for _, field := range module.Types["Thing"].Fields {
		wires = append(wires, field.Wire)
	}
	if want := []string{"metadata", "phase", "since", "secretData", "doors", "status"}; !reflect.DeepEqual(wires, want) {
		t.Errorf("fields %v, want %v", wires, want)
	}
	if phase := fieldOf(t, module, "Thing", "phase"); phase.Proto != 7 || !reflect.DeepEqual(phase.ProtoIn, []int{2}) {
		t.Errorf("phase has proto %d in %v", phase.Proto, phase.ProtoIn)
	}
}

func TestResolvesNamedTypesToWhatTheyAreOnTheWire(t *testing.T) {
	module := completed(t, exampleAssembly(t))
	bytes := typeShape{K: "bytes"}
	for wire, want := range map[string]typeShape{
		"metadata":   {K: "ref", Name: "meta_v1.ObjectMeta"},
		"phase":      {K: "ptr", Of: &typeShape{K: "string"}},
		"since":      {K: "ptr", Of: &typeShape{K: "time"}},
		"secretData": {K: "map", Of: &bytes},
		"doors":      {K: "list", Of: &typeShape{K: "ref", Name: "things_v1.Door"}},
	} {
		if found := fieldOf(t, module, "Thing", wire).Type; !reflect.DeepEqual(found, want) {
			t.Errorf("%s is %+v, want %+v", wire, found, want)
		}
	}
}

func TestReadsTagsAndMarkersOfFields(t *testing.T) {
	module := completed(t, exampleAssembly(t))
	doors := fieldOf(t, module, "Thing", "doors")
	if doors.ListType != "map" || !reflect.DeepEqual(doors.ListMapKeys, []string{"name"}) || doors.OmitEmpty {
		t.Errorf("doors: %+v", doors)
	}
	if doors.PatchStrategy != "merge" || doors.PatchMergeKey != "name" || doors.Proto != 3 {
		t.Errorf("doors: %+v", doors)
	}
	if status := fieldOf(t, module, "Thing", "status"); !status.OmitEmpty || !status.OmitZero {
		t.Errorf("status: %+v", status)
	}
}

func TestCollectsEachValueOfAnEnumOnce(t *testing.T) {
	module := completed(t, exampleAssembly(t))
	if values := module.Enums["Phase"]; !reflect.DeepEqual(values, []string{"Open", "Shut"}) {
		t.Errorf("Phase is %v", values)
	}
	if enum := fieldOf(t, module, "Thing", "phase").Enum; enum != "things_v1.Phase" {
		t.Errorf("phase has enum %q", enum)
	}
}

func TestKindsAreTheStructsWithTypeMeta(t *testing.T) {
	module := completed(t, exampleAssembly(t))
	want := map[string]kindShape{
		"Thing": {Type: "Thing"}, "Door": {Type: "Door"}, "ThingList": {Type: "ThingList", Item: "things_v1.Thing"},
	}
	if !reflect.DeepEqual(module.Kinds, want) {
		t.Errorf("kinds %+v", module.Kinds)
	}
}

func TestAddsStructsWithoutTagsWhenAFieldNeedsThem(t *testing.T) {
	module := completed(t, exampleAssembly(t))
	if turns := fieldOf(t, module, "Untagged", "Turns"); turns.Type.K != "int" {
		t.Errorf("Turns is %+v", turns)
	}
}

func TestResourceHasTheVerbsThatTheMarkersLeave(t *testing.T) {
	module := completed(t, exampleAssembly(t))
	if len(module.Resources) != 1 {
		t.Fatalf("resources %+v", module.Resources)
	}
	thing := module.Resources[0]
	if verbs := strings.Join(thing.Verbs, " "); verbs != "get list watch create update patch delete" {
		t.Errorf("verbs %s", verbs)
	}
	if thing.Plural != "things" || thing.Namespaced || !thing.Status || !thing.Apply {
		t.Errorf("resource %+v", thing)
	}
	want := []subresourceShape{{
		Name: "door", Verbs: []string{"update"}, Request: "things_v1.Door", Response: "things_v1.Thing",
	}}
	if !reflect.DeepEqual(thing.Subresources, want) {
		t.Errorf("subresources %+v", thing.Subresources)
	}
}

func TestOnlyVerbsLeavesNothingElse(t *testing.T) {
	allows := offered(markers{"genclient": {""}, "genclient:onlyVerbs": {"create"}})
	if !allows("create") || allows("get") || allows("apply") || allows("updatestatus") {
		t.Error("onlyVerbs=create does not mean create alone")
	}
}

func TestPluralsFollowTheKubernetesRule(t *testing.T) {
	for kind, want := range map[string]string{
		"Pod": "pods", "Ingress": "ingresses", "NetworkPolicy": "networkpolicies", "Endpoints": "endpoints",
		"ComponentStatus": "componentstatuses", "StorageClass": "storageclasses", "Gateway": "gateways",
		"Batch": "batches", "Box": "boxes",
	} {
		if found := pluralOf(kind); found != want {
			t.Errorf("%s: %s, want %s", kind, found, want)
		}
	}
}
