"""The signing key: from the settings; the embedded shape makes its own and keeps it beside its data."""

import os
import secrets
from dataclasses import replace
from pathlib import Path

from deploy.settings import Settings, SettingsError
from tenants.credentials.signing import SigningKeys, signing_keys

_FILE = "signing.key"


def with_signing_keys(settings: Settings) -> Settings:
    """Return the settings with keys in any case.

    Raises:
        SettingsError: The distributed shape has no key, or the embedded one's file cannot be used.
    """
    if settings.keys is not None:
        return settings
    if not settings.is_embedded:
        raise SettingsError(["ROLLCALL_SIGNING_KEY (or ROLLCALL_SIGNING_KEY_FILE) is needed beside a broker"])
    return replace(settings, keys=_own_keys(settings.data / _FILE))


def keys_of(settings: Settings) -> SigningKeys:
    """Return the keys of settings that went through ``with_signing_keys``."""
    if settings.keys is None:
        raise SettingsError(["there is no signing key"])
    return settings.keys


def _own_keys(path: Path) -> SigningKeys:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _make_once(path)
        return signing_keys(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise SettingsError([f"the signing key {path} cannot be used: {error}"]) from error


def _make_once(path: Path) -> None:
    """Make the key unless there is one; two processes that start at once end with the same one."""
    if path.exists():
        return
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(48))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
