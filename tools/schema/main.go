// Command schema reads the Go types of the Kubernetes API and writes them in a neutral form: one
// JSON file per group/version, which ../../schema/README.md describes.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
)

func main() {
	out := flag.String("out", "", "directory to write the schema to")
	surveyOnly := flag.Bool("survey", false, "compare legacy/kinds.yaml with every earlier version of k8s.io/api")
	tool := flag.String("tool", ".", "directory of this program's sources, tables and go.mod files")
	flag.Parse()
	if err := run(*tool, *out, *surveyOnly); err != nil {
		fmt.Fprintln(os.Stderr, "schema:", err)
		os.Exit(1)
	}
}

func run(toolDir, out string, surveyOnly bool) error {
	current, err := currentModules(toolDir)
	if err != nil {
		return err
	}
	table, err := readLegacyTable(toolDir)
	if err != nil {
		return err
	}
	if surveyOnly {
		return runSurvey(newCatalog(current), table)
	}
	if out == "" {
		return errors.New("-out DIR is needed")
	}
	legacy, err := legacyModules(toolDir)
	if err != nil {
		return err
	}
	files, err := generate(toolDir, current, legacy, table)
	if err != nil {
		return err
	}
	return writeAll(out, files)
}

// generate makes every file of the schema, by name.
func generate(toolDir string, current, legacy []goModule, table legacyTable) (map[string][]byte, error) {
	reviewed, err := readTables(toolDir)
	if err != nil {
		return nil, err
	}
	found, err := assemble(newCatalogs(current, legacy), reviewed, table)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for name, builder := range found.builders {
		if files[name+".json"], err = render(builder.shape); err != nil {
			return nil, err
		}
	}
	record, err := sources(current, legacy, toolDir, files)
	if err != nil {
		return nil, err
	}
	files["SOURCES.json"] = record
	return files, nil
}

func runSurvey(current *catalog, table legacyTable) error {
	differences, err := survey(current, table)
	if err != nil {
		return err
	}
	if len(differences) > 0 {
		return fmt.Errorf("legacy/kinds.yaml is not what the versions say:\n  %s", strings.Join(differences, "\n  "))
	}
	fmt.Printf("legacy/kinds.yaml agrees with %d earlier versions\n", len(table.Surveyed))
	return nil
}
