// Command clientgo is client-go's side of the benchmarks: one measurement in one fresh process, one line of JSON.
//
//	clientgo decode   json|protobuf DIR SIZE
//	clientgo request  json|protobuf URL COUNT CONCURRENCY [CA]
//	clientgo start    json|protobuf URL
//	clientgo informer json|protobuf sync|watch HOST COLLECTION PODS EVENTS
//	clientgo latency  json|protobuf URL CA TOKEN CONDUCTOR PODS CHANGES RATE
//	clientgo streams  json|protobuf h2|http/1.1 URL CA TOKEN NAMESPACE CONDUCTOR WATCHES EVENTS RATE AT_ONCE ROUNDS
//	clientgo events   json|protobuf core|series URL CA TOKEN FILE REQUESTS
//	clientgo correlate json|protobuf FILE
//	clientgo leases   json|protobuf URL CA TOKEN COUNT SECONDS
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
)

var contentTypes = map[string]string{
	"json":     "application/json",
	"protobuf": "application/vnd.kubernetes.protobuf",
}

func number(text string) int { return must(strconv.Atoi(text)) }

func config(format, url string) *rest.Config {
	c := &rest.Config{Host: url, QPS: -1}
	if format == "json" { // protobuf is what a typed client asks for unless told otherwise
		c.ContentType = contentTypes["json"]
	}
	return c
}

func decode(format, dir string, size int) {
	factory := rest.CodecFactoryForGeneratedClient(scheme.Scheme, scheme.Codecs).WithoutConversion()
	decoder := must(kruntime.NewClientNegotiator(factory, corev1.SchemeGroupVersion).Decoder(contentTypes[format], nil))
	extension := map[string]string{"json": ".json", "protobuf": ".pb"}[format]
	read := func(name string) []byte { return must(os.ReadFile(dir + "/" + name + extension)) }
	decodeList := func(data []byte) *corev1.PodList {
		list := &corev1.PodList{}
		if err := kruntime.DecodeInto(decoder, data, list); err != nil {
			panic(err)
		}
		return list
	}
	decodeList(read("pods-20"))
	before := settledRSS()
	data := read(fmt.Sprintf("pods-%d", size))
	runtime.GC()
	result := sample{}
	span := begin()
	list := decodeList(data)
	span.end(result, size)
	data = nil
	result["rss"] = (settledRSS() - before) / float64(size) / 1e3
	result["gc pause"] = collectionMillis()
	names := []string{}
	for i := range list.Items {
		pod := &list.Items[i]
		if pod.Spec.NodeName == "" || pod.UID == "" || pod.Status.PodIP == "" {
			panic("a hollow pod")
		}
		names = append(names, pod.Namespace+"/"+pod.Name)
	}
	result["count"], result["sum"] = len(names), checksum(names)
	runtime.KeepAlive(data)
	runtime.KeepAlive(list)
	result.print()
}

func request(format, url string, count, concurrency int, authority string) {
	c := config(format, url)
	c.CAFile = authority
	if authority != "" {
		c.NextProtos = []string{"http/1.1"}
	}
	pods := must(kubernetes.NewForConfig(c)).CoreV1().Pods("team-00")
	run := func(count int) {
		var left atomic.Int64
		left.Store(int64(count))
		var group sync.WaitGroup
		for range concurrency {
			group.Go(func() {
				for left.Add(-1) >= 0 {
					pod := must(pods.Get(context.Background(), "pod", metav1.GetOptions{}))
					if pod.Name == "" || pod.Spec.NodeName == "" {
						panic("a hollow pod")
					}
				}
			})
		}
		group.Wait()
	}
	run(500 + concurrency*4)
	runtime.GC()
	result := sample{"count": count}
	span := begin()
	run(count)
	span.end(result, count)
	result.print()
}

func start(format, url string) {
	client := must(kubernetes.NewForConfig(config(format, url)))
	list := must(client.CoreV1().Pods("").List(context.Background(), metav1.ListOptions{Limit: 1}))
	sample{"count": len(list.Items)}.print()
}

func main() {
	arguments := os.Args[2:]
	switch os.Args[1] {
	case "decode":
		decode(arguments[0], arguments[1], number(arguments[2]))
	case "request":
		authority := ""
		if len(arguments) > 4 {
			authority = arguments[4]
		}
		request(arguments[0], arguments[1], number(arguments[2]), number(arguments[3]), authority)
	case "start":
		start(arguments[0], arguments[1])
	case "informer":
		informer(arguments[0], arguments[1], arguments[2], arguments[3], number(arguments[4]), number(arguments[5]))
	case "streams":
		streams(arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5], arguments[6],
			number(arguments[7]), number(arguments[8]), number(arguments[9]), number(arguments[10]), number(arguments[11]))
	case "latency":
		latency(arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
			number(arguments[5]), number(arguments[6]), number(arguments[7]))
	case "events":
		recordEvents(arguments[1], arguments[0], arguments[2], arguments[3], arguments[4], arguments[5], number(arguments[6]))
	case "correlate":
		correlate(arguments[1])
	case "leases":
		leases(arguments[0], arguments[1], arguments[2], arguments[3], number(arguments[4]), number(arguments[5]))
	default:
		panic("unknown measurement " + os.Args[1])
	}
}
