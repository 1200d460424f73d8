"""SCIM over HTTP: parse, ask, render."""
