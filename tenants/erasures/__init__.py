"""Port: accounts that were erased, until nothing of their persons is left."""
