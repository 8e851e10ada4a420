// golden runs the inputs of tests/conformance/golden with client-go and its libraries.
//
//	go run . -in FOLDER -out FOLDER -fixtures FOLDER
//
// Each file SURFACE.jsonl of the input folder holds one case per line; the file of the same name in the output folder
// contains the result of each case in the same line. Each case runs twice; if the two results differ, the line
// contains {"unstable":true}, and the case does not count. Nothing here reads a clock: cases that wait run in a bubble of
// testing/synctest, in which time advances only when all goroutines wait.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"testing/synctest"

	"k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/klog/v2"
)

// object is a JSON object of a result; encoding/json writes its keys sorted.
type object = map[string]any

// refused is the result of an input that Go refuses. The text of the error is not compared.
var refused = struct {
	Error bool `json:"error"`
}{true}

type surface struct {
	run func(input []byte) any
	// waits reports that the run takes time, which must be virtual.
	waits bool
}

var surfaces = map[string]surface{
	"core_events":        {run: runCoreEvents, waits: true},
	"delta_fifo":         {run: runDeltaFIFO},
	"errors":             {run: runErrors, waits: true},
	"event_names":        {run: runEventNames},
	"event_series":       {run: runEventSeries, waits: true},
	"exec_credentials":   {run: runExecCredentials},
	"exec_info":          {run: runExecInfo},
	"exec_policies":      {run: runExecPolicies},
	"fields":             {run: runFields},
	"headers":            {run: runHeaders},
	"int_or_string":      {run: runIntOrString},
	"json_patches":       {run: runJSONPatches},
	"jsonpath":           {run: runJSONPath},
	"kubeconfig":         {run: runKubeconfig},
	"kubeconfig_changes": {run: runKubeconfigChanges},
	"kubeconfig_views":   {run: runKubeconfigViews},
	"labels":             {run: runLabels},
	"limiters":           {run: runLimiters, waits: true},
	"merge_patches":      {run: runMergePatches},
	"messages":           {run: runMessages},
	"migrations":         {run: runMigrations},
	"names":              {run: runNames},
	"oidc":               {run: runOIDC, waits: true},
	"patches":            {run: runPatches},
	"priority_queue":     {run: runPriorityQueue, waits: true},
	"proxies":            {run: runProxies},
	"quantities":         {run: runQuantities},
	"references":         {run: runReferences},
	"responses":          {run: runResponses, waits: true},
	"rest_mapper":        {run: runRESTMapper},
	"schema":             {run: runSchema},
	"strategic_patches":  {run: runStrategicPatches},
	"tables":             {run: runTables},
	"times":              {run: runTimes},
	"urls":               {run: runURLs},
	"workqueue":          {run: runWorkQueue, waits: true},
	"yaml":               {run: runYAML},
}

// unstable is the line of a case with several results.
var unstable = []byte(`{"unstable":true}` + "\n")

var fixtures string

func main() {
	in := flag.String("in", "", "folder with the inputs")
	out := flag.String("out", "", "folder for the results")
	flag.StringVar(&fixtures, "fixtures", "", "folder with certificates and keys")
	testing.Init()
	flag.Parse()
	klog.SetSlogLogger(slog.New(slog.DiscardHandler))
	// net/http logs bytes here that no request asked for.
	log.SetOutput(io.Discard)
	runtime.ReallyCrash = false
	// The environment must not reach client-go.
	os.Clearenv()
	os.Setenv("HOME", "/nonexistent")

	// testing/synctest requires a test, so this is run as one.
	work := func(t *testing.T) {
		if err := record(t, *in, *out); err != nil {
			t.Fatal(err)
		}
	}
	testing.Main(func(_, _ string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: "golden", F: work}}, nil, nil)
}

func record(t *testing.T, in, out string) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	names := make([]string, 0, len(surfaces))
	for name := range surfaces {
		names = append(names, name)
	}
	sort.Strings(names)
	total, unstable := 0, 0
	for _, name := range names {
		count, dropped, err := recordSurface(t, surfaces[name], filepath.Join(in, name+".jsonl"), filepath.Join(out, name+".jsonl"))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		total, unstable = total+count, unstable+dropped
	}
	fmt.Printf("%d cases run, %d of them dropped because two runs gave two results\n", total, unstable)
	return nil
}

func recordSurface(t *testing.T, by surface, in, out string) (count, dropped int, err error) {
	data, err := os.ReadFile(in)
	if err != nil {
		return 0, 0, err
	}
	var results bytes.Buffer
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		first, second := runOnce(t, by, lines.Bytes()), runOnce(t, by, lines.Bytes())
		if !bytes.Equal(first, second) {
			first = unstable
		}
		if bytes.Equal(first, unstable) {
			dropped++
		}
		results.Write(first)
		count++
	}
	if err := lines.Err(); err != nil {
		return 0, 0, err
	}
	return count, dropped, os.WriteFile(out, results.Bytes(), 0o644)
}

// runOnce returns the result as one line of JSON.
func runOnce(t *testing.T, by surface, input []byte) []byte {
	var result any
	work := func() {
		defer func() {
			if problem := recover(); problem != nil {
				if mistake, is := problem.(mistake); is {
					panic(mistake)
				}
				result = object{"panic": true}
			}
		}()
		result = by.run(input)
	}
	if by.waits {
		synctest.Test(t, func(*testing.T) { work() })
	} else {
		work()
	}
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	must(encoder.Encode(result))
	return line.Bytes()
}

// mistake is an input that this program cannot read: the generator is wrong, not Go.
type mistake struct{ err error }

func (m mistake) Error() string { return m.err.Error() }

func must(err error) {
	if err != nil {
		panic(mistake{err})
	}
}

// read decodes a case; a field that this program does not know is a mistake.
func read[T any](input []byte) T {
	var value T
	decoder := json.NewDecoder(bytes.NewReader(input))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&value); err != nil {
		panic(mistake{fmt.Errorf("%w: %s", err, input)})
	}
	return value
}

// step is one operation of a script: its name, and its arguments.
type step []json.RawMessage

func (s step) name() string { return argument[string](s, 0) }

func argument[T any](s step, index int) T {
	if index >= len(s) {
		panic(mistake{fmt.Errorf("a step of %d parts has no part %d", len(s), index)})
	}
	return read[T](s[index])
}

func unknown(what string) any {
	panic(mistake{fmt.Errorf("no such operation: %q", what)})
}

func trimSlash(text string) string { return strings.TrimRight(text, "/") }
