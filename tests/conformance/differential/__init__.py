"""The same seeded requests to the real API server and to ours, and a comparison of every response; see README.md."""
