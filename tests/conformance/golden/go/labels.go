package main

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
)

// runLabels reads a label selector, from its text or from the structured form of specs, and applies it.
func runLabels(input []byte) any {
	in := read[struct {
		Text       *string               `json:"text"`
		Structured *metav1.LabelSelector `json:"structured"`
		Labels     []map[string]string   `json:"labels"`
		Exact      []string              `json:"exact"`
	}](input)
	var selector labels.Selector
	var err error
	if in.Text != nil {
		selector, err = labels.Parse(*in.Text)
	} else {
		selector, err = metav1.LabelSelectorAsSelector(in.Structured)
	}
	if err != nil {
		return refused
	}
	matches := make([]bool, 0, len(in.Labels))
	for _, each := range in.Labels {
		matches = append(matches, selector.Matches(labels.Set(each)))
	}
	return object{"text": selector.String(), "empty": selector.Empty(), "matches": matches, "exact": exact(selector, in.Exact)}
}

// runFields reads a field selector and applies it, or escapes a value.
func runFields(input []byte) any {
	in := read[struct {
		Text     string              `json:"text"`
		Fields   []map[string]string `json:"fields"`
		Exact    []string            `json:"exact"`
		Escape   *string             `json:"escape"`
		Unescape *string             `json:"unescape"`
	}](input)
	if in.Escape != nil {
		return fields.EscapeValue(*in.Escape)
	}
	if in.Unescape != nil {
		value, err := fields.UnescapeValue(*in.Unescape)
		if err != nil {
			return refused
		}
		return value
	}
	selector, err := fields.ParseSelector(in.Text)
	if err != nil {
		return refused
	}
	matches := make([]bool, 0, len(in.Fields))
	for _, each := range in.Fields {
		matches = append(matches, selector.Matches(fields.Set(each)))
	}
	return object{"text": selector.String(), "empty": selector.Empty(), "matches": matches, "exact": exact(selector, in.Exact)}
}

func exact(selector interface {
	RequiresExactMatch(string) (string, bool)
}, keys []string) object {
	result := object{}
	for _, key := range keys {
		if value, found := selector.RequiresExactMatch(key); found {
			result[key] = value
		}
	}
	return result
}
