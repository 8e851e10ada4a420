// Command queue is the Go side of the suite `queue`: client-go's work queue and controller-runtime's priority queue.
//
//	queue plain|priority turns|burst|wake-1|wake-100 COUNT
//
// It prints the CPU and wall time per item, as one line of JSON. An item is added, taken and done once.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
)

const lowPriority = -100

type queue interface {
	Add(item string)
	Get() (item string, shutdown bool)
	Done(item string)
	ShutDown()
}

// mixed adds every other item with a low priority, as a controller does after its start.
type mixed struct {
	priorityqueue.PriorityQueue[string]
	isLow bool
}

func (m *mixed) Add(item string) {
	m.isLow = !m.isLow
	options := priorityqueue.AddOpts{}
	if m.isLow {
		low := lowPriority
		options.Priority = &low
	}
	m.AddWithOpts(options, item)
}

func create(kind string) queue {
	switch kind {
	case "plain":
		return workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[string]())
	case "priority":
		return &mixed{PriorityQueue: priorityqueue.New[string]("")}
	}
	panic("unknown kind of queue: " + kind)
}

// take takes an item and is done with it.
func take(q queue) {
	item, shutdown := q.Get()
	if shutdown {
		panic("the queue was shut down")
	}
	q.Done(item)
}

// turns adds, takes and finishes one item after the other.
func turns(q queue, keys []string) {
	for _, key := range keys {
		q.Add(key)
		take(q)
	}
}

// burst adds all items, then takes and finishes them.
func burst(q queue, keys []string) {
	for _, key := range keys {
		q.Add(key)
	}
	for range keys {
		take(q)
	}
}

// wake adds items at once for as many workers, which wait for them.
func wake(workers int) func(queue, []string) {
	return func(q queue, keys []string) {
		var handled atomic.Int64
		for range workers {
			go func() {
				for {
					item, shutdown := q.Get()
					if shutdown {
						return
					}
					q.Done(item)
					handled.Add(1)
				}
			}()
		}
		runtime.Gosched()
		for start := 0; start < len(keys); start += workers {
			for _, key := range keys[start : start+workers] {
				q.Add(key)
			}
			for handled.Load() < int64(start+workers) {
				runtime.Gosched()
			}
		}
	}
}

func cpu() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

func main() {
	count, err := strconv.Atoi(os.Args[3])
	if err != nil {
		panic(err)
	}
	keys := make([]string, count)
	for number := range keys {
		keys[number] = fmt.Sprintf("default/pod-%d", number)
	}
	q := create(os.Args[1])
	run := map[string]func(queue, []string){
		"turns": turns, "burst": burst, "wake-1": wake(1), "wake-100": wake(100),
	}[os.Args[2]]
	runtime.GC()
	started, before := time.Now(), cpu()
	run(q, keys)
	used, wall := cpu()-before, time.Since(started).Seconds()
	q.ShutDown()
	if err := json.NewEncoder(os.Stdout).Encode(map[string]any{
		"cpu":   used / float64(count) * 1e6,
		"wall":  wall / float64(count) * 1e6,
		"count": count,
		"sum":   fmt.Sprintf("%d items", count),
	}); err != nil {
		panic(err)
	}
}
