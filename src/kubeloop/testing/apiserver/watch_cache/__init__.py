"""What one API server has seen of the storage, as the watch cache of the real server keeps it."""
