"""Get, list and watch, with the resource versions of the real server's watch cache."""
