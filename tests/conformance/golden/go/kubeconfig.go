package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// runKubeconfig writes files, loads them as kubectl would, and returns the settings of the connection.
//
// In texts $DIR is the folder of the files, $PEM(name) a fixture and $B64(name) the same in base64.
func runKubeconfig(input []byte) any {
	in := read[struct {
		Files     map[string]string `json:"files"`
		Env       []string          `json:"env"`
		Explicit  string            `json:"explicit"`
		Context   string            `json:"context"`
		Cluster   string            `json:"cluster"`
		User      string            `json:"user"`
		Namespace string            `json:"namespace"`
		Overrides overrides         `json:"overrides"`
	}](input)
	folder, err := os.MkdirTemp("", "golden")
	must(err)
	defer os.RemoveAll(folder)
	for name, text := range in.Files {
		path := filepath.Join(folder, name)
		must(os.MkdirAll(filepath.Dir(path), 0o755))
		must(os.WriteFile(path, []byte(filled(text, folder)), 0o644))
	}
	rules := clientcmd.ClientConfigLoadingRules{}
	if in.Explicit != "" {
		rules.ExplicitPath = filled(in.Explicit, folder)
	}
	for _, path := range in.Env {
		rules.Precedence = append(rules.Precedence, filled(path, folder))
	}
	chosen := in.Overrides.of(folder)
	chosen.CurrentContext = in.Context
	chosen.Context = api.Context{Cluster: in.Cluster, AuthInfo: in.User, Namespace: in.Namespace}
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(&rules, &chosen)
	config, err := loader.ClientConfig()
	if err != nil {
		return refused
	}
	namespace, _, err := loader.Namespace()
	if err != nil {
		return refused
	}
	result := settings(config)
	if result == nil {
		return refused
	}
	result["namespace"] = namespace
	if config.Timeout != 0 {
		result["timeout"] = config.Timeout.Seconds()
	}
	return unfilled(result, folder)
}

// overrides are ConfigOverrides under the names of kubeloop's arguments.
type overrides struct {
	Server             string              `json:"server"`
	TLSServerName      string              `json:"tls_server_name"`
	Insecure           bool                `json:"insecure_skip_tls_verify"`
	CAFile             string              `json:"ca_file"`
	CAData             string              `json:"ca_data"`
	ProxyURL           string              `json:"proxy_url"`
	DisableCompression bool                `json:"disable_compression"`
	CertFile           string              `json:"cert_file"`
	CertData           string              `json:"cert_data"`
	KeyFile            string              `json:"key_file"`
	KeyData            string              `json:"key_data"`
	Token              string              `json:"token"`
	TokenFile          string              `json:"token_file"`
	Username           string              `json:"username"`
	Password           string              `json:"password"`
	AsUser             string              `json:"as_user"`
	AsUID              string              `json:"as_uid"`
	AsGroups           []string            `json:"as_groups"`
	AsExtra            map[string][]string `json:"as_extra"`
	Timeout            string              `json:"timeout"`
}

func (o overrides) of(folder string) clientcmd.ConfigOverrides {
	return clientcmd.ConfigOverrides{
		ClusterInfo: api.Cluster{
			Server:                   o.Server,
			TLSServerName:            o.TLSServerName,
			InsecureSkipTLSVerify:    o.Insecure,
			CertificateAuthority:     filled(o.CAFile, folder),
			CertificateAuthorityData: []byte(filled(o.CAData, folder)),
			ProxyURL:                 o.ProxyURL,
			DisableCompression:       o.DisableCompression,
		},
		AuthInfo: api.AuthInfo{
			ClientCertificate:     filled(o.CertFile, folder),
			ClientCertificateData: []byte(filled(o.CertData, folder)),
			ClientKey:             filled(o.KeyFile, folder),
			ClientKeyData:         []byte(filled(o.KeyData, folder)),
			Token:                 o.Token,
			TokenFile:             filled(o.TokenFile, folder),
			Username:              o.Username,
			Password:              o.Password,
			Impersonate:           o.AsUser,
			ImpersonateUID:        o.AsUID,
			ImpersonateGroups:     o.AsGroups,
			ImpersonateUserExtra:  o.AsExtra,
		},
		Timeout: o.Timeout,
	}
}

