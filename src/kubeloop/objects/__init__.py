"""The machinery of Kubernetes objects as immutable values: what the generated classes of `models` are built from.

`model` has the base classes; `encode` and `decode` write and read them as JSON; `draft` and `change` are how a value is
changed. Nothing here knows a Kubernetes kind.
"""
