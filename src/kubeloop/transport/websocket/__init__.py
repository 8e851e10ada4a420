"""WebSockets as channels of binary messages: the opening handshake, and the channel.

The handshake is an ordinary request on a connection of the pool; frames are read and written by the `websockets`
package, which does no I/O here. Both are loaded when the first WebSocket is opened.
"""
