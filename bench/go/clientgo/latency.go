package main

import (
	"fmt"
	"os"
	"sort"
	"strconv"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// latency runs an informer on the real server, and measures the time from the start of a write to the handler call.
func latency(format, host, authority, token, conductor string, pods, changes, rate int) {
	c := &rest.Config{Host: host, QPS: -1, BearerToken: token}
	c.CAFile = authority
	if format == "json" {
		c.ContentType = contentTypes["json"]
	}
	var listed, changed sync.WaitGroup
	listed.Add(pods)
	changed.Add(changes)
	times := []float64{}
	informer := podInformer(c, os.Getenv("BENCH_MODE"))
	must(informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { listed.Done() },
		UpdateFunc: func(_, o any) {
			now := time.Now().UnixNano()
			sent := must(strconv.ParseInt(o.(metav1.Object).GetAnnotations()["sent"], 10, 64))
			times = append(times, float64(now-sent)/1e6)
			changed.Done()
		},
	}))
	go informer.Run(make(chan struct{}))
	listed.Wait()
	time.Sleep(500 * time.Millisecond) // the watch is open, the process idle
	result, span := sample{}, begin()
	ask(fmt.Sprintf("%s/change?count=%d&rate=%d", conductor, changes, rate))
	changed.Wait()
	span.end(result, changes)
	sort.Float64s(times)
	result["p50"], result["p99"] = times[len(times)/2], times[len(times)*99/100]
	result["writes"] = ask(conductor + "/writes")
	result["count"], result["sum"] = len(times), fmt.Sprintf("%d changes", len(times))
	result.print()
	os.Exit(0)
}
