// Command fakeclientset measures client-go's fake clientset: one line of JSON with the CPU per operation in microseconds.
//
//	fakeclientset POD CONFIGMAP COUNT     two files with one object each
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strconv"
	"syscall"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func cpu() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e3
}

type client[T any] interface {
	Create(context.Context, *T, metav1.CreateOptions) (*T, error)
	Get(context.Context, string, metav1.GetOptions) (*T, error)
	Update(context.Context, *T, metav1.UpdateOptions) (*T, error)
	Delete(context.Context, string, metav1.DeleteOptions) error
}

// measure creates, gets, updates and deletes objects, and returns the CPU per operation of each kind.
func measure[T any](path string, count int, objects client[T], meta func(*T) *metav1.ObjectMeta) map[string]float64 {
	var template T
	if err := json.Unmarshal(must(os.ReadFile(path)), &template); err != nil {
		log.Fatal(err)
	}
	ctx, result := context.Background(), map[string]float64{}
	step := func(name string, do func(at int, name string)) {
		before := cpu()
		for at := range count {
			do(at, fmt.Sprintf("bench-%06d", at))
		}
		result[name] = (cpu() - before) / float64(count)
	}
	live := make([]*T, count)
	step("create", func(_ int, name string) {
		object := template // the fields that are assigned belong to the copy
		meta(&object).Name, meta(&object).Namespace = name, "bench"
		must(objects.Create(ctx, &object, metav1.CreateOptions{}))
	})
	step("get", func(at int, name string) { live[at] = must(objects.Get(ctx, name, metav1.GetOptions{})) })
	step("update", func(at int, _ string) {
		meta(live[at]).Labels = map[string]string{"changed": "yes"}
		must(objects.Update(ctx, live[at], metav1.UpdateOptions{}))
	})
	step("delete", func(_ int, name string) {
		if err := objects.Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
			log.Fatal(err)
		}
	})
	return result
}

func main() {
	count := must(strconv.Atoi(os.Args[3]))
	result := map[string]any{}
	for name, set := range map[string]*fake.Clientset{
		"NewClientset":       fake.NewClientset([]runtime.Object{}...),
		"NewSimpleClientset": fake.NewSimpleClientset(), //nolint:staticcheck // still what most tests use
	} {
		core := set.CoreV1()
		result[name] = map[string]any{
			"ConfigMap of 1 KB": measure(os.Args[2], count, core.ConfigMaps("bench"),
				func(each *corev1.ConfigMap) *metav1.ObjectMeta { return &each.ObjectMeta }),
			"pod": measure(os.Args[1], count, core.Pods("bench"),
				func(each *corev1.Pod) *metav1.ObjectMeta { return &each.ObjectMeta }),
		}
	}
	fmt.Println(string(must(json.Marshal(result))))
}
