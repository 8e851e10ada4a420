"""Measures the packages that `kubeloop generate` writes for the definitions of public projects."""
