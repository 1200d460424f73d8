"""What Rollcall is measured beside: *S*, a bare skeleton of the same stack, and *J*, a public peer."""
