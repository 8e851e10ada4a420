package main

import "strings"

// pluralOf makes the resource name of a kind by the rule that all Kubernetes API types follow
// unless a +resourceName marker says otherwise.
func pluralOf(kind string) string {
	singular := strings.ToLower(kind)
	if singular == "endpoints" {
		return singular
	}
	last := singular[len(singular)-1]
	var previous byte
	if len(singular) > 1 {
		previous = singular[len(singular)-2]
	}
	switch {
	case strings.IndexByte("sxz", last) >= 0:
		return singular + "es"
	case last == 'y' && strings.IndexByte("aeiou", previous) < 0:
		return singular[:len(singular)-1] + "ies"
	case last == 'h' && (previous == 'c' || previous == 's'):
		return singular + "es"
	}
	return singular + "s"
}
