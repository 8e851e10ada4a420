package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// goModule is one downloaded module version, unpacked in the module cache.
type goModule struct {
	Path    string `json:"Path"`
	Version string `json:"Version"`
	Dir     string `json:"Dir"`
	Sum     string `json:"Sum"`
	Error   string `json:"Error"`
}

// download fetches module versions with the go command, which checks them against the go.sum
// beside dir's go.mod (or the checksum database when dir has none).
func download(dir string, modules ...string) ([]goModule, error) {
	command := exec.Command("go", append([]string{"mod", "download", "-json"}, modules...)...)
	command.Dir = dir
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	var found []goModule
	decoder := json.NewDecoder(bytes.NewReader(output))
	for decoder.More() {
		var one goModule
		if err := decoder.Decode(&one); err != nil {
			return nil, fmt.Errorf("go mod download: %w", err)
		}
		if one.Error != "" {
			return nil, fmt.Errorf("go mod download %s: %s", one.Path, one.Error)
		}
		found = append(found, one)
	}
	if err != nil {
		return nil, fmt.Errorf("go mod download in %s: %w: %s", dir, err, stderr.String())
	}
	return found, nil
}

// modulesOf lists the modules that a go.mod requires directly; for a replaced one, what it requires
// is an alias (legacy.invalid/...), which is how one go.mod holds several versions of one module.
func modulesOf(dir string, wanted func(path string) bool) ([]string, error) {
	command := exec.Command("go", "mod", "edit", "-json")
	command.Dir = dir
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("go mod edit -json in %s: %w", dir, err)
	}
	var file struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(output, &file); err != nil {
		return nil, err
	}
	var paths []string
	for _, one := range file.Require {
		if !one.Indirect && wanted(one.Path) {
			paths = append(paths, one.Path)
		}
	}
	return paths, nil
}

// currentModules downloads the modules of the present Kubernetes version.
func currentModules(toolDir string) ([]goModule, error) {
	paths, err := modulesOf(toolDir, func(path string) bool { return strings.HasPrefix(path, "k8s.io/") })
	if err != nil {
		return nil, err
	}
	return download(toolDir, paths...)
}

// legacyModules downloads the earlier versions of k8s.io/api that the legacy go.mod names.
func legacyModules(toolDir string) ([]goModule, error) {
	dir := filepath.Join(toolDir, "legacy")
	paths, err := modulesOf(dir, func(path string) bool { return strings.HasPrefix(path, "legacy.invalid/") })
	if err != nil {
		return nil, err
	}
	return download(dir, paths...)
}
