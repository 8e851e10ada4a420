"""The documents about the server: discovery, OpenAPI, the version and its health, as functions of a request."""
