"""WebSockets: the opening handshake, and the channel of binary messages.

The handshake is an ordinary request on a connection of the pool. The `websockets` package parses and builds frames
without I/O. Both are imported when the first WebSocket is opened.
"""
