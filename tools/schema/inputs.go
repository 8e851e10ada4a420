//go:build inputs

// This file is never compiled: it names the packages whose sources the program reads, so that
// `go mod tidy` keeps their modules, with their hashes, in go.mod and go.sum.
package main

import (
	_ "k8s.io/api/core/v1"
	_ "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	_ "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1beta1"
	_ "k8s.io/apimachinery/pkg/apis/meta/v1"
	_ "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	_ "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1beta1"
)
