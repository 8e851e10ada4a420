package main

import (
	"errors"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/flowcontrol"
	"k8s.io/client-go/util/workqueue"

	"golang.org/x/time/rate"
)

func pass(milliseconds int64) {
	time.Sleep(time.Duration(milliseconds) * time.Millisecond)
	synctest.Wait()
}

// limiterSpec describes a limiter: its kind and its numbers, durations in nanoseconds.
type limiterSpec struct {
	Kind     string        `json:"kind"`
	Base     int64         `json:"base"`
	Max      int64         `json:"max"`
	Attempts int           `json:"attempts"`
	Rate     float64       `json:"rate"`
	Burst    int           `json:"burst"`
	Of       []limiterSpec `json:"of"`
}

func (s limiterSpec) limiter() workqueue.TypedRateLimiter[string] {
	base, most := time.Duration(s.Base), time.Duration(s.Max)
	switch s.Kind {
	case "exponential":
		return workqueue.NewTypedItemExponentialFailureRateLimiter[string](base, most)
	case "fast_slow":
		return workqueue.NewTypedItemFastSlowRateLimiter[string](base, most, s.Attempts)
	case "bucket":
		return &workqueue.TypedBucketRateLimiter[string]{Limiter: rate.NewLimiter(rate.Limit(s.Rate), s.Burst)}
	case "max_of":
		var limiters []workqueue.TypedRateLimiter[string]
		for _, each := range s.Of {
			limiters = append(limiters, each.limiter())
		}
		return workqueue.NewTypedMaxOfRateLimiter(limiters...)
	case "max_wait":
		return workqueue.NewTypedWithMaxWaitRateLimiter(s.Of[0].limiter(), most)
	case "controller":
		return workqueue.DefaultTypedControllerRateLimiter[string]()
	case "item_based":
		return workqueue.DefaultTypedItemBasedRateLimiter[string]()
	}
	unknown(s.Kind)
	return nil
}

// runLimiters runs a script against a limiter of a work queue, or against a token bucket of requests.
func runLimiters(input []byte) any {
	in := read[struct {
		Limiter limiterSpec `json:"limiter"`
		Script  []step      `json:"script"`
	}](input)
	results := []any{}
	if in.Limiter.Kind == "requests" {
		bucket := flowcontrol.NewTokenBucketRateLimiter(float32(in.Limiter.Rate), in.Limiter.Burst)
		for _, each := range in.Script {
			switch each.name() {
			case "accept":
				results = append(results, bucket.TryAccept())
			case "pass":
				pass(argument[int64](each, 1))
			default:
				unknown(each.name())
			}
		}
		return results
	}
	limiter := in.Limiter.limiter()
	for _, each := range in.Script {
		switch each.name() {
		case "when":
			results = append(results, decimal(limiter.When(argument[string](each, 1)).Nanoseconds()))
		case "forget":
			limiter.Forget(argument[string](each, 1))
		case "requeues":
			results = append(results, limiter.NumRequeues(argument[string](each, 1)))
		case "pass":
			pass(argument[int64](each, 1))
		default:
			unknown(each.name())
		}
	}
	return results
}

