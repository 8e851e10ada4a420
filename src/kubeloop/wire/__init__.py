"""Requests, responses, watch events, options and patches as values, and the serializers that read and write bodies.

Nothing here opens a socket, waits or knows a clock. The transport sends a `Request` and returns a `Response`;
`rest` puts the two together.
"""
