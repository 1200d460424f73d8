"""What is measured, suite by suite; each phase has the same name for every subject."""
