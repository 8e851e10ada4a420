"""Clients: the verbs of Kubernetes on typed objects, on any resource, and discovery.

`Clientset` (typed, with generated accessors), `DynamicClient` and `DiscoveryClient`. Each verb is written once, as a
generic mixin (`verbs`); the generated part (`groups`) only composes them.
"""
