"""A Kubernetes API server in Python; docs/design/api-server.md describes its rooms."""
