package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"sort"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
)

const deepest = 8

// filler writes another value into each field, so that the place of a value can be recognized.
type filler struct{ next int }

func filled(object runtime.Object) runtime.Object {
	fill := &filler{100}
	value := reflect.ValueOf(object).Elem()
	for i := range value.NumField() {
		if name := value.Type().Field(i).Name; name != "TypeMeta" && name != "ObjectMeta" {
			fill.fill(value.Field(i), 0)
		}
	}
	if accessor, err := meta.Accessor(object); err == nil {
		accessor.SetName("the-name")
		accessor.SetNamespace("the-namespace")
	}
	return object
}

func (f *filler) fill(value reflect.Value, depth int) {
	if depth > deepest || !value.CanSet() {
		return
	}
	f.next++
	switch value.Addr().Interface().(type) {
	case *metav1.Time, *metav1.MicroTime, *metav1.FieldsV1, *runtime.RawExtension, *runtime.Unknown:
		return
	case *resource.Quantity:
		value.Set(reflect.ValueOf(resource.MustParse(strconv.Itoa(f.next))))
		return
	case *intstr.IntOrString:
		value.Set(reflect.ValueOf(intstr.FromInt32(int32(f.next))))
		return
	}
	switch value.Kind() {
	case reflect.String:
		value.SetString(fmt.Sprintf("text-%d", f.next))
	case reflect.Bool:
		value.SetBool(true)
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Int:
		value.SetInt(int64(f.next) & 0x7fff)
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uint:
		value.SetUint(uint64(f.next) & 0x7f)
	case reflect.Pointer:
		value.Set(reflect.New(value.Type().Elem()))
		f.fill(value.Elem(), depth+1)
	case reflect.Slice:
		value.Set(reflect.MakeSlice(value.Type(), 1, 1))
		f.fill(value.Index(0), depth+1)
	case reflect.Struct:
		for i := range value.NumField() {
			f.fill(value.Field(i), depth+1)
		}
	}
}

func versionedDocument(scheme *runtime.Scheme, object runtime.Object, gv schema.GroupVersion) (document any, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("conversion: %v", reason)
		}
	}()
	versioned, err := scheme.ConvertToVersion(object.DeepCopyObject(), gv)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(versioned)
	if err != nil {
		return nil, err
	}
	return document, json.Unmarshal(text, &document)
}

// pathOf returns the path whose value is that of a label: the label itself if possible, else the first path that has it.
func pathOf(document any, label string, value string) string {
	paths := []string{}
	walk(document, "", func(path string, text string) {
		if text == value {
			paths = append(paths, path)
		}
	})
	sort.Strings(paths)
	for _, path := range paths {
		if path == label {
			return path
		}
	}
	if len(paths) == 0 || value == "true" || value == "" {
		return ""
	}
	return paths[0]
}

func walk(value any, path string, visit func(path string, text string)) {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			walk(member, strings.TrimPrefix(path+"."+name, "."), visit)
		}
	case []any:
		for index, member := range value {
			walk(member, path+"."+strconv.Itoa(index), visit)
		}
	case string:
		visit(path, value)
	case bool:
		visit(path, strconv.FormatBool(value))
	case float64:
		visit(path, strconv.FormatFloat(value, 'f', -1, 64))
	}
}

// readGenerations creates and updates an object through the strategy, and reads what happens to its generation.
func (f *resourceFacts) readGenerations(store *genericregistry.Store, gv schema.GroupVersion) {
	create, update := store.CreateStrategy, store.UpdateStrategy
	if create != nil {
		prepare := func(object runtime.Object) {
			accessor, _ := meta.Accessor(object)
			accessor.SetName("the-name")
			accessor.SetGeneration(7)
			create.PrepareForCreate(f.context(create.NamespaceScoped()), object)
			f.SetsGeneration = accessor.GetGeneration() == 1
		}
		// An empty object is enough for most; the others get one whose fields are set.
		if !f.probe("", func() { prepare(store.NewFunc()) }) {
			f.probe("create", func() { prepare(filled(store.NewFunc())) })
		}
	}
	if update == nil {
		return
	}
	ctx := f.context(update.NamespaceScoped())
	kind := reflect.TypeOf(store.NewFunc()).Elem()
	counts := func(name string, change func(object runtime.Object)) {
		f.probe(name, func() {
			before, after := store.NewFunc(), store.NewFunc()
			for _, object := range []runtime.Object{before, after} {
				accessor, _ := meta.Accessor(object)
				accessor.SetName("the-name")
				accessor.SetGeneration(7)
				accessor.SetResourceVersion("1")
			}
			change(after)
			update.PrepareForUpdate(ctx, after, before)
			if accessor, _ := meta.Accessor(after); accessor.GetGeneration() != 7 {
				f.GenerationCounts = append(f.GenerationCounts, name)
			}
		})
	}
	counts("nothing", func(runtime.Object) {})
	counts("metadata.labels", func(object runtime.Object) {
		accessor, _ := meta.Accessor(object)
		accessor.SetLabels(map[string]string{"a": "b"})
	})
	counts("metadata.annotations", func(object runtime.Object) {
		accessor, _ := meta.Accessor(object)
		accessor.SetAnnotations(map[string]string{"a": "b"})
	})
	counts("metadata.deletionTimestamp", func(object runtime.Object) {
		accessor, _ := meta.Accessor(object)
		now := metav1.Now()
		accessor.SetDeletionTimestamp(&now)
	})
	for i := range kind.NumField() {
		field := kind.Field(i)
		if field.Name == "TypeMeta" || field.Name == "ObjectMeta" {
			continue
		}
		counts(strings.ToLower(field.Name[:1])+field.Name[1:], func(object runtime.Object) {
			(&filler{100}).fill(reflect.ValueOf(object).Elem().Field(i), 0)
		})
	}
}

// probe calls a function of the server with an object that it may not expect, and returns whether it succeeded.
// A failure is recorded under a name, if there is one.
func (f *resourceFacts) probe(name string, call func()) (succeeded bool) {
	defer func() {
		if reason := recover(); reason != nil {
			succeeded = false
			if name != "" {
				f.Failures = append(f.Failures, fmt.Sprintf("%s: %v", name, reason))
			}
		}
	}()
	call()
	return true
}
