package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// runKubeconfigViews writes files and returns what minify, flatten and redact make of them, and the number of problems
// that Validate finds.
func runKubeconfigViews(input []byte) any {
	in := read[struct {
		Files map[string]string `json:"files"`
		Env   []string          `json:"env"`
	}](input)
	folder, err := os.MkdirTemp("", "golden")
	must(err)
	defer os.RemoveAll(folder)
	for name, text := range in.Files {
		must(os.WriteFile(filepath.Join(folder, name), []byte(filled(text, folder)), 0o644))
	}
	paths := []string{}
	for _, path := range in.Env {
		paths = append(paths, filled(path, folder))
	}
	must(os.Setenv("KUBECONFIG", strings.Join(paths, ":")))
	defer os.Unsetenv("KUBECONFIG")
	result := object{}
	for name, change := range map[string]func(*api.Config) error{
		"minify":  api.MinifyConfig,
		"flatten": api.FlattenConfig,
		"redact": func(config *api.Config) error {
			if err := api.RedactSecrets(config); err != nil {
				return err
			}
			api.ShortenConfig(config)
			return nil
		},
	} {
		config, err := clientcmd.NewDefaultPathOptions().GetStartingConfig()
		if err != nil {
			return refused
		}
		if err := change(config); err != nil {
			result[name] = refused
			continue
		}
		text, err := clientcmd.Write(*config)
		must(err)
		result[name] = content(text, folder)
	}
	// Validate opens files, so their paths must be absolute.
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.MigrationRules = nil
	config, err := rules.Load()
	if err != nil {
		return refused
	}
	result["problems"] = problems(clientcmd.Validate(*config))
	return result
}

func problems(err error) int {
	var aggregate utilerrors.Aggregate
	if errors.As(err, &aggregate) {
		return len(aggregate.Errors())
	}
	return 0
}
