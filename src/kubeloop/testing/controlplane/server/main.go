// Command kubeloop-controlplane is a whole Kubernetes control plane in one binary: etcd, kube-apiserver and
// kube-controller-manager, linked as ordinary Go packages, one sub-command each.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	etcd "go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	"k8s.io/component-base/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

func main() {
	name := filepath.Base(os.Args[0])
	if len(os.Args) > 1 {
		name = os.Args[1]
		os.Args = append([]string{name}, os.Args[2:]...)
	}
	switch name {
	case "etcd":
		etcd.Main(os.Args)
	case "kube-apiserver":
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "kube-controller-manager":
		os.Exit(cli.Run(controllermanager.NewControllerManagerCommand()))
	case "--version", "version":
		fmt.Println("Kubernetes", version.Get().GitVersion)
	default:
		fmt.Fprintln(os.Stderr, "usage: kubeloop-controlplane etcd|kube-apiserver|kube-controller-manager|version [flags]")
		os.Exit(2)
	}
}
