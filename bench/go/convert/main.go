// Command convert derives the protobuf twins of the JSON workload, with apimachinery's own encoders.
//
//	convert DIR NAME…    NAME.json (a list or an object) → NAME.pb;  NAME.jsonl (a watch stream) → NAME.pbstream
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"
)

var (
	decoder = scheme.Codecs.UniversalDeserializer()
	framed  = protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)
	raw     = protobuf.NewRawSerializer(scheme.Scheme, scheme.Scheme)
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func encode(encoder runtime.Encoder, object runtime.Object) []byte {
	var buffer bytes.Buffer
	if err := encoder.Encode(object, &buffer); err != nil {
		panic(err)
	}
	return buffer.Bytes()
}

func decode(data []byte) runtime.Object {
	value, kind, err := decoder.Decode(data, nil, nil)
	if err != nil {
		panic(err)
	}
	value.GetObjectKind().SetGroupVersionKind(*kind)
	return value
}

func object(path string) {
	value := decode(must(os.ReadFile(path + ".json")))
	if err := os.WriteFile(path+".pb", encode(framed, value), 0o644); err != nil {
		panic(err)
	}
}

// stream writes frames of a 4-byte big-endian length and a bare WatchEvent, as a server does on a protobuf watch.
func stream(path string) {
	in := must(os.Open(path + ".jsonl"))
	file := must(os.Create(path + ".pbstream"))
	out := bufio.NewWriter(file)
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 1<<20), 1<<20)
	for lines.Scan() {
		var event struct {
			Type   string
			Object json.RawMessage
		}
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			panic(err)
		}
		object := runtime.RawExtension{Raw: encode(framed, decode(event.Object))}
		frame := encode(raw, &metav1.WatchEvent{Type: event.Type, Object: object})
		must(0, binary.Write(out, binary.BigEndian, uint32(len(frame))))
		must(out.Write(frame))
	}
	if err := out.Flush(); err != nil {
		panic(err)
	}
	if err := file.Close(); err != nil {
		panic(err)
	}
}

func main() {
	if err := metav1.AddMetaToScheme(scheme.Scheme); err != nil { // PartialObjectMetadata
		panic(err)
	}
	for _, name := range os.Args[2:] {
		path := filepath.Join(os.Args[1], name)
		if strings.HasPrefix(name, "watch-") {
			stream(path)
		} else {
			object(path)
		}
		fmt.Println(name)
	}
}
