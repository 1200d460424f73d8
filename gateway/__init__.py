"""Speaks HTTP: SCIM to provisioning clients. Stateless but for short memories."""
