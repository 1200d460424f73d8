"""Port: which tenants and tokens exist."""
