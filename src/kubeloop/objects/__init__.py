"""The machinery of Kubernetes objects as immutable values, of which the generated classes of `models` are made.

From bottom to top: `frozen_struct` and `markers`, `reflection`, `json` (reading and writing), `construct`, `draft` and
`change` (changing), `model` (the base classes). Nothing here knows a Kubernetes kind.
"""
