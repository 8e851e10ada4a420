"""Create, update, patch and delete: what a write does to an object, decided on plain documents."""
