package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
	"k8s.io/apimachinery/pkg/util/mergepatch"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	kjson "sigs.k8s.io/json"
)

// The limits of the API server (endpoints/handlers.maxJSONPatchOperations, server.Config.JSONPatchMaxCopyBytes).
const (
	maxOperations  = 10000
	maxCopiedBytes = 3 * 1024 * 1024
)

// A patch is computed twice. It is computed this often if it fails, since a patch with two faults may fail in two ways, or
// if it adds to a list and deletes from it: what depends on the order of a Go map does not count.
const attempts = 64

// patched is the result of a patch: the document or the patch, or the code and the text of the error.
func patched(result []byte, code int, err error) any {
	if err != nil {
		return object{"code": code, "message": err.Error()}
	}
	return object{"result": json.RawMessage(result)}
}

// stable runs a patch several times.
func stable(input []byte, run func() any) any {
	first := attempt(run)
	times := 1
	if !bytes.HasPrefix(first, []byte(`{"result"`)) || bytes.Contains(input, []byte("$deleteFromPrimitiveList")) {
		times = attempts
	}
	for range times {
		if !bytes.Equal(first, attempt(run)) {
			return object{"unstable": true}
		}
	}
	return first
}

// attempt returns the result of a patch; a crash is a result too.
func attempt(run func() any) (result json.RawMessage) {
	defer func() {
		if problem := recover(); problem != nil {
			if mistake, is := problem.(mistake); is {
				panic(mistake)
			}
			result = []byte(`{"panic":true}`)
		}
	}()
	text, err := json.Marshal(run())
	must(err)
	return text
}

// runJSONPatches applies a JSON patch with the limits and the codes of the API server's handler.
func runJSONPatches(input []byte) any {
	in := read[struct {
		Document json.RawMessage `json:"document"`
		Patch    json.RawMessage `json:"patch"`
		// Repeated is how often the operations are repeated.
		Repeated int `json:"repeated"`
		// Strict asks for the unknown fields of the operations.
		Strict bool `json:"strict"`
	}](input)
	if in.Strict {
		return strictOperations(in.Patch)
	}
	jsonpatch.AccumulatedCopySizeLimit = maxCopiedBytes
	return attempt(func() any {
		patch, err := jsonpatch.DecodePatch(in.Patch)
		if err != nil {
			return patched(nil, 400, err)
		}
		single := patch
		for range in.Repeated {
			patch = append(patch, single...)
		}
		if len(patch) > maxOperations {
			return object{"code": 413}
		}
		result, err := patch.Apply(in.Document)
		return patched(result, 422, err)
	})
}

// jsonPatchOp has the name and the fields of the type into which the API server's handler decodes an operation.
type jsonPatchOp struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	From  string `json:"from"`
	Value any    `json:"value"`
}

// strictOperations checks operations as the API server does if field validation is Warn or Strict.
func strictOperations(patch []byte) any {
	var operations []jsonPatchOp
	faults, err := kjson.UnmarshalStrict(patch, &operations)
	if err != nil {
		return object{"code": 400, "message": strings.ReplaceAll(err.Error(), "main.", "handlers.")}
	}
	found := []string{}
	for _, fault := range faults {
		found = append(found, fault.Error())
	}
	return object{"unknown": found}
}

// runMergePatches applies a merge patch, or computes one from three documents.
func runMergePatches(input []byte) any {
	in := read[struct {
		Document json.RawMessage `json:"document"`
		Patch    json.RawMessage `json:"patch"`
		Original json.RawMessage `json:"original"`
		Modified json.RawMessage `json:"modified"`
		Current  json.RawMessage `json:"current"`
	}](input)
	return attempt(func() any {
		if in.Modified != nil {
			result, err := jsonmergepatch.CreateThreeWayJSONMergePatch(in.Original, in.Modified, in.Current)
			return patched(result, patchCode(err), withoutText(err))
		}
		result, err := jsonpatch.MergePatch(in.Document, in.Patch)
		return patched(result, 400, err)
	})
}

// runStrategicPatches applies a strategic merge patch as the API server does, or computes one from two or three
// documents.
func runStrategicPatches(input []byte) any {
	in := read[struct {
		APIVersion string          `json:"apiVersion"`
		Kind       string          `json:"kind"`
		Document   json.RawMessage `json:"document"`
		Patch      json.RawMessage `json:"patch"`
		Original   json.RawMessage `json:"original"`
		Modified   json.RawMessage `json:"modified"`
		Current    json.RawMessage `json:"current"`
		Overwrite  bool            `json:"overwrite"`
	}](input)
	typed, err := kinds.New(schema.FromAPIVersionAndKind(in.APIVersion, in.Kind))
	must(err)
	return stable(input, func() any {
		if in.Patch != nil {
			return applyStrategic(in.Document, in.Patch, typed)
		}
		rules, err := strategicpatch.NewPatchMetaFromStruct(typed)
		must(err)
		if in.Current != nil {
			result, err := strategicpatch.CreateThreeWayMergePatch(in.Original, in.Modified, in.Current, rules, in.Overwrite)
			return patched(result, patchCode(err), withoutText(err))
		}
		result, err := strategicpatch.CreateTwoWayMergePatch(in.Original, in.Modified, typed)
		return patched(result, patchCode(err), err)
	})
}

func applyStrategic(document, patch json.RawMessage, typed runtime.Object) any {
	var original, change map[string]any
	must(kjson.UnmarshalCaseSensitivePreserveInts(document, &original))
	if err := kjson.UnmarshalCaseSensitivePreserveInts(patch, &change); err != nil {
		return patched(nil, 400, err)
	}
	// The lists of the API server's document have no spare capacity, which Go's append would fill in place.
	original = runtime.DeepCopyJSON(original)
	result, err := strategicpatch.StrategicMergeMapPatch(original, change, typed)
	if err != nil {
		return patched(nil, patchCode(err), err)
	}
	text, err := json.Marshal(result)
	must(err)
	return patched(text, 0, nil)
}

// patchCode is the code of the API server's response (handlers.interpretStrategicMergePatchError).
func patchCode(err error) int {
	switch {
	case err == nil:
		return 0
	case mergepatch.IsConflict(err):
		return 409
	}
	switch err {
	case mergepatch.ErrBadJSONDoc, mergepatch.ErrBadPatchFormatForPrimitiveList, mergepatch.ErrBadPatchFormatForRetainKeys,
		mergepatch.ErrBadPatchFormatForSetElementOrderList, mergepatch.ErrUnsupportedStrategicMergePatchFormat:
		return 400
	case mergepatch.ErrNoListOfLists, mergepatch.ErrPatchContentNotMatchRetainKeys:
		return 422
	}
	return 500
}

// withoutText replaces a conflict by one without the patches, which its text contains as YAML.
func withoutText(err error) error {
	if mergepatch.IsConflict(err) {
		return errors.New("conflict")
	}
	return err
}
