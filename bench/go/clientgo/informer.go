package main

import (
	"net/http"
	"os"
	"runtime"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// counter is one handler: it counts, and tells when it has seen as many events as it was told to expect.
type counter struct {
	added, updated, deleted, left atomic.Int64
	group                         *sync.WaitGroup
}

func (c *counter) expect(events int) {
	c.left.Store(int64(events))
	if events > 0 {
		c.group.Add(1)
	}
}

// hit counts an event of an object, and reads the metadata of the object as a handler does.
func (c *counter) hit(kind *atomic.Int64, object any) {
	meta := object.(metav1.Object)
	if meta.GetName() == "" || meta.GetLabels()["team"] == "" {
		panic("hollow metadata")
	}
	kind.Add(1)
	if c.left.Add(-1) == 0 {
		c.group.Done()
	}
}

// podInformer returns an informer of all pods, with an index by namespace and one by node: typed, dynamic, or of
// metadata, which has no node.
func podInformer(c *rest.Config, mode string) cache.SharedIndexInformer {
	indexers := cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc}
	pods := corev1.SchemeGroupVersion.WithResource("pods")
	switch mode {
	case "metadata":
		return metadatainformer.NewFilteredMetadataInformer(must(metadata.NewForConfig(c)), pods, "", 0, indexers, nil).Informer()
	case "dynamic":
		indexers["node"] = func(o any) ([]string, error) {
			node, _, err := unstructured.NestedString(o.(*unstructured.Unstructured).Object, "spec", "nodeName")
			return []string{node}, err
		}
		return dynamicinformer.NewFilteredDynamicInformer(must(dynamic.NewForConfig(c)), pods, "", 0, indexers, nil).Informer()
	}
	indexers["node"] = func(o any) ([]string, error) { return []string{o.(*corev1.Pod).Spec.NodeName}, nil }
	return v1.NewPodInformer(must(kubernetes.NewForConfig(c)), "", 0, indexers)
}

// informer holds the pods with two indices and three handlers; sync: start → synced, watch: the replayed events.
func informer(format, mode, host, collection string, pods, events int) {
	result := sample{}
	span := begin()
	informer := podInformer(config(format, host+"/"+collection), os.Getenv("BENCH_MODE"))
	var group sync.WaitGroup
	counters := []*counter{}
	for range 3 {
		c := &counter{group: &group}
		c.expect(pods)
		counters = append(counters, c)
		must(informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(o any) { c.hit(&c.added, o) },
			UpdateFunc: func(_, o any) { c.hit(&c.updated, o) },
			DeleteFunc: func(o any) { c.hit(&c.deleted, o) },
		}))
	}
	go informer.Run(make(chan struct{}))
	group.Wait()
	for !informer.HasSynced() {
		time.Sleep(time.Millisecond)
	}
	span.end(result, max(pods, 1))
	if mode == "watch" {
		for _, c := range counters {
			c.expect(events)
		}
		time.Sleep(500 * time.Millisecond) // the watch is open, the process idle
		runtime.GC()
		span = begin()
		must(http.Get(host + "/go")).Body.Close()
		group.Wait()
		span.end(result, events)
	}
	time.Sleep(300 * time.Millisecond)
	result["rss total"] = settledRSS() / 1e3
	names := []string{}
	for _, object := range informer.GetStore().List() {
		pod := object.(metav1.Object)
		names = append(names, pod.GetNamespace()+"/"+pod.GetName()+"@"+pod.GetResourceVersion())
	}
	sort.Strings(names)
	result["count"], result["sum"] = len(names), checksum(names)
	result.print()
	os.Exit(0)
}
