"""A tenant's policies as values, and the one function that turns a difference into effects."""
