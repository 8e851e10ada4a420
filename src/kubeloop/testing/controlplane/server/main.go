// Command kubeloop-controlplane is a Kubernetes control plane in one binary, for tests: etcd, kube-apiserver,
// kube-controller-manager and kubectl, linked as ordinary Go packages, one sub-command each. Each takes the flags of the
// program whose name it has; `--version` prints what `kube-apiserver --version` prints.
package main

import (
	"fmt"
	"os"
	_ "time/tzdata" // CronJobs name time zones; slim containers have no database of them

	etcd "go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	"k8s.io/component-base/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

const usage = "usage: kubeloop-controlplane etcd|kube-apiserver|kube-controller-manager|kubectl [flags] | --version"

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	// The components read their flags from os.Args, as if they had been started under their own names.
	os.Args = os.Args[1:]
	switch os.Args[0] {
	case "etcd":
		etcd.Main(os.Args)
	case "kube-apiserver":
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "kube-controller-manager":
		os.Exit(cli.Run(controllermanager.NewControllerManagerCommand()))
	case "kubectl":
		if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
			kubectlutil.CheckErr(err) // prints the error as kubectl does, and ends the program
		}
	case "--version", "version":
		fmt.Println("Kubernetes", version.Get().GitVersion)
	default:
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
}
