"""Port: rendered answers by id or key, many at a time."""
