"""HTTP/1.1 on one connection: heads, framing, gzip, and the protocol that puts them on a socket.

Nothing here knows Kubernetes, URLs, credentials or pools. A connection raises the exceptions of `http1.errors`.
"""
