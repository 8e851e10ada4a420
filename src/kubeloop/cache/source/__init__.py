"""Where an informer's objects come from: lists and watches of the server, and the reflector that runs them."""
