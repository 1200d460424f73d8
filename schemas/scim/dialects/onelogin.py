"""OneLogin: templates that name the manager by ``managerId``."""

from typing import Any


def manager_by_value(manager: dict[str, Any], used: set[str]) -> dict[str, Any]:
    """Return the manager with its id under ``value``, where the RFC has it."""
    names = {name.lower(): name for name in manager}
    if "managerid" not in names or "value" in names:
        return manager
    used.add("manager_id_key")
    return {"value" if key == "managerid" else name: manager[name] for key, name in names.items()}
