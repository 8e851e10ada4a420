"""Clients: the verbs of Kubernetes on typed objects, on any resource, and what a server has to offer.

`Clientset` (typed, generated accessors), `DynamicClient`, `DiscoveryClient`. One generic mixin a verb (`verbs`), one
class that has them all (`resource`); the generated part (`groups/`) only composes them.
"""
