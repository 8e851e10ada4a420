package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/yaml"
)

// runKubeconfigChanges writes files, changes them with ModifyConfig, and returns the content of each file afterwards;
// and the content of the files that kubeloop wrote for the same change.
func runKubeconfigChanges(input []byte) any {
	in := read[struct {
		Files   map[string]string   `json:"files"`
		Env     []string            `json:"env"`
		Put     string              `json:"put"`
		Remove  map[string][]string `json:"remove"`
		Current *string             `json:"current"`
		Ours    map[string]string   `json:"ours"`
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
	options := clientcmd.NewDefaultPathOptions()
	config, err := options.GetStartingConfig()
	if err != nil {
		return refused
	}
	put, err := clientcmd.Load([]byte(filled(in.Put, folder)))
	must(err)
	change(config, put, in.Remove)
	if in.Current != nil {
		config.CurrentContext = *in.Current
	}
	if err := clientcmd.ModifyConfig(options, *config, true); err != nil {
		return refused
	}
	files, ours := object{}, object{}
	for _, path := range in.Env {
		name := strings.TrimPrefix(path, "$DIR/")
		text, err := os.ReadFile(filled(path, folder))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		must(err)
		files[name] = content(text, folder)
		ours[name] = content([]byte(filled(in.Ours[name], folder)), folder)
	}
	return object{"files": files, "ours": ours}
}

// change puts stanzas, which stay in their file, and removes others.
func change(config, put *api.Config, remove map[string][]string) {
	for name, each := range put.Clusters {
		if old := config.Clusters[name]; old != nil {
			each.LocationOfOrigin = old.LocationOfOrigin
		}
		config.Clusters[name] = each
	}
	for name, each := range put.AuthInfos {
		if old := config.AuthInfos[name]; old != nil {
			each.LocationOfOrigin = old.LocationOfOrigin
		}
		config.AuthInfos[name] = each
	}
	for name, each := range put.Contexts {
		if old := config.Contexts[name]; old != nil {
			each.LocationOfOrigin = old.LocationOfOrigin
		}
		config.Contexts[name] = each
	}
	for _, name := range remove["clusters"] {
		delete(config.Clusters, name)
	}
	for _, name := range remove["users"] {
		delete(config.AuthInfos, name)
	}
	for _, name := range remove["contexts"] {
		delete(config.Contexts, name)
	}
}

// content returns what clientcmd reads in a file, without empty values.
func content(text []byte, folder string) any {
	config, err := clientcmd.Load(text)
	if err != nil {
		return refused
	}
	written, err := clientcmd.Write(*config)
	must(err)
	var value any
	must(yaml.Unmarshal(written, &value))
	return withoutEmpty(value, folder)
}

func withoutEmpty(value any, folder string) any {
	switch value := value.(type) {
	case string:
		if value != "" {
			return strings.ReplaceAll(value, folder, "$DIR")
		}
	case bool:
		if value {
			return value
		}
	case []any:
		kept := []any{}
		for _, each := range value {
			if each = withoutEmpty(each, folder); each != nil {
				kept = append(kept, each)
			}
		}
		if len(kept) > 0 {
			return kept
		}
	case map[string]any:
		kept := object{}
		for name, each := range value {
			if each = withoutEmpty(each, folder); each != nil {
				kept[name] = each
			}
		}
		if len(kept) > 0 {
			return kept
		}
	}
	return nil
}
