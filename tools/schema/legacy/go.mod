// The versions of k8s.io/api from which dropped kinds are read (kinds.yaml says which from where).
// One go.mod holds one version of a module, so each stands under an alias of its own.
module kubeloop/tools/schema/legacy

go 1.26.0

require (
	legacy.invalid/api-v0.17 v0.17.17
	legacy.invalid/api-v0.21 v0.21.14
	legacy.invalid/api-v0.26 v0.26.15
	legacy.invalid/api-v0.28 v0.28.15
	legacy.invalid/api-v0.35 v0.35.10
	legacy.invalid/api-v0.36 v0.36.6
)

replace (
	legacy.invalid/api-v0.17 => k8s.io/api v0.17.17
	legacy.invalid/api-v0.21 => k8s.io/api v0.21.14
	legacy.invalid/api-v0.26 => k8s.io/api v0.26.15
	legacy.invalid/api-v0.28 => k8s.io/api v0.28.15
	legacy.invalid/api-v0.35 => k8s.io/api v0.35.10
	legacy.invalid/api-v0.36 => k8s.io/api v0.36.6
)
