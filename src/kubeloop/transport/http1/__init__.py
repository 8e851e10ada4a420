"""HTTP/1.1 on one connection: heads, chunks, gzip, and the asyncio protocol that sends and receives them.

Kubernetes, URLs, credentials and the pool are outside this package. Its exceptions are in `protocol_error`.
"""
