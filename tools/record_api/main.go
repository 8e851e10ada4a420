// Command record-api prints, as JSON, what kube-apiserver decides about its resources in code: strategies, table
// columns, field labels and storage. It takes the flags of kube-apiserver, builds its storage as that server does, serves
// nothing, and reads candidates for field labels from standard input, one per line. `record_api` (Python) runs it.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sort"

	"github.com/spf13/pflag"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsapiserver "k8s.io/apiextensions-apiserver/pkg/apiserver"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresourcedefinition"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	"k8s.io/apiserver/pkg/storage/storagebackend/factory"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	aggregatorscheme "k8s.io/kube-aggregator/pkg/apiserver/scheme"
	apiservicerest "k8s.io/kube-aggregator/pkg/registry/apiservice/rest"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
)

func main() {
	candidates := []string{}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		candidates = append(candidates, lines.Text())
	}
	found, err := inspect(os.Args[1:], candidates)
	if err == nil {
		output := json.NewEncoder(os.Stdout)
		output.SetIndent("", " ")
		err = output.Encode(found)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "record-api:", err)
		os.Exit(1)
	}
	// Informers and etcd clients run in goroutines that nothing needs any more.
	os.Exit(0)
}

func inspect(flags []string, candidates []string) ([]*resourceFacts, error) {
	config, err := serverConfig(flags)
	if err != nil {
		return nil, err
	}
	kube := config.KubeAPIs.ControlPlane.Generic
	client, err := kubernetes.NewForConfig(kube.LoopbackClientConfig)
	if err != nil {
		return nil, err
	}
	providers, err := config.KubeAPIs.StorageProviders(client)
	if err != nil {
		return nil, err
	}
	all := []*resourceFacts{}
	options := withoutStorage{kube.RESTOptionsGetter}
	for _, provider := range providers {
		info, err := provider.NewRESTStorage(config.KubeAPIs.ControlPlane.Generic.MergedResourceConfig, options)
		if err != nil {
			return nil, err
		}
		all = append(all, groupFacts(legacyscheme.Scheme, provider.GroupName(), info.VersionedResourcesStorageMap, candidates)...)
	}

	definitions, err := customresourcedefinition.NewREST(apiextensionsapiserver.Scheme, withoutStorage{config.ApiExtensions.GenericConfig.RESTOptionsGetter})
	if err != nil {
		return nil, err
	}
	storages := map[string]map[string]rest.Storage{"v1": {
		"customresourcedefinitions":        definitions,
		"customresourcedefinitions/status": customresourcedefinition.NewStatusREST(apiextensionsapiserver.Scheme, definitions),
	}}
	all = append(all, groupFacts(apiextensionsapiserver.Scheme, apiextensions.GroupName, storages, candidates)...)

	aggregator := config.Aggregator.GenericConfig
	services := apiservicerest.NewRESTStorage(aggregator.MergedResourceConfig, withoutStorage{aggregator.RESTOptionsGetter}, false)
	all = append(all, groupFacts(aggregatorscheme.Scheme, "apiregistration.k8s.io", services.VersionedResourcesStorageMap, candidates)...)

	sort.Slice(all, func(i, j int) bool { return all[i].key() < all[j].key() })
	return all, nil
}

func serverConfig(arguments []string) (app.CompletedConfig, error) {
	chosen := options.NewServerRunOptions()
	flags := pflag.NewFlagSet("record-api", pflag.ContinueOnError)
	named := chosen.Flags()
	for _, set := range named.FlagSets {
		flags.AddFlagSet(set)
	}
	if err := flags.Parse(arguments); err != nil {
		return app.CompletedConfig{}, err
	}
	if err := chosen.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return app.CompletedConfig{}, err
	}
	completed, err := chosen.Complete(context.Background())
	if err != nil {
		return app.CompletedConfig{}, err
	}
	if completed.InformerName == nil {
		if completed.InformerName, err = cache.NewInformerName("record-api"); err != nil {
			return app.CompletedConfig{}, err
		}
	}
	config, err := app.NewConfig(completed)
	if err != nil {
		return app.CompletedConfig{}, err
	}
	return config.Complete()
}

// withoutStorage is the server's own getter, except that no store gets a client of etcd or a cache.
type withoutStorage struct{ generic.RESTOptionsGetter }

func (g withoutStorage) GetRESTOptions(resource schema.GroupResource, example runtime.Object) (generic.RESTOptions, error) {
	options, err := g.RESTOptionsGetter.GetRESTOptions(resource, example)
	options.CountMetricPollPeriod = 0
	options.Decorator = func(
		*storagebackend.ConfigForResource, string, func(runtime.Object) (string, error), func() runtime.Object,
		func() runtime.Object, storage.AttrFunc, storage.IndexerFuncs, *cache.Indexers,
	) (storage.Interface, factory.DestroyFunc, error) {
		return nil, func() {}, nil
	}
	return options, err
}
