"""The informer itself: it applies queued changes to its store and tells its handlers."""
