package main

import (
	"sync"
	"testing/synctest"
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
)

// runPriorityQueue runs a script against controller-runtime's priority queue and returns what its workers get, as
// pairs of an item and a priority. A step get is one more worker, which waits for an item.
func runPriorityQueue(input []byte) any {
	in := read[struct {
		Script []step `json:"script"`
	}](input)
	queue := priorityqueue.New("", func(o *priorityqueue.Opts[string]) {
		o.RateLimiter = workqueue.NewTypedItemExponentialFailureRateLimiter[string](10*time.Millisecond, time.Second)
	})
	results := []any{}
	taken := map[string]bool{}
	var lock sync.Mutex
	get := func() {
		item, priority, shutdown := queue.GetWithPriority()
		lock.Lock()
		defer lock.Unlock()
		if shutdown {
			return
		}
		taken[item] = true
		results = append(results, []any{item, priority})
	}
	for _, each := range in.Script {
		options := priorityqueue.AddOpts{}
		switch each.name() {
		case "add":
			options.Priority = new(argument[int](each, 2))
			queue.AddWithOpts(options, argument[string](each, 1))
		case "add_after":
			options.Priority = new(argument[int](each, 2))
			options.After = time.Duration(argument[int64](each, 3)) * time.Millisecond
			queue.AddWithOpts(options, argument[string](each, 1))
		case "add_rate_limited":
			options.Priority = new(argument[int](each, 2))
			options.RateLimited = true
			queue.AddWithOpts(options, argument[string](each, 1))
		case "forget":
			queue.Forget(argument[string](each, 1))
		case "get":
			go get()
		case "done":
			if item := argument[string](each, 1); taken[item] {
				delete(taken, item)
				queue.Done(item)
			}
		case "pass":
			pass(argument[int64](each, 1))
		default:
			unknown(each.name())
		}
		synctest.Wait()
	}
	queue.ShutDown()
	synctest.Wait()
	return results
}
