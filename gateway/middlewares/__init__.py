"""The stages that every request passes, outside in: errors, request log, tenant, authentication, limits."""
