"""Small machines without I/O that several floors share: back-off, token bucket, ending tasks. Private to kubeloop."""
