package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// ask sends a request to the conductor, which makes changes and looks at the server.
func ask(url string) (answer map[string]float64) {
	response := must(http.Get(url))
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		panic(err)
	}
	http.DefaultClient.CloseIdleConnections()
	return answer
}

// streams opens watches on the real server, counts events on them, and sends requests beside them.
func streams(format, protocol, host, authority, token, namespace, conductor string, watches, events, rate, atOnce, rounds int) {
	c := &rest.Config{Host: host, QPS: -1, BearerToken: token}
	c.CAFile = authority
	if format == "json" {
		c.ContentType = contentTypes["json"]
	}
	if protocol == "http/1.1" {
		c.NextProtos = []string{protocol}
	}
	ctx := context.Background()
	pods := must(kubernetes.NewForConfig(c)).CoreV1().Pods(namespace)
	get := func() {
		if must(pods.Get(ctx, "pod-000", metav1.GetOptions{})).UID == "" {
			panic("a hollow pod")
		}
	}
	look := func() map[string]float64 { return ask(fmt.Sprintf("%s/look?pid=%d", conductor, os.Getpid())) }
	change := func(count int) { ask(fmt.Sprintf("%s/change?count=%d&rate=%d", conductor, count, rate)) }
	get()

	var group sync.WaitGroup
	var left atomic.Int64
	expect := func(count int) {
		left.Store(int64(count))
		group.Add(1)
	}
	before, memory := look(), settledRSS()
	opening, result := begin(), sample{}
	expect(watches) // each watch begins with the pod that it selects
	for number := range watches {
		go func() {
			stream := must(pods.Watch(ctx, metav1.ListOptions{LabelSelector: "bench=" + strconv.Itoa(number), ResourceVersion: "0"}))
			for range stream.ResultChan() {
				if left.Add(-1) == 0 {
					group.Done()
				}
			}
			panic("a watch ended")
		}()
	}
	group.Wait()
	opening.end(result, watches)
	opened := look()

	expect(events)
	counting, perEvent := begin(), sample{}
	change(events)
	group.Wait()
	counting.end(perEvent, events)
	watched, held := look(), settledRSS()

	beside := atOnce * rounds / 20 // changes that run while requests do
	expect(beside)
	requesting, perRequest := begin(), sample{}
	change(beside)
	times := []float64{}
	var lock sync.Mutex
	for range rounds {
		var round sync.WaitGroup
		for range atOnce {
			round.Go(func() {
				start := time.Now()
				get()
				lock.Lock()
				times = append(times, time.Since(start).Seconds()*1e3)
				lock.Unlock()
			})
		}
		round.Wait()
	}
	group.Wait()
	requesting.end(perRequest, len(times))
	requested := look()
	sort.Float64s(times)
	runtime.KeepAlive(group)
	sample{
		"open": result["cpu"], "open wall": result["wall"], "event": perEvent["cpu"],
		"request": perRequest["cpu"].(float64) - perEvent["cpu"].(float64)*float64(beside)/float64(len(times)),
		"p50":     times[len(times)/2], "p99": times[len(times)*99/100], "memory": held - memory,
		"looks": []any{before, opened, watched, requested},
		"count": watches + events + beside, "sum": fmt.Sprintf("%d events, %d requests", watches+events+beside, len(times)),
	}.print()
	os.Exit(0)
}
