"""Attribute, schema and resource-type definitions, compiled from the schema documents."""
