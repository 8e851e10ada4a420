package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// sample is what one process reports: the harness takes medians over processes.
type sample map[string]any

func (s sample) print() { fmt.Println(string(must(json.Marshal(s)))) }

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// cpu is user + system seconds of this process, the garbage collector's threads included.
func cpu() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

// settledRSS is the resident memory in bytes once everything that can be given back has been.
func settledRSS() float64 {
	runtime.GC()
	debug.FreeOSMemory()
	time.Sleep(50 * time.Millisecond)
	debug.FreeOSMemory()
	return resident()
}

// resident is the present resident memory in bytes.
func resident() float64 {
	for _, line := range strings.Split(string(must(os.ReadFile("/proc/self/status"))), "\n") {
		if strings.HasPrefix(line, "VmRSS:") {
			return float64(must(strconv.Atoi(strings.Fields(line)[1]))) * 1024
		}
	}
	panic("no VmRSS")
}

// span measures CPU and wall time from its start, per item.
type span struct {
	cpu  float64
	wall time.Time
}

func begin() span { return span{cpu(), time.Now()} }

func (s span) end(into sample, items int) {
	wall := time.Since(s.wall).Seconds()
	into["cpu"] = (cpu() - s.cpu) / float64(items) * 1e6
	into["wall"] = wall / float64(items) * 1e6
}

// collectionMillis is the CPU of a full collection: it runs beside the program, but not for nothing.
func collectionMillis() float64 {
	best := 1e9
	for range 3 {
		before := cpu()
		runtime.GC()
		best = min(best, cpu()-before)
	}
	return best * 1e3
}

func checksum(names []string) string {
	hash := sha256.New()
	for _, name := range names {
		hash.Write([]byte(name + "\n"))
	}
	return fmt.Sprintf("%x", hash.Sum(nil))[:12]
}
