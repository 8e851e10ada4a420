"""Parts without I/O that several floors share: back-off, token bucket, waiting, small records. Private to kubeloop."""
