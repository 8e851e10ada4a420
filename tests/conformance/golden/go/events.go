package main

import (
	"context"
	"encoding/json"
	"net/http"
	"sort"
	"sync"
	"testing/synctest"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/events"
	corerecord "k8s.io/client-go/tools/record"
	"k8s.io/client-go/tools/record/util"
	"k8s.io/client-go/tools/reference"
)

// eventServer is a sink that knows which events exist, and keeps the writes since the last step.
type eventServer struct {
	lock   sync.Mutex
	exists map[string]bool
	writes map[string]object
}

func newEventServer() *eventServer {
	return &eventServer{exists: map[string]bool{}, writes: map[string]object{}}
}

func (s *eventServer) create(name, namespace string, event any) {
	s.lock.Lock()
	defer s.lock.Unlock()
	text, err := json.Marshal(event)
	must(err)
	s.exists[namespace+"/"+name] = true
	written := withoutNothing(text).(object)
	written["metadata"].(object)["name"] = hideUUID(name)
	s.keep(object{"create": written})
}

func (s *eventServer) patch(name, namespace string, patch []byte) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	if !s.exists[namespace+"/"+name] {
		status := metav1.Status{Status: metav1.StatusFailure, Code: http.StatusNotFound, Reason: metav1.StatusReasonNotFound}
		return &apierrors.StatusError{ErrStatus: status}
	}
	s.keep(object{"name": hideUUID(name), "namespace": namespace, "patch": json.RawMessage(patch)})
	return nil
}

// keep stores a write once: a pass over series that ends another one may write the same count twice.
func (s *eventServer) keep(write object) {
	text, err := json.Marshal(write)
	must(err)
	s.writes[string(text)] = write
}

// took returns the writes since the last call, in an order that does not depend on goroutines.
func (s *eventServer) took() any {
	s.lock.Lock()
	defer s.lock.Unlock()
	texts := []string{}
	for text := range s.writes {
		texts = append(texts, text)
	}
	sort.Strings(texts)
	found := []any{}
	for _, text := range texts {
		found = append(found, s.writes[text])
	}
	s.writes = map[string]object{}
	return found
}

func (s *eventServer) expire() {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.exists = map[string]bool{}
}

// runScript runs the steps of a recorder and returns the writes of each.
func (s *eventServer) runScript(script []step, record func(step)) any {
	results := []any{}
	for _, each := range script {
		switch each.name() {
		case "event":
			record(each)
		case "pass":
			pass(argument[int64](each, 1))
		case "expire":
			s.expire()
		default:
			unknown(each.name())
		}
		synctest.Wait()
		results = append(results, s.took())
	}
	return results
}

type coreSink struct{ *eventServer }

func (s coreSink) Create(event *corev1.Event) (*corev1.Event, error) {
	s.create(event.Name, event.Namespace, event)
	return event, nil
}

func (s coreSink) Update(event *corev1.Event) (*corev1.Event, error) {
	return unknown("update").(*corev1.Event), nil
}

func (s coreSink) Patch(event *corev1.Event, patch []byte) (*corev1.Event, error) {
	return event, s.patch(event.Name, event.Namespace, patch)
}

// runCoreEvents runs a script of occurrences with the recorder of tools/record.
func runCoreEvents(input []byte) any {
	in := read[struct {
		Script []step `json:"script"`
	}](input)
	server := newEventServer()
	broadcaster := corerecord.NewBroadcaster()
	broadcaster.StartRecordingToSink(coreSink{server})
	recorder := broadcaster.NewRecorder(kinds, corev1.EventSource{Component: "tester", Host: "n1"})
	results := server.runScript(in.Script, func(each step) {
		about := argument[corev1.ObjectReference](each, 1)
		annotations := argument[map[string]string](each, 7)
		recorder.AnnotatedEventf(&about, annotations, argument[string](each, 2), argument[string](each, 3), "%s", argument[string](each, 5))
	})
	broadcaster.Shutdown()
	return results
}

type eventsSink struct{ *eventServer }

func (s eventsSink) Create(_ context.Context, event *eventsv1.Event) (*eventsv1.Event, error) {
	said := event.DeepCopy()
	said.ReportingInstance = "" // contains the name of the host
	s.create(event.Name, event.Namespace, said)
	return event, nil
}

func (s eventsSink) Update(context.Context, *eventsv1.Event) (*eventsv1.Event, error) {
	return unknown("update").(*eventsv1.Event), nil
}

func (s eventsSink) Patch(_ context.Context, event *eventsv1.Event, patch []byte) (*eventsv1.Event, error) {
	return event, s.patch(event.Name, event.Namespace, patch)
}

// runEventSeries runs a script of occurrences with the recorder of tools/events.
func runEventSeries(input []byte) any {
	in := read[struct {
		Script []step `json:"script"`
	}](input)
	server := newEventServer()
	broadcaster := events.NewBroadcaster(eventsSink{server})
	ctx, cancel := context.WithCancel(context.Background())
	must(broadcaster.StartRecordingToSinkWithContext(ctx))
	synctest.Wait() // the first passes, over no series
	recorder := broadcaster.NewRecorder(kinds, "tester").(events.AnnotatedEventRecorder)
	results := server.runScript(in.Script, func(each step) {
		var related runtime.Object
		if found := argument[*corev1.ObjectReference](each, 6); found != nil {
			related = found
		}
		about := argument[corev1.ObjectReference](each, 1)
		annotations := argument[map[string]string](each, 7)
		recorder.AnnotatedEventf(&about, related, annotations, argument[string](each, 2), argument[string](each, 3), argument[string](each, 4), "%s", argument[string](each, 5))
	})
	cancel()
	broadcaster.Shutdown()
	return results
}

// runEventNames returns the name of an event about an object; a UUID is random.
func runEventNames(input []byte) any {
	in := read[struct {
		Name         string `json:"name"`
		Microseconds int64  `json:"microseconds"`
	}](input)
	return hideUUID(util.GenerateEventName(in.Name, in.Microseconds*1000))
}

func hideUUID(name string) any {
	if len(name) == 36 && name[14] == '4' && name[8] == '-' && name[23] == '-' {
		return object{"uuid": true}
	}
	return name
}

// runReferences returns the reference to an object that is read as its type, as an Unstructured or as its metadata.
func runReferences(input []byte) any {
	in := read[struct {
		As        string          `json:"as"`
		FieldPath string          `json:"fieldPath"`
		Object    json.RawMessage `json:"object"`
	}](input)
	var found runtime.Object
	switch in.As {
	case "unstructured":
		data := map[string]any{}
		must(json.Unmarshal(in.Object, &data))
		found = &unstructured.Unstructured{Object: data}
	case "typed", "typed without kind":
		kind := read[struct {
			APIVersion string          `json:"apiVersion"`
			Kind       string          `json:"kind"`
			Metadata   json.RawMessage `json:"metadata"`
		}](in.Object)
		group, err := schema.ParseGroupVersion(kind.APIVersion)
		must(err)
		found, err = kinds.New(group.WithKind(kind.Kind))
		must(err)
		must(json.Unmarshal(in.Object, found))
		if in.As == "typed without kind" {
			found.GetObjectKind().SetGroupVersionKind(schema.GroupVersionKind{})
		}
	default:
		unknown(in.As)
	}
	made, err := reference.GetPartialReference(kinds, found, in.FieldPath)
	if err != nil {
		return refused
	}
	text, err := json.Marshal(made)
	must(err)
	return withoutNothing(text)
}
