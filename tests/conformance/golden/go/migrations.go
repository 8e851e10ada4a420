package main

import (
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// runMigrations finds the managers of client-side apply in managed fields, and moves their fields to a manager of
// server-side apply.
func runMigrations(input []byte) any {
	in := read[struct {
		ManagedFields []any  `json:"managedFields"`
		Manager       string `json:"manager"`
	}](input)
	obj := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1",
		"kind":       "ConfigMap",
		"metadata":   map[string]any{"name": "a", "resourceVersion": "7", "managedFields": in.ManagedFields},
	}}
	annotation := fieldpath.NewSet(fieldpath.MakePathOrDie(
		"metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"))
	managers := sets.New[string]()
	for _, entry := range csaupgrade.FindFieldsOwners(obj.GetManagedFields(), metav1.ManagedFieldsOperationUpdate, annotation) {
		managers.Insert(entry.Manager)
	}
	applied := len(csaupgrade.FindFieldsOwners(obj.GetManagedFields(), metav1.ManagedFieldsOperationApply, annotation))
	patch, err := csaupgrade.UpgradeManagedFieldsPatch(obj, managers, in.Manager)
	if err != nil {
		return refused
	}
	var operations any
	if patch != nil {
		if err := json.Unmarshal(patch, &operations); err != nil {
			panic(err)
		}
	}
	return object{"managers": sets.List(managers), "applied": applied > 0, "patch": operations}
}
