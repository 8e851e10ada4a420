package main

import (
	"context"
	"reflect"
	"sort"
	"strings"
	"unsafe"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// resourceFacts describes one resource or subresource in one version; what does not apply is absent.
type resourceFacts struct {
	Group                string            `json:"group"`
	Version              string            `json:"version"`
	Resource             string            `json:"resource"`
	Subresource          string            `json:"subresource,omitempty"`
	StoredAs             string            `json:"storedAs,omitempty"`
	StorageVersion       string            `json:"storageVersion,omitempty"`
	AllowCreateOnUpdate  bool              `json:"allowCreateOnUpdate"`
	AllowUnconditional   bool              `json:"allowUnconditionalUpdate"`
	GracefulDeletion     bool              `json:"gracefulDeletion"`
	DefaultPolicy        string            `json:"defaultGarbageCollectionPolicy,omitempty"`
	GarbageCollection    bool              `json:"garbageCollection"`
	ReturnsDeletedObject bool              `json:"returnsDeletedObject"`
	DeletesDuringUpdate  bool              `json:"deletesDuringUpdate"`
	SecondsToLive        uint64            `json:"secondsToLive,omitempty"`
	ResetFields          []string          `json:"resetFields,omitempty"`
	SetsGeneration       bool              `json:"setsGeneration"`
	GenerationCounts     []string          `json:"generationCounts,omitempty"`
	FieldLabels          map[string]string `json:"fieldLabels,omitempty"`
	FieldPaths           map[string]string `json:"fieldPaths,omitempty"`
	UnknownFieldLabel    string            `json:"unknownFieldLabel,omitempty"`
	Columns              []column          `json:"columns,omitempty"`
	Failures             []string          `json:"failures,omitempty"`
}

type column struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Format      string `json:"format"`
	Description string `json:"description"`
	Priority    int32  `json:"priority"`
}

func (f *resourceFacts) key() string {
	return strings.Join([]string{f.Group, f.Version, f.Resource, f.Subresource}, "\x00")
}

func groupFacts(scheme *runtime.Scheme, group string, versions map[string]map[string]rest.Storage, candidates []string) []*resourceFacts {
	all := []*resourceFacts{}
	for version, storages := range versions {
		for name, storage := range storages {
			resource, subresource, _ := strings.Cut(name, "/")
			facts := &resourceFacts{Group: group, Version: version, Resource: resource, Subresource: subresource}
			gv := schema.GroupVersion{Group: group, Version: version}
			facts.readStorage(storage)
			_, isRead := storage.(rest.Getter)
			if store := storeOf(storage); store != nil && (isRead || subresource != "") {
				facts.readStore(store, gv, scheme)
				if subresource == "" {
					facts.readFieldLabels(store, gv, scheme, candidates)
					facts.readGenerations(store, gv)
				}
			}
			all = append(all, facts)
		}
	}
	return all
}

func (f *resourceFacts) context(namespaced bool) context.Context {
	ctx := genericapirequest.WithRequestInfo(context.Background(), &genericapirequest.RequestInfo{
		IsResourceRequest: true, APIGroup: f.Group, APIVersion: f.Version, Resource: f.Resource, Subresource: f.Subresource,
	})
	if namespaced {
		return genericapirequest.WithNamespace(ctx, "default")
	}
	return ctx
}

func (f *resourceFacts) readStorage(storage rest.Storage) {
	if f.Subresource == "" {
		if converter, ok := storage.(rest.TableConvertor); ok {
			f.Columns = columnsOf(converter, storage, f.context(true))
		}
	}
	if strategy, ok := storage.(rest.ResetFieldsStrategy); ok {
		gv := fieldpath.APIVersion(schema.GroupVersion{Group: f.Group, Version: f.Version}.String())
		if set, ok := strategy.GetResetFields()[gv]; ok {
			set.Iterate(func(path fieldpath.Path) { f.ResetFields = append(f.ResetFields, path.String()) })
			sort.Strings(f.ResetFields)
		}
	}
}

func columnsOf(converter rest.TableConvertor, storage rest.Storage, ctx context.Context) []column {
	object := storage.New()
	if lister, ok := storage.(rest.Lister); ok {
		object = lister.NewList()
	}
	table, err := converter.ConvertToTable(ctx, object, &metav1.TableOptions{})
	if err != nil {
		return nil
	}
	columns := []column{}
	for _, c := range table.ColumnDefinitions {
		columns = append(columns, column{c.Name, c.Type, c.Format, c.Description, c.Priority})
	}
	return columns
}

