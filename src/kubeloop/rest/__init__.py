"""RESTClient: requests to one API server, with retries, limits, warnings and errors, for whatever group and resource.

`kubeloop.RESTClient` is the public door. What a resource is called and which verbs it has is the clients' knowledge.
"""
