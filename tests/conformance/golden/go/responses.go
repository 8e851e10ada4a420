package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing/synctest"
	"time"
)

// framing names the header fields that define where a body ends. net/http removes some of them after use,
// so they are not compared; the body and the reuse of the connection show their effect.
var framing = []string{"connection", "content-length", "transfer-encoding", "trailer"}

// runResponses sends one request with http.Transport to a server whose output is given, and reads the response to
// its end. A second request then shows whether the connection is reused. Both ends share a pipe in memory, and the
// clock is virtual, so the transport has always decided before its decision is read.
func runResponses(input []byte) any {
	in := read[struct {
		Method string            `json:"method"`
		Output []json.RawMessage `json:"output"`
		End    string            `json:"end"`
	}](input)
	server := &origin{output: expand(in.Output), closes: in.End == "close"}
	transport := &http.Transport{DialContext: server.dial, DisableCompression: true}

	first := &exchange{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		first.run(transport, in.Method)
	}()
	settle()
	select {
	case <-done:
	default:
		first.waits = true
		server.hangUp()
		<-done
	}
	settle()
	result := first.result()
	if first.header != nil && !first.waits {
		second := &exchange{}
		second.run(transport, http.MethodGet)
		if second.err != nil || second.status != http.StatusOK {
			unknown("no response to the second request")
		}
		result["reused"] = len(server.connections) == 1
	}
	server.hangUp()
	settle()
	return result
}

// settle waits until all goroutines wait for each other: timers of a minute and less have expired too.
func settle() {
	time.Sleep(time.Minute)
	synctest.Wait()
}

// expand puts the output together: a text stands for its bytes (one character per byte), a pair for a text that is
// repeated this number of times.
func expand(pieces []json.RawMessage) []byte {
	var output []byte
	for _, piece := range pieces {
		text, times := "", 1
		if piece[0] == '[' {
			pair := read[step](piece)
			text, times = argument[string](pair, 0), argument[int](pair, 1)
		} else {
			text = read[string](piece)
		}
		output = append(output, bytes.Repeat(unescaped(text), times)...)
	}
	return output
}

func unescaped(text string) []byte {
	var raw []byte
	for _, char := range text {
		raw = append(raw, byte(char))
	}
	return raw
}

// shown is the opposite of unescaped; a long text is shown as its hash.
func shown(raw string) string {
	if len(raw) > 256 {
		hash := sha256.Sum256([]byte(raw))
		return "sha256:" + hex.EncodeToString(hash[:8])
	}
	chars := make([]rune, 0, len(raw))
	for index := range len(raw) {
		chars = append(chars, rune(raw[index]))
	}
	return string(chars)
}

// origin is the server. Its first connection writes the output as soon as it has read a request; every later
// request, on this connection or another, gets an empty 200.
type origin struct {
	output []byte
	closes bool
	// connections are the server's ends of all of them; only dial appends, and only while no goroutine reads.
	connections []net.Conn
}

func (o *origin) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	o.connections = append(o.connections, server)
	go o.serve(server, len(o.connections) == 1)
	return client, nil
}

// hangUp closes all connections.
func (o *origin) hangUp() {
	for _, connection := range o.connections {
		connection.Close()
	}
}

func (o *origin) serve(connection net.Conn, isFirst bool) {
	defer connection.Close()
	requests := bufio.NewReader(connection)
	for {
		request, err := http.ReadRequest(requests)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, request.Body); err != nil {
			return
		}
		output := []byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		if isFirst {
			output = o.output
		}
		if _, err := connection.Write(output); err != nil || (isFirst && o.closes) {
			return
		}
		isFirst = false
	}
}

// exchange is one request and its response.
type exchange struct {
	status int
	header http.Header
	body   bytes.Buffer
	err    error
	waits  bool
}

func (e *exchange) run(transport *http.Transport, method string) {
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader("{}")
	}
	request, err := http.NewRequest(method, "http://server/", body)
	must(err)
	response, err := transport.RoundTrip(request)
	if err != nil {
		e.err = err
		return
	}
	defer response.Body.Close()
	e.status, e.header = response.StatusCode, response.Header
	_, e.err = io.Copy(&e.body, response.Body)
}

func (e *exchange) result() object {
	switch {
	case e.header == nil && e.waits:
		return object{"waits": true}
	case e.header == nil:
		return object{"error": true}
	}
	result := object{"status": e.status, "headers": shownHeader(e.header), "body": shown(e.body.String())}
	if e.body.Len() > 256 {
		result["body_bytes"] = e.body.Len()
	}
	switch {
	case e.waits:
		result["end"] = "waits"
	case e.err != nil:
		result["end"] = "broken"
	default:
		result["end"] = "whole"
	}
	return result
}

// shownHeader lists the header fields in the order of their names; many of them are shown as their number and hash.
func shownHeader(header http.Header) any {
	fields := [][2]string{}
	names := slices.Collect(maps.Keys(header))
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(strings.Compare(strings.ToLower(a), strings.ToLower(b)), strings.Compare(a, b))
	})
	for _, name := range names {
		for _, value := range header[name] {
			if lower := strings.ToLower(name); !slices.Contains(framing, lower) {
				fields = append(fields, [2]string{lower, value})
			}
		}
	}
	if len(fields) > 20 {
		var lines strings.Builder
		for _, field := range fields {
			lines.WriteString(field[0] + ": " + field[1] + "\n")
		}
		return object{"fields": len(fields), "hash": shown(lines.String())}
	}
	for index, field := range fields {
		fields[index] = [2]string{shown(field[0]), shown(field[1])}
	}
	return fields
}
