// Command replay is an API server that holds its answers ready: LIST and watch of pods, GET of one pod, HTTP and TLS.
//
//	replay DIR SIZE EVENTS [CERT KEY]    prints its two addresses as JSON, then serves until its standard input ends
//
// The first segment of the path chooses the collection: /full SIZE pods, /one a single pod, /empty none. A watch of
// /full replays the events, one HTTP chunk each, after GET /go. sendInitialEvents is refused, as by a server without it.
// A client that asks for PartialObjectMetadata gets the metadata only.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const protobuf = "application/vnd.kubernetes.protobuf"

const refusal = `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"sendInitialEvents is ` +
	`forbidden for watch unless the WatchList feature gate is enabled","reason":"Invalid","code":422}`

// body is one answer in both encodings, and optionally the answer that has the metadata only.
type body struct {
	json, protobuf []byte
	metadata       *body
}

func (b body) in(accept string) (string, []byte) {
	if b.metadata != nil && strings.Contains(accept, "as=PartialObjectMetadata") {
		return b.metadata.in(strings.ReplaceAll(accept, "as=PartialObjectMetadata", ""))
	}
	if b.protobuf != nil && strings.Contains(accept, protobuf) {
		return protobuf, b.protobuf
	}
	return "application/json", b.json
}

type server struct {
	full, one, empty, pod body
	events                map[bool]body // with bookmarks, without
	mutex                 sync.Mutex
	gate                  chan struct{}
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func chunk(into *bytes.Buffer, data []byte) {
	fmt.Fprintf(into, "%x\r\n", len(data))
	into.Write(data)
	into.WriteString("\r\n")
}

func load(dir, size, events string) *server {
	read := func(name string) []byte { return must(os.ReadFile(filepath.Join(dir, name))) }
	s := &server{gate: make(chan struct{})}
	both := func(name string) body { return body{json: read(name + ".json"), protobuf: read(name + ".pb")} }
	list, metadata := "pods-"+size, both("pods-"+size+"-metadata")
	s.full, s.pod = both(list), both("pod")
	s.full.metadata = &metadata
	head := `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"99000000"},"items":[`
	s.empty = body{json: []byte(head + "]}\n")}
	s.one = body{json: append(append([]byte(head), bytes.TrimSpace(s.pod.json)...), "]}\n"...)}

	name := "watch-" + size + "-" + events
	s.events = chunked(read, name)
	for bookmarks, metadata := range chunked(read, name+"-metadata") {
		whole := s.events[bookmarks]
		whole.metadata = &metadata
		s.events[bookmarks] = whole
	}
	return s
}

// chunked returns the events of a watch as HTTP chunks, with and without bookmarks.
func chunked(read func(string) []byte, name string) map[bool]body {
	lines := bufio.NewScanner(bytes.NewReader(read(name + ".jsonl")))
	lines.Buffer(make([]byte, 1<<20), 1<<20)
	frames := read(name + ".pbstream")
	var with, without [2]bytes.Buffer
	for lines.Scan() {
		line := append(bytes.Clone(lines.Bytes()), '\n')
		length := 4 + int(binary.BigEndian.Uint32(frames))
		frame := frames[:length]
		frames = frames[length:]
		chunk(&with[0], line)
		chunk(&with[1], frame)
		if !bytes.HasPrefix(line, []byte(`{"type":"BOOKMARK"`)) {
			chunk(&without[0], line)
			chunk(&without[1], frame)
		}
	}
	return map[bool]body{
		true:  {json: with[0].Bytes(), protobuf: with[1].Bytes()},
		false: {json: without[0].Bytes(), protobuf: without[1].Bytes()},
	}
}

func (s *server) open() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	close(s.gate)
	s.gate = make(chan struct{})
}

func (s *server) wait() chan struct{} {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.gate
}

func reply(w http.ResponseWriter, code int, kind string, data []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", fmt.Sprint(len(data)))
	w.WriteHeader(code)
	w.Write(data) //nolint:errcheck // the client left
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	collection, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	query, accept := r.URL.Query(), r.Header.Get("Accept")
	watching := query.Get("watch") == "true" || query.Get("watch") == "1"
	switch {
	case collection == "go":
		s.open()
		reply(w, 200, "application/json", []byte("{}"))
	case rest == "version" || rest == "version/": // some clients ask before anything else
		reply(w, 200, "application/json", []byte(`{"major":"1","minor":"37","gitVersion":"v1.37.0"}`))
	case strings.HasPrefix(rest, "api/v1/namespaces/"):
		kind, data := s.pod.in(accept)
		reply(w, 200, kind, data)
	case rest != "api/v1/pods":
		reply(w, 404, "text/plain", []byte("no such path\n"))
	case watching && query.Get("sendInitialEvents") == "true":
		reply(w, 422, "application/json", []byte(refusal))
	case watching:
		s.watch(w, collection, accept, query.Get("allowWatchBookmarks") == "true")
	default:
		answer := map[string]body{"full": s.full, "one": s.one, "empty": s.empty}[collection]
		kind, data := answer.in(accept)
		reply(w, 200, kind, data)
	}
}

func (s *server) watch(w http.ResponseWriter, collection, accept string, bookmarks bool) {
	gate := s.wait()
	connection, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer connection.Close()
	kind, data := s.events[bookmarks].in(accept)
	if kind == protobuf {
		kind += ";stream=watch"
	}
	fmt.Fprintf(connection, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n", kind)
	if collection == "full" {
		<-gate
		if _, err := connection.Write(data); err != nil {
			return
		}
	}
	connection.SetReadDeadline(time.Now().Add(2 * time.Minute)) //nolint:errcheck // a closed connection ends the read
	connection.Read(make([]byte, 1))                            //nolint:errcheck // until the client leaves
}

func main() {
	handler := load(os.Args[1], os.Args[2], os.Args[3])
	plain := must(net.Listen("tcp", "127.0.0.1:0"))
	addresses := map[string]string{"http": "http://" + plain.Addr().String()}
	go func() { log.Fatal(http.Serve(plain, handler)) }()
	if len(os.Args) > 5 {
		secure := must(net.Listen("tcp", "127.0.0.1:0"))
		addresses["https"] = "https://" + secure.Addr().String()
		encrypted := &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0)} // clients that leave early are no news
		encrypted.Protocols = new(http.Protocols)
		encrypted.Protocols.SetHTTP1(true)
		go func() { log.Fatal(encrypted.ServeTLS(secure, os.Args[4], os.Args[5])) }()
	}
	fmt.Println(string(must(json.Marshal(addresses))))
	io.Copy(io.Discard, os.Stdin) //nolint:errcheck // the end of the input is the signal
}
