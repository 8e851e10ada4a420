"""Apply sets (KEP-3659): the objects that are applied together, and pruned when they are no longer applied.

`ApplySet` has the steps of a run, which `clientset.apply_manifests(..., apply_set=...)` uses. What is decided without
requests is in modules of its own.
"""
