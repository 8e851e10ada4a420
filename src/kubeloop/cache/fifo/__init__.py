"""The queues between a reflector and the store: changes, in the order of the server."""
