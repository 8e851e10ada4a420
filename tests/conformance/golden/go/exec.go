package main

import (
	"net/http"
	"os"
	"path/filepath"

	clientauth "k8s.io/client-go/pkg/apis/clientauthentication"
	authplugin "k8s.io/client-go/plugin/pkg/client/auth/exec"
	authexec "k8s.io/client-go/tools/auth/exec"
	"k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/client-go/tools/metrics"
	clienttransport "k8s.io/client-go/transport"
)

// runExecCredentials runs a plugin that prints a text, and returns the credential and how often two requests run it.
//
// In the text $PEM(name) is a fixture as the content of a JSON text.
func runExecCredentials(input []byte) any {
	in := read[struct {
		Output  string `json:"output"`
		Bytes   []byte `json:"bytes"`
		Version string `json:"version"`
	}](input)
	folder, err := os.MkdirTemp("", "golden")
	must(err)
	defer os.RemoveAll(folder)
	output := in.Bytes
	if output == nil {
		output = []byte(quotedFixtures(in.Output))
	}
	must(os.WriteFile(filepath.Join(folder, "output"), output, 0o644))
	authenticator, err := authplugin.GetAuthenticator(&api.ExecConfig{
		Command:         "/bin/sh",
		Args:            []string{"-c", "echo run >>" + folder + "/runs; exec /bin/cat " + folder + "/output"},
		APIVersion:      "client.authentication.k8s.io/" + in.Version,
		InteractiveMode: api.NeverExecInteractiveMode,
	}, &clientauth.Cluster{})
	if err != nil {
		return refused
	}
	config := &clienttransport.Config{}
	must(authenticator.UpdateTransportConfig(config))
	authorization := ""
	trip := config.WrapTransport(transport(func(request *http.Request) (*http.Response, error) {
		authorization = request.Header.Get("Authorization")
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: request}, nil
	}))
	for range 2 {
		request, err := http.NewRequest(http.MethodGet, "https://h", nil)
		must(err)
		if _, err := trip.RoundTrip(request); err != nil {
			return refused
		}
	}
	runs, err := os.ReadFile(filepath.Join(folder, "runs"))
	must(err)
	certificate, err := config.TLS.GetCertHolder.GetCert()
	must(err)
	return object{"authorization": authorization, "certificate": certificate != nil, "runs": len(runs) / len("run\n")}
}

type policyCalls []string

func (c *policyCalls) Increment(status string) { *c = append(*c, status) }

// runExecPolicies asks a policy about a plugin. In texts $DIR is the current folder, with two programs called plugin.
func runExecPolicies(input []byte) any {
	in := read[struct {
		Policy    string   `json:"policy"`
		Allowlist []string `json:"allowlist"`
		Command   string   `json:"command"`
		Path      string   `json:"path"`
	}](input)
	folder, err := filepath.EvalSymlinks(os.TempDir())
	must(err)
	folder, err = os.MkdirTemp(folder, "golden")
	must(err)
	defer os.RemoveAll(folder)
	for _, name := range []string{"bin/plugin", "other/plugin", "bin/plain"} {
		path := filepath.Join(folder, name)
		must(os.MkdirAll(filepath.Dir(path), 0o755))
		mode := os.FileMode(0o755)
		if name == "bin/plain" {
			mode = 0o644
		}
		must(os.WriteFile(path, []byte("#!/bin/sh\nexec /bin/false\n"), mode))
	}
	before, err := os.Getwd()
	must(err)
	must(os.Chdir(folder))
	defer func() { must(os.Chdir(before)) }()
	must(os.Setenv("PATH", filled(in.Path, folder)))
	defer os.Unsetenv("PATH")
	calls := &policyCalls{}
	metrics.ExecPluginPolicyCalls = calls
	policy := api.PluginPolicy{PolicyType: api.PolicyType(in.Policy)}
	if in.Allowlist != nil {
		policy.Allowlist = []api.AllowlistEntry{}
	}
	for _, entry := range in.Allowlist {
		policy.Allowlist = append(policy.Allowlist, api.AllowlistEntry{Command: filled(entry, folder)})
	}
	authenticator, err := authplugin.GetAuthenticator(&api.ExecConfig{
		Command:         filled(in.Command, folder),
		Env:             []api.ExecEnvVar{{Name: "UNIQUE", Value: folder}},
		APIVersion:      "client.authentication.k8s.io/v1",
		InteractiveMode: api.NeverExecInteractiveMode,
		PluginPolicy:    policy,
	}, &clientauth.Cluster{})
	if err != nil {
		return refused
	}
	config := &clienttransport.Config{}
	must(authenticator.UpdateTransportConfig(config))
	_, _ = config.TLS.GetCertHolder.GetCert()
	if len(*calls) != 1 {
		return refused
	}
	return object{"policy": (*calls)[0]}
}

// runExecInfo turns what a plugin gets from its client into a config.
func runExecInfo(input []byte) any {
	in := read[struct {
		Info string `json:"info"`
	}](input)
	_, config, err := authexec.LoadExecCredential([]byte(in.Info))
	if err != nil {
		return refused
	}
	result := settings(config)
	if result == nil {
		return refused
	}
	delete(result, "tls")
	delete(result, "headers")
	return result
}
