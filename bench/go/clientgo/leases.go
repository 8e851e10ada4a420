package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// timedLock measures how long the renewals of a lock take, in milliseconds.
type timedLock struct {
	resourcelock.Interface
	times *renewals
}

type renewals struct {
	lock   sync.Mutex
	millis []float64
	failed int
}

func (l *timedLock) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	start := time.Now()
	err := l.Interface.Update(ctx, record)
	took := time.Since(start).Seconds() * 1e3
	l.times.lock.Lock()
	defer l.times.lock.Unlock()
	if err != nil {
		l.times.failed++
	} else {
		l.times.millis = append(l.times.millis, took)
	}
	return err
}

// leases holds a number of Leases with one client for some seconds, with the default durations.
func leases(format, host, authority, token string, count, seconds int) {
	client := admin(format, host, authority, token)
	namespace := newNamespace(client)
	identity := resourcelock.ResourceLockConfig{Identity: component}
	times := &renewals{}
	var leading sync.WaitGroup
	var lost atomic.Int64
	leading.Add(count)
	for number := range count {
		lock := &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Name: fmt.Sprintf("lease-%d", number), Namespace: namespace},
			Client:     client.CoordinationV1(),
			LockConfig: identity,
		}
		elector := must(leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
			Lock:          &timedLock{lock, times},
			LeaseDuration: 15 * time.Second,
			RenewDeadline: 10 * time.Second,
			RetryPeriod:   2 * time.Second,
			Callbacks: leaderelection.LeaderCallbacks{
				OnStartedLeading: func(context.Context) { leading.Done() },
				OnStoppedLeading: func() { lost.Add(1) },
			},
		}))
		go elector.Run(context.Background())
	}
	leading.Wait()
	runtime.GC()
	times.lock.Lock()
	times.millis, times.failed = make([]float64, 0, count*seconds), 0
	times.lock.Unlock()
	before, began := cpu(), time.Now()
	time.Sleep(time.Duration(seconds) * time.Second)
	used, elapsed := cpu()-before, time.Since(began).Seconds()
	times.lock.Lock()
	defer times.lock.Unlock()
	millis := times.millis
	slices.Sort(millis)
	sample{
		"lost": lost.Load(), "renewals": len(millis), "failed": times.failed,
		"cpu": used / float64(len(millis)) * 1e6, "cpu share": used / elapsed * 100, "rss": resident() / 1e6,
		"p50": millis[len(millis)/2], "p99": millis[len(millis)*99/100], "max": millis[len(millis)-1],
		"count": count,
	}.print()
	os.Exit(0)
}
