// Command serverload puts load on an API server, for the suite `server`. It speaks HTTP/1.1, and JSON if not told otherwise.
//
//	serverload create URL CA TOKEN COLLECTION BODY FIRST COUNT AT_ONCE    objects from a file with the name "NAME"
//	serverload get    URL CA TOKEN COLLECTION PREFIX COUNT AT_ONCE
//	serverload list   URL CA TOKEN COLLECTION ITEMS TIMES ACCEPT ENCODING
//	serverload watch  URL CA TOKEN COLLECTION BODY WATCHES EVENTS         prints "open", then waits for a line
//
// CA is "" for plain HTTP. Each command fails if a response is not the expected one.
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

type server struct {
	client     *http.Client
	collection string
	token      string
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func number(text string) int { return must(strconv.Atoi(text)) }

func connect(url, ca, token, collection string) *server {
	transport := &http.Transport{MaxIdleConnsPerHost: 1000, DisableCompression: true}
	transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{} // no HTTP/2
	if ca != "" {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(must(os.ReadFile(ca)))
		transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	return &server{&http.Client{Transport: transport}, url + collection, token}
}

func (s *server) send(method, path string, body []byte, header ...string) *http.Response {
	request := must(http.NewRequest(method, s.collection+path, bytes.NewReader(body)))
	request.Header.Set("Authorization", "Bearer "+s.token)
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	return must(s.client.Do(request))
}

func finish(response *http.Response, expected int) []byte {
	body := must(io.ReadAll(response.Body))
	response.Body.Close()
	if response.StatusCode != expected {
		log.Fatalf("expected %d, got %d: %.300s", expected, response.StatusCode, body)
	}
	return body
}

// together calls a function with the numbers from first on, in several goroutines.
func together(first, count, atOnce int, do func(int)) {
	var group sync.WaitGroup
	var next atomic.Int64
	for range atOnce {
		group.Go(func() {
			for at := next.Add(1) - 1; at < int64(count); at = next.Add(1) - 1 {
				do(first + int(at))
			}
		})
	}
	group.Wait()
}

func (s *server) create(body []byte, first, count, atOnce int) {
	together(first, count, atOnce, func(at int) {
		finish(s.send("POST", "", bytes.Replace(body, []byte("NAME"), fmt.Appendf(nil, "bench-%06d", at), 1)), 201)
	})
}

func (s *server) get(prefix string, count, atOnce int) {
	together(0, count, atOnce, func(at int) { finish(s.send("GET", fmt.Sprintf("/%s-%06d", prefix, at), nil), 200) })
}

func (s *server) list(items, times int, accept, encoding string) {
	for range times {
		response := s.send("GET", "", nil, "Accept", accept, "Accept-Encoding", encoding)
		if found := response.Header.Get("Content-Encoding"); found != strings.TrimPrefix(encoding, "identity") {
			log.Fatalf("expected the encoding %s, got %q", encoding, found)
		}
		if accept != "application/json" || encoding != "identity" {
			if size := len(finish(response, 200)); size < items*100 {
				log.Fatalf("only %d bytes", size)
			}
		} else if found := bytes.Count(finish(response, 200), []byte(`"metadata":{"name":"`)); found != items {
			log.Fatalf("expected %d items, got %d", items, found)
		}
	}
}

// watch opens watches, updates one object, and returns when each watch has each event.
func (s *server) watch(body []byte, watches, events int) {
	named := bytes.Replace(body, []byte("NAME"), []byte("watched"), 1)
	created := finish(s.send("POST", "", named), 201)
	_, rest, _ := bytes.Cut(created, []byte(`"resourceVersion":"`))
	path := "?watch=true&resourceVersion=" + string(rest[:bytes.IndexByte(rest, '"')])
	var open, done sync.WaitGroup
	for range watches {
		open.Add(1)
		done.Go(func() {
			response := s.send("GET", path, nil)
			if response.StatusCode != 200 {
				finish(response, 200)
			}
			lines := bufio.NewScanner(response.Body)
			lines.Buffer(make([]byte, 1<<16), 1<<20)
			open.Done()
			for at := range events {
				if !lines.Scan() || !bytes.Contains(lines.Bytes(), fmt.Appendf(nil, `"change":"%06d"`, at)) {
					log.Fatalf("expected change %d, got %.300s", at, lines.Text())
				}
			}
			response.Body.Close()
		})
	}
	open.Wait()
	fmt.Println("open")
	in := bufio.NewReader(os.Stdin)
	must(in.ReadString('\n'))
	for at := range events {
		finish(s.send("PUT", "/watched", bytes.Replace(named, []byte("CHANGE"), fmt.Appendf(nil, "%06d", at), 1)), 200)
	}
	done.Wait()
	fmt.Println("seen")
	must(in.ReadString('\n'))
	finish(s.send("DELETE", "/watched", nil), 200)
}

func main() {
	a := os.Args
	s := connect(a[2], a[3], a[4], a[5])
	switch a[1] {
	case "create":
		s.create(must(os.ReadFile(a[6])), number(a[7]), number(a[8]), number(a[9]))
	case "get":
		s.get(a[6], number(a[7]), number(a[8]))
	case "list":
		s.list(number(a[6]), number(a[7]), a[8], a[9])
	case "watch":
		s.watch(must(os.ReadFile(a[6])), number(a[7]), number(a[8]))
	default:
		log.Fatalf("no command %q", a[1])
	}
}
