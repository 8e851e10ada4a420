"""How a connection comes about: name resolution, TCP, proxies and TLS, until a protocol has a transport to speak over.

`dial` is the entrance. What is said on the connection afterwards, and when one is used again, is decided elsewhere.
"""
