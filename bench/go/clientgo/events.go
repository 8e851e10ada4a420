package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/tools/reference"
	"k8s.io/utils/clock"
)

const (
	component = "bench"
	window    = 250 // occurrences that are recorded before their correlation is awaited
)

type occurrence struct {
	pod                        *corev1.Pod
	kind, reason, action, note string
}

// occurrences reads the workload, and returns it with its pods.
func occurrences(file, namespace string) []occurrence {
	rows, pods := [][]any{}, map[int]*corev1.Pod{}
	if err := json.Unmarshal(must(os.ReadFile(file)), &rows); err != nil {
		panic(err)
	}
	found := make([]occurrence, len(rows))
	for at, row := range rows {
		number := int(row[0].(float64))
		if pods[number] == nil {
			name := fmt.Sprintf("web-%d", number)
			pods[number] = &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
				Name: name, Namespace: namespace, UID: types.UID("uid-" + name), ResourceVersion: "1000",
			}}
		}
		found[at] = occurrence{pods[number], row[1].(string), row[2].(string), row[3].(string), row[4].(string)}
	}
	return found
}

// admin connects to the real server.
func admin(format, host, authority, token string) *kubernetes.Clientset {
	c := &rest.Config{Host: host, QPS: -1, BearerToken: token}
	c.CAFile = authority
	if format == "json" {
		c.ContentType = contentTypes["json"]
	}
	return must(kubernetes.NewForConfig(c))
}

// newNamespace creates a namespace for this process.
func newNamespace(client kubernetes.Interface) string {
	name := fmt.Sprintf("bench-%d", os.Getpid())
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	must(client.CoreV1().Namespaces().Create(context.Background(), namespace, metav1.CreateOptions{}))
	return name
}

// recordEvents records the occurrences, and measures until the expected number of requests has been sent.
func recordEvents(kind, format, host, authority, token, file string, requests int) {
	ctx := context.Background()
	client := admin(format, host, authority, token)
	namespace := newNamespace(client)
	found := occurrences(file, namespace)
	seen, written := make(chan struct{}, len(found)), make(chan struct{}, len(found))
	var record func(occurrence) int // returns the number of requests to await before the next batch
	var counts func() (events, counted int)
	switch kind {
	case "core":
		record, counts = coreRecorder(client, namespace, seen, written)
	case "series":
		record, counts = seriesRecorder(ctx, client, namespace, seen, written)
	default:
		panic("unknown kind of recorder: " + kind)
	}
	runtime.GC()
	result, span := sample{}, begin()
	for start := 0; start < len(found); start += window {
		batch, awaited := found[start:min(start+window, len(found))], 0
		for _, each := range batch {
			awaited += record(each)
		}
		for range batch {
			<-seen
		}
		for range awaited {
			<-written
		}
		requests -= awaited
	}
	for range requests {
		<-written
	}
	span.end(result, len(found))
	number, counted := counts()
	result["count"], result["sum"] = len(found), fmt.Sprintf("%d events, %d counted", number, counted)
	result.print()
	os.Exit(0)
}

// coreSink counts the requests of the events of core v1.
type coreSink struct {
	typedcorev1.EventSinkImpl
	written chan<- struct{}
}

func (s *coreSink) Create(event *corev1.Event) (*corev1.Event, error) {
	defer func() { s.written <- struct{}{} }()
	return s.EventSinkImpl.Create(event)
}

func (s *coreSink) Patch(event *corev1.Event, data []byte) (*corev1.Event, error) {
	defer func() { s.written <- struct{}{} }()
	return s.EventSinkImpl.Patch(event, data)
}

