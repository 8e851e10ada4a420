"""Tools for tests of programs that talk to Kubernetes. Nothing in kubeloop imports this package."""
