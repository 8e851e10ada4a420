"""The controllers of the server: what happens to objects after a write, without a request."""
