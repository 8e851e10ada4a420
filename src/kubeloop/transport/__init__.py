"""Bytes over the network: the `Transport` protocol, its aiohttp implementation, TLS, proxies, and authentication
wrapped round it.

Importing this package imports no HTTP library; `open_transport` does, when it is called. Requests and answers are the
values of `kubeloop.wire`; what they mean is the business of `kubeloop.rest`.
"""
