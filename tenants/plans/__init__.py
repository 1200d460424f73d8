"""Port: plans, which freeze what an administrator has reviewed."""
