package main

import (
	"bytes"
	"encoding/json"

	admissionv1 "k8s.io/api/admission/v1"
	admissionv1beta1 "k8s.io/api/admission/v1beta1"
	apidiscoveryv2 "k8s.io/api/apidiscovery/v2"
	apidiscoveryv2beta1 "k8s.io/api/apidiscovery/v2beta1"
	imagepolicyv1alpha1 "k8s.io/api/imagepolicy/v1alpha1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensionsv1beta1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1beta1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	serializerjson "k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	apiregistrationv1beta1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1beta1"
)

var kinds = newKinds()

func newKinds() *runtime.Scheme {
	all := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		scheme.AddToScheme, apiextensionsv1.AddToScheme, apiextensionsv1beta1.AddToScheme,
		apiregistrationv1.AddToScheme, apiregistrationv1beta1.AddToScheme, admissionv1.AddToScheme,
		admissionv1beta1.AddToScheme, apidiscoveryv2.AddToScheme, apidiscoveryv2beta1.AddToScheme,
		imagepolicyv1alpha1.AddToScheme, metav1.AddMetaToScheme,
	} {
		must(add(all))
	}
	return all
}

// runMessages reads a protobuf message as an API server does, and writes the object as JSON without zeros, nulls and
// empty objects, which Go writes for some fields that are absent. If the input has the object as JSON too, the result contains
// whether both are equal.
func runMessages(input []byte) any {
	in := read[struct {
		Protobuf []byte          `json:"protobuf"`
		JSON     json.RawMessage `json:"json"`
	}](input)
	got, kind, err := protobuf.NewSerializer(kinds, kinds).Decode(in.Protobuf, nil, nil)
	if err != nil {
		return refused
	}
	got.GetObjectKind().SetGroupVersionKind(*kind)
	text, err := json.Marshal(got)
	if err != nil {
		return refused
	}
	result := object{"json": withoutNothing(text)}
	if in.JSON != nil {
		result["equal"] = equality.Semantic.DeepEqual(fromJSON(in.JSON, *kind), got)
	}
	return result
}

// fromJSON reads an object, all of whose fields must be known.
func fromJSON(text []byte, kind schema.GroupVersionKind) runtime.Object {
	strict := serializerjson.NewSerializerWithOptions(serializerjson.DefaultMetaFactory, kinds, kinds,
		serializerjson.SerializerOptions{Strict: true})
	wanted, _, err := strict.Decode(text, nil, nil)
	must(err)
	wanted.GetObjectKind().SetGroupVersionKind(kind)
	return wanted
}

func withoutNothing(text []byte) any {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	must(decoder.Decode(&value))
	return prune(value)
}

func prune(value any) any {
	switch value := value.(type) {
	case []any:
		for index, each := range value {
			value[index] = prune(each)
		}
	case object:
		for name, each := range value {
			each = prune(each)
			if isNothing(each) {
				delete(value, name)
			} else {
				value[name] = each
			}
		}
	}
	return value
}

func isNothing(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case bool:
		return !value
	case string:
		return value == "" || value == "0" // a Quantity
	case json.Number:
		return value == "0"
	case object:
		return len(value) == 0
	}
	return false
}