func (f *resourceFacts) readStore(store *genericregistry.Store, gv schema.GroupVersion, scheme *runtime.Scheme) {
	f.StoredAs = store.DefaultQualifiedResource.String()
	f.GarbageCollection = store.EnableGarbageCollection
	f.ReturnsDeletedObject = store.ReturnDeletedObject
	f.DeletesDuringUpdate = store.ShouldDeleteDuringUpdate != nil
	if kinds, _, err := scheme.ObjectKinds(store.NewFunc()); err == nil && store.StorageVersioner != nil {
		if kind, ok := store.StorageVersioner.KindForGroupVersionKinds(kinds); ok {
			f.StorageVersion = kind.GroupVersion().String()
		}
	}
	if update := store.UpdateStrategy; update != nil {
		f.AllowCreateOnUpdate = update.AllowCreateOnUpdate(f.context(update.NamespaceScoped()))
		f.AllowUnconditional = update.AllowUnconditionalUpdate(f.context(update.NamespaceScoped()))
	}
	_, f.GracefulDeletion = store.DeleteStrategy.(rest.RESTGracefulDeleteStrategy)
	if strategy, ok := store.DeleteStrategy.(rest.GarbageCollectionDeleteStrategy); ok {
		f.DefaultPolicy = string(strategy.DefaultGarbageCollectionPolicy(f.context(true)))
	}
	if store.TTLFunc != nil {
		if seconds, err := store.TTLFunc(store.NewFunc(), 0, false); err == nil {
			f.SecondsToLive = seconds
		}
	}
}

func (f *resourceFacts) readFieldLabels(store *genericregistry.Store, gv schema.GroupVersion, scheme *runtime.Scheme, candidates []string) {
	kinds, _, err := scheme.ObjectKinds(store.NewFunc())
	if err != nil {
		f.Failures = append(f.Failures, err.Error())
		return
	}
	kind := gv.WithKind(kinds[0].Kind)
	object := filled(store.NewFunc())
	_, values, err := store.PredicateFunc(labels.Everything(), fields.Everything()).GetAttrs(object)
	if err != nil {
		f.Failures = append(f.Failures, err.Error())
		return
	}
	stored, err := schema.ParseGroupVersion(f.StorageVersion)
	if err != nil {
		f.Failures = append(f.Failures, err.Error())
		return
	}
	document, err := versionedDocument(scheme, object, stored)
	if err != nil {
		f.Failures = append(f.Failures, err.Error())
	}
	f.FieldLabels, f.FieldPaths = map[string]string{}, map[string]string{}
	for label, value := range values {
		candidates = append(candidates, label)
		f.FieldPaths[label] = pathOf(document, label, value)
	}
	for _, label := range candidates {
		internal, _, err := scheme.ConvertFieldLabel(kind, label, "1")
		if err != nil {
			continue
		}
		f.FieldLabels[label] = internal
	}
	_, _, err = scheme.ConvertFieldLabel(kind, "kubeloop.unknown", "1")
	if err != nil {
		f.UnknownFieldLabel = err.Error()
	}
}

// storeOf returns the generic store of a storage: itself, embedded, or in a field, exported or not.
func storeOf(storage rest.Storage) *genericregistry.Store {
	return storeIn(reflect.ValueOf(storage), 3)
}

func storeIn(value reflect.Value, depth int) *genericregistry.Store {
	for value.Kind() == reflect.Pointer || value.Kind() == reflect.Interface {
		if value.IsNil() {
			return nil
		}
		if value.Type() == reflect.TypeFor[*genericregistry.Store]() {
			return (*genericregistry.Store)(value.UnsafePointer())
		}
		value = value.Elem()
	}
	if value.Kind() != reflect.Struct || depth == 0 {
		return nil
	}
	if value.Type() == reflect.TypeFor[genericregistry.Store]() && value.CanAddr() {
		return (*genericregistry.Store)(unsafe.Pointer(value.UnsafeAddr()))
	}
	for i := range value.NumField() {
		if store := storeIn(value.Field(i), depth-1); store != nil {
			return store
		}
	}
	return nil
}
