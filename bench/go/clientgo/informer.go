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
	"k8s.io/client-go/informers/core/v1"
	"k8s.io/client-go/kubernetes"
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

func (c *counter) hit(kind *atomic.Int64) {
	kind.Add(1)
	if c.left.Add(-1) == 0 {
		c.group.Done()
	}
}

// informer holds the pods with two indices and three handlers; sync: start → synced, watch: the replayed events.
func informer(format, mode, host, collection string, pods, events int) {
	result := sample{}
	span := begin()
	client := must(kubernetes.NewForConfig(config(format, host+"/"+collection)))
	informer := v1.NewPodInformer(client, "", 0, cache.Indexers{
		cache.NamespaceIndex: cache.MetaNamespaceIndexFunc,
		"node":               func(o any) ([]string, error) { return []string{o.(*corev1.Pod).Spec.NodeName}, nil },
	})
	var group sync.WaitGroup
	counters := []*counter{}
	for range 3 {
		c := &counter{group: &group}
		c.expect(pods)
		counters = append(counters, c)
		must(informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(any) { c.hit(&c.added) },
			UpdateFunc: func(_, _ any) { c.hit(&c.updated) },
			DeleteFunc: func(any) { c.hit(&c.deleted) },
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
		pod := object.(*corev1.Pod)
		names = append(names, pod.Namespace+"/"+pod.Name+"@"+pod.ResourceVersion)
	}
	sort.Strings(names)
	result["count"], result["sum"] = len(names), checksum(names)
	result["nodes"] = len(informer.GetIndexer().ListIndexFuncValues("node"))
	result.print()
	os.Exit(0)
}
