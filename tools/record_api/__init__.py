"""Records what the real API server serves, for the API server in Python (`kubeloop.testing.apiserver.facts`)."""
