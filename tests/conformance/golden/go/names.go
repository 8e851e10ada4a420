package main

import (
	"net/url"

	"golang.org/x/net/http/httpproxy"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/api/validation/path"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/tools/cache"
)

// runNames returns the naming rules that a text fulfills.
func runNames(input []byte) any {
	text := read[string](input)
	return object{
		"label":     len(validation.IsDNS1123Label(text)) == 0 && len(apivalidation.NameIsDNSLabel(text, false)) == 0,
		"subdomain": len(validation.IsDNS1123Subdomain(text)) == 0 && len(apivalidation.NameIsDNSSubdomain(text, false)) == 0,
		"key":       len(validation.IsQualifiedName(text)) == 0,
		"value":     len(validation.IsValidLabelValue(text)) == 0,
		"segment":   text != "" && len(path.IsValidPathSegmentName(text)) == 0,
	}
}

// runSchema reads and writes the names of types and objects.
func runSchema(input []byte) any {
	in := read[struct {
		Op string   `json:"op"`
		A  []string `json:"a"`
	}](input)
	switch in.Op {
	case "group_version":
		parsed, err := schema.ParseGroupVersion(in.A[0])
		if err != nil {
			return refused
		}
		return object{"group": parsed.Group, "version": parsed.Version, "text": parsed.String()}
	case "group_kind":
		parsed := schema.ParseGroupKind(in.A[0])
		return object{"group": parsed.Group, "kind": parsed.Kind, "text": parsed.String()}
	case "group_resource":
		parsed := schema.ParseGroupResource(in.A[0])
		return object{"group": parsed.Group, "resource": parsed.Resource, "text": parsed.String()}
	case "kind":
		kind := schema.GroupVersionKind{Group: in.A[0], Version: in.A[1], Kind: in.A[2]}
		apiVersion, _ := kind.ToAPIVersionAndKind()
		return object{"text": kind.String(), "api_version": apiVersion}
	case "resource":
		return schema.GroupVersionResource{Group: in.A[0], Version: in.A[1], Resource: in.A[2]}.String()
	case "key":
		return cache.NewObjectName(in.A[0], in.A[1]).String()
	case "split":
		namespace, name, err := cache.SplitMetaNamespaceKey(in.A[0])
		if err != nil {
			return refused
		}
		return []string{namespace, name}
	case "priority":
		return sign(version.CompareKubeAwareVersionStrings(in.A[0], in.A[1]))
	}
	return unknown(in.Op)
}

func sign(number int) int {
	switch {
	case number < 0:
		return -1
	case number > 0:
		return 1
	}
	return 0
}

// runProxies returns the proxy that the environment names for a URL.
func runProxies(input []byte) any {
	in := read[struct {
		URL string            `json:"url"`
		Env map[string]string `json:"env"`
	}](input)
	either := func(name, other string) string {
		if value := in.Env[name]; value != "" {
			return value
		}
		return in.Env[other]
	}
	config := httpproxy.Config{
		HTTPProxy:  either("HTTP_PROXY", "http_proxy"),
		HTTPSProxy: either("HTTPS_PROXY", "https_proxy"),
		NoProxy:    either("NO_PROXY", "no_proxy"),
		CGI:        in.Env["REQUEST_METHOD"] != "",
	}
	target, err := url.Parse(in.URL)
	must(err)
	proxy, err := config.ProxyFunc()(target)
	if err != nil {
		return refused
	}
	if proxy == nil {
		return object{}
	}
	return object{"proxy": trimSlash(proxy.String())}
}
