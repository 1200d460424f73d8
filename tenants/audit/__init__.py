"""Port: who did what, append-only."""
