"""What an informer tells: events, handlers, and what waits for handlers that are slow."""
