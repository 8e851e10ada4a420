"""Lists and watches as decisions: what to read next, from which version, after which pause. Pure."""
