"""Filters: text → tree → tree resolved against a resource type; evaluated here, translated by the stores."""
