"""Opening connections: name resolution, TCP, proxies and TLS; `dial` is the entry point.

`http1` speaks on an open connection, and `pool` decides when it is reused.
"""
