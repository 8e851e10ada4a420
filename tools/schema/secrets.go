package main

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
)

// secretTable is secrets.yaml: each reviewed field, and whether it holds a secret.
type secretTable struct {
	verdicts map[string]bool
	used     map[string]bool
	open     []string
}

var soundsSecret = regexp.MustCompile(`(?i)token|passw|passphrase|secret|private|credential`)

func readSecrets(file string) (*secretTable, error) {
	var lists struct {
		Secret    []string `json:"secret"`
		NotSecret []string `json:"not_secret"`
	}
	if err := readYAML(file, &lists); err != nil {
		return nil, err
	}
	result := &secretTable{verdicts: map[string]bool{}, used: map[string]bool{}}
	for _, name := range lists.NotSecret {
		result.verdicts[name] = false
	}
	for _, name := range lists.Secret {
		if _, twice := result.verdicts[name]; twice {
			return nil, fmt.Errorf("secrets.yaml has both verdicts on %s", name)
		}
		result.verdicts[name] = true
	}
	return result, nil
}

// mark sets the secret flag of every field of a module, and notes the fields that nobody reviewed.
func (t *secretTable) mark(module *moduleShape) {
	for _, typeName := range slices.Sorted(maps.Keys(module.Types)) {
		fields := module.Types[typeName].Fields
		for index := range fields {
			name := module.Module + "." + typeName + "." + fields[index].Wire
			verdict, known := t.verdict(name)
			fields[index].Secret = verdict
			if !known && soundsSecret.MatchString(fields[index].Wire) && carriesText(fields[index].Type) {
				t.open = append(t.open, name)
			}
		}
	}
}

func (t *secretTable) verdict(name string) (secret, known bool) {
	for pattern, verdict := range t.verdicts {
		if matched, err := path.Match(pattern, name); err == nil && matched {
			t.used[pattern] = true
			secret, known = secret || verdict, true
		}
	}
	return secret, known
}

// carriesText says whether a field holds text or bytes itself, and not only in a struct of its own.
func carriesText(shape typeShape) bool {
	for shape.Of != nil {
		shape = *shape.Of
	}
	return shape.K == "string" || shape.K == "bytes" || shape.K == "any" || shape.K == "raw"
}

func (t *secretTable) unused() []string {
	var left []string
	for pattern := range t.verdicts {
		if !t.used[pattern] {
			left = append(left, "secrets.yaml: "+pattern)
		}
	}
	return left
}
