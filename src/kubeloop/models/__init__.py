"""Kubernetes objects as immutable values: one generated module per group and version.

`from kubeloop.models import core_v1, meta_v1` imports just those modules. What the classes have in common (`Model`,
`Kind`, `Draft`, ...) is in `kubeloop.objects`.
"""