// coreRecorder returns a recorder of core v1, and what counts its events on the server.
func coreRecorder(client kubernetes.Interface, namespace string, seen, written chan<- struct{}) (func(occurrence) int, func() (int, int)) {
	spamKey := func(event *corev1.Event) string { // the default one, which is called once per occurrence
		seen <- struct{}{}
		object := event.InvolvedObject
		return strings.Join([]string{
			event.Source.Component, event.Source.Host, object.Kind, object.Namespace, object.Name, string(object.UID),
			object.APIVersion, event.Type,
		}, "")
	}
	broadcaster := record.NewBroadcaster(record.WithCorrelatorOptions(record.CorrelatorOptions{SpamKeyFunc: spamKey}))
	sink := &coreSink{typedcorev1.EventSinkImpl{Interface: client.CoreV1().Events("")}, written}
	broadcaster.StartRecordingToSink(sink)
	recorder := broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: component})
	counts := func() (int, int) {
		counted := 0
		list := must(client.CoreV1().Events(namespace).List(context.Background(), metav1.ListOptions{}))
		for _, event := range list.Items {
			counted += int(event.Count)
		}
		return len(list.Items), counted
	}
	return func(o occurrence) int {
		recorder.Event(o.pod, o.kind, o.reason, o.note)
		return 0 // one goroutine writes all, in their order
	}, counts
}

// seriesSink counts the requests of the events of events.k8s.io/v1.
type seriesSink struct {
	events.EventSinkImpl
	written chan<- struct{}
}

func (s *seriesSink) Create(ctx context.Context, event *eventsv1.Event) (*eventsv1.Event, error) {
	defer func() { s.written <- struct{}{} }()
	return s.EventSinkImpl.Create(ctx, event)
}

func (s *seriesSink) Patch(ctx context.Context, event *eventsv1.Event, data []byte) (*eventsv1.Event, error) {
	defer func() { s.written <- struct{}{} }()
	return s.EventSinkImpl.Patch(ctx, event, data)
}

// seriesRecorder returns a recorder of events.k8s.io/v1, and what counts its events on the server.
func seriesRecorder(ctx context.Context, client kubernetes.Interface, namespace string, seen, written chan<- struct{}) (func(occurrence) int, func() (int, int)) {
	sink := &seriesSink{events.EventSinkImpl{Interface: client.EventsV1()}, written}
	broadcaster := events.NewBroadcaster(sink)
	if err := broadcaster.StartRecordingToSinkWithContext(ctx); err != nil {
		panic(err)
	}
	must(broadcaster.StartEventWatcher(func(kruntime.Object) { seen <- struct{}{} }))
	recorder := broadcaster.NewRecorder(scheme.Scheme, component)
	counts := func() (int, int) {
		counted := 0
		list := must(client.EventsV1().Events(namespace).List(ctx, metav1.ListOptions{}))
		for _, event := range list.Items {
			if event.Series == nil {
				counted++
			} else {
				counted += int(event.Series.Count)
			}
		}
		return len(list.Items), counted
	}
	times := map[*corev1.Pod]int{}
	return func(o occurrence) int {
		recorder.Eventf(o.pod, nil, o.kind, o.reason, o.action, "%s", o.note)
		if times[o.pod]++; times[o.pod] > 2 {
			return 0
		}
		return 1 // a patch that overtakes the creation would fail
	}, counts
}

// correlate measures the correlation of core v1 alone: from the arguments of a call to the event that would be written.
func correlate(file string) {
	found := occurrences(file, "default")
	correlator := record.NewEventCorrelator(clock.RealClock{})
	written := 0
	runtime.GC()
	result, span := sample{}, begin()
	for _, each := range found {
		object := must(reference.GetReference(scheme.Scheme, each.pod))
		now := metav1.Time{Time: time.Now()}
		correlated := must(correlator.EventCorrelate(&corev1.Event{
			ObjectMeta:     metav1.ObjectMeta{Name: fmt.Sprintf("%s.%x", object.Name, now.UnixNano()), Namespace: object.Namespace},
			InvolvedObject: *object,
			Reason:         each.reason,
			Message:        each.note,
			FirstTimestamp: now,
			LastTimestamp:  now,
			Count:          1,
			Type:           each.kind,
			Source:         corev1.EventSource{Component: component},
		}))
		if !correlated.Skip {
			written++
			correlator.UpdateState(correlated.Event)
		}
	}
	span.end(result, len(found))
	result["count"], result["sum"] = len(found), fmt.Sprintf("%d written", written)
	result.print()
}