// runWorkQueue runs a script against a rate-limiting queue and returns the result of each step that has one.
func runWorkQueue(input []byte) any {
	in := read[struct {
		Limiter limiterSpec `json:"limiter"`
		Script  []step      `json:"script"`
	}](input)
	queue := workqueue.NewTypedRateLimitingQueue(in.Limiter.limiter())
	defer func() {
		queue.ShutDown()
		// The queue's goroutines notice the end when they next read the time.
		pass(60_000)
	}()
	results := []any{}
	taken := map[string]bool{}
	for _, each := range in.Script {
		switch each.name() {
		case "add":
			queue.Add(argument[string](each, 1))
		case "add_after":
			queue.AddAfter(argument[string](each, 1), time.Duration(argument[int64](each, 2))*time.Millisecond)
		case "add_rate_limited":
			queue.AddRateLimited(argument[string](each, 1))
		case "forget":
			queue.Forget(argument[string](each, 1))
		case "done":
			// An item that no worker has is left alone, as workers do; done_anyway is the mistake.
			if item := argument[string](each, 1); taken[item] {
				delete(taken, item)
				queue.Done(item)
			}
		case "done_anyway":
			queue.Done(argument[string](each, 1))
		case "requeues":
			results = append(results, queue.NumRequeues(argument[string](each, 1)))
		case "len":
			results = append(results, queue.Len())
		case "get":
			item := next(queue)
			if name, is := item.(string); is {
				taken[name] = true
			}
			results = append(results, item)
		case "shut_down":
			queue.ShutDown()
		case "drain":
			go queue.ShutDownWithDrain()
		case "pass":
			pass(argument[int64](each, 1))
		default:
			unknown(each.name())
		}
		synctest.Wait()
	}
	return results
}

// next takes an item unless that would block.
func next(queue workqueue.TypedRateLimitingInterface[string]) any {
	if queue.Len() == 0 && !queue.ShuttingDown() {
		return nil
	}
	item, shutdown := queue.Get()
	if shutdown {
		return object{"shut_down": true}
	}
	return item
}

// runDeltaFIFO runs a script against a DeltaFIFO and the store behind it, which pop keeps up to date.
func runDeltaFIFO(input []byte) any {
	in := read[struct {
		Script []step `json:"script"`
		Known  bool   `json:"known"`
	}](input)
	store := cache.NewStore(cache.MetaNamespaceKeyFunc)
	options := cache.DeltaFIFOOptions{KeyFunction: cache.MetaNamespaceKeyFunc, EmitDeltaTypeReplaced: true}
	if in.Known {
		options.KnownObjects = store
	}
	queue := cache.NewDeltaFIFOWithOptions(options)
	// A closed queue accepts and returns items as before, but pop does not wait for more.
	queue.Close()
	results := []any{}
	for _, each := range in.Script {
		switch each.name() {
		case "add":
			must(queue.Add(named(each)))
		case "update":
			must(queue.Update(named(each)))
		case "delete":
			must(queue.Delete(named(each)))
		case "replace":
			objects := []any{}
			for _, pair := range argument[[][2]string](each, 1) {
				objects = append(objects, meta(pair[0], pair[1]))
			}
			must(queue.Replace(objects, ""))
		case "synced":
			results = append(results, queue.HasSynced())
		case "pop":
			results = append(results, pop(queue, store))
		default:
			unknown(each.name())
		}
	}
	for left := pop(queue, store); left != nil; left = pop(queue, store) {
		results = append(results, left)
	}
	return results
}

func named(s step) *metav1.PartialObjectMetadata {
	return meta(argument[string](s, 1), argument[string](s, 2))
}

func meta(name, version string) *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "n", ResourceVersion: version}}
}

// pop takes the item that has waited longest and applies it to the store; nil if no item waits.
func pop(queue *cache.DeltaFIFO, store cache.Store) any {
	var result any
	_, err := queue.Pop(func(item any, initial bool) error {
		result = apply(item.(cache.Deltas), initial, store)
		return nil
	})
	if errors.Is(err, cache.ErrFIFOClosed) {
		return nil
	}
	must(err)
	return result
}

func apply(deltas cache.Deltas, initial bool, store cache.Store) any {
	key := ""
	told := []any{}
	for _, delta := range deltas {
		obj := delta.Object
		tombstone, missed := obj.(cache.DeletedFinalStateUnknown)
		if missed {
			obj = tombstone.Obj
		}
		of := obj.(*metav1.PartialObjectMetadata)
		key = of.Namespace + "/" + of.Name
		told = append(told, []any{string(delta.Type), of.ResourceVersion, missed})
		if delta.Type == cache.Deleted {
			must(store.Delete(obj))
		} else {
			must(store.Add(obj))
		}
	}
	return object{"key": key, "deltas": told, "initial": initial}
}