// settings returns the settings of a client; nil if no client could be created.
func settings(config *rest.Config) object {
	result := object{}
	base, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return nil
	}
	put(result, "host", trimSlash(base.String()))
	put(result, "token_file", config.BearerTokenFile)
	if config.BearerTokenFile == "" {
		// This includes what a file contained when it was loaded; the headers show what is sent.
		put(result, "token", config.BearerToken)
	}
	put(result, "username", config.Username)
	put(result, "password", config.Password)
	put(result, "ca_file", config.CAFile)
	put(result, "ca_data", fixture(config.CAData))
	put(result, "cert_file", config.CertFile)
	put(result, "cert_data", fixture(config.CertData))
	put(result, "key_file", config.KeyFile)
	put(result, "key_data", fixture(config.KeyData))
	put(result, "tls_server_name", config.ServerName)
	if config.Insecure {
		result["insecure"] = true
	}
	if config.DisableCompression {
		result["disable_compression"] = true
	}
	if config.Proxy != nil {
		proxy, err := config.Proxy(&http.Request{URL: base})
		must(err)
		put(result, "proxy", trimSlash(proxy.String()))
	}
	if exec := config.ExecProvider; exec != nil {
		env := []any{}
		for _, each := range exec.Env {
			env = append(env, []string{each.Name, each.Value})
		}
		args := exec.Args
		if args == nil {
			args = []string{}
		}
		result["exec"] = object{"command": exec.Command, "args": args, "env": env, "api_version": exec.APIVersion,
			"interactive_mode": string(exec.InteractiveMode), "provide_cluster_info": exec.ProvideClusterInfo,
			"install_hint": exec.InstallHint}
	}
	_, err = rest.TLSConfigFor(config)
	result["tls"] = object{"usable": err == nil}
	if err == nil && config.ExecProvider == nil && config.AuthProvider == nil {
		headers, err := sent(config, base)
		if err != nil {
			result["headers"] = refused
		} else {
			result["headers"] = headers
		}
	}
	return result
}

// sent returns the headers of a request that identify the user.
func sent(config *rest.Config, base *url.URL) (object, error) {
	found := object{}
	trip, err := rest.HTTPWrappersForConfig(config, transport(func(request *http.Request) (*http.Response, error) {
		for name, values := range request.Header {
			if name == "Authorization" || strings.HasPrefix(name, "Impersonate-") {
				found[strings.ToLower(name)] = values
			}
		}
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: request}, nil
	}))
	if err != nil {
		return nil, err
	}
	response, err := trip.RoundTrip(&http.Request{Method: http.MethodGet, URL: base, Header: http.Header{}})
	if err != nil {
		return nil, err
	}
	return found, response.Body.Close()
}

func put(result object, name, value string) {
	if value != "" {
		result[name] = value
	}
}

var known = []string{"ca.pem", "client.pem", "client.key", "other.key"}

func pem(name string) []byte {
	data, err := os.ReadFile(filepath.Join(fixtures, name))
	must(err)
	return data
}

// fixture returns the name of a fixture, or the data themselves.
func fixture(data []byte) string {
	for _, name := range known {
		if bytes.Equal(data, pem(name)) {
			return "$PEM(" + name + ")"
		}
	}
	return string(data)
}

func filled(text, folder string) string {
	for _, name := range known {
		if strings.Contains(text, name+")") {
			text = strings.ReplaceAll(text, "$PEM("+name+")", string(pem(name)))
			text = strings.ReplaceAll(text, "$B64("+name+")", base64.StdEncoding.EncodeToString(pem(name)))
		}
	}
	return strings.ReplaceAll(text, "$DIR", folder)
}

// quotedFixtures puts fixtures into a text that is JSON.
func quotedFixtures(text string) string {
	for _, name := range known {
		quoted, err := json.Marshal(string(pem(name)))
		must(err)
		text = strings.ReplaceAll(text, "$PEM("+name+")", string(quoted[1:len(quoted)-1]))
	}
	return text
}

// unfilled puts $DIR back in place of the folder.
func unfilled(value any, folder string) any {
	switch value := value.(type) {
	case string:
		return strings.ReplaceAll(value, folder, "$DIR")
	case object:
		for key, each := range value {
			value[key] = unfilled(each, folder)
		}
	}
	return value
}
