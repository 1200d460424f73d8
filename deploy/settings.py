"""Settings: the environment, read once, all faults told together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tenants.credentials.signing import SigningKeys, signing_keys

_PREFIX = "ROLLCALL_"
_TOO_LARGE = 2**31
_STORES = ("sqlite", "mongodb", "mongodb+srv")
_BUSES = ("inprocess", "amqp", "amqps")


class SettingsError(Exception):
    """The environment holds faults; all of them are listed."""

    def __init__(self, faults: list[str]) -> None:
        """Keep the faults, one sentence each."""
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator can set. Each field is the environment variable ``ROLLCALL_<FIELD IN CAPITALS>``."""

    store_url: str
    """``sqlite:///path/to/file``, or ``mongodb://...`` of a replica set, whose path names the database."""
    bus_url: str
    """``inprocess://`` (embedded shape only) or ``amqp://...``."""
    public_url: str
    """The address under which identity providers reach the gateways; Tenant URLs begin with it."""
    keys: SigningKeys | None = field(repr=False)
    """From ``SIGNING_KEY`` and ``SIGNING_KEY_PREVIOUS``; at least 32 characters each."""
    data: Path = Path("data")
    """The embedded shape's folder."""
    host: str = "127.0.0.1"
    """The address that the gateway listens on."""
    port: int = 8080
    """The port that it listens on (also plain ``PORT``)."""
    lane_queues: str = "quorum"
    """``quorum``, or ``classic`` for a single broker."""
    deadline_seconds: float = 15.0
    """How long a request may wait for its outcome before it is answered 503."""
    token_cap_days: int = 365
    """The longest life of a SCIM token."""
    batch_size: int = 64
    """How many commands of one tenant a worker puts into one transaction at most."""
    lanes_at_once: int = 16
    """How many tenants' lanes one worker serves at the same time."""
    scheduling: str = "batch"
    """``batch``: threads do not interrupt others when they wake, which saves CPU on busy machines; or ``normal``."""
    log_level: str = "info"
    """``debug``, ``info``, ``warning`` or ``error``."""
    log_format: str = "json"
    """``json``, or ``console`` for people."""

    @property
    def is_embedded(self) -> bool:
        """Whether bus and workers live in the gateway's process."""
        return urlsplit(self.bus_url).scheme == "inprocess"

    @property
    def uses_quorum(self) -> bool:
        """Whether lanes are quorum queues."""
        return self.lane_queues == "quorum"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings of the environment.

    Raises:
        SettingsError: With every fault that was found.
    """
    reading = _Reading(environment)
    data = Path(reading.text("DATA", "data"))
    port = reading.number("PORT", 8080, plain="PORT")
    settings = Settings(
        data=data,
        store_url=reading.url("STORE_URL", f"sqlite:///{data}/rollcall.sqlite", _STORES),
        bus_url=reading.url("BUS_URL", "inprocess://", _BUSES),
        host=reading.text("HOST", "127.0.0.1"),
        port=port,
        public_url=reading.url("PUBLIC_URL", f"http://127.0.0.1:{port}", ("http", "https")).rstrip("/"),
        keys=reading.keys(),
        lane_queues=reading.choice("LANE_QUEUES", ("quorum", "classic")),
        deadline_seconds=reading.number("DEADLINE_SECONDS", 15),
        token_cap_days=reading.number("TOKEN_CAP_DAYS", 365),
        batch_size=reading.number("BATCH_SIZE", 64),
        lanes_at_once=reading.number("LANES_AT_ONCE", 16),
        scheduling=reading.choice("SCHEDULING", ("batch", "normal")),
        log_level=reading.choice("LOG_LEVEL", ("info", "debug", "warning", "error")),
        log_format=reading.choice("LOG_FORMAT", ("json", "console")),
    )
    reading.finish()
    return settings


class _Reading:
    """The environment while it is read: what was asked for, and what was wrong."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._known: set[str] = set()
        self._faults: list[str] = []

    def text(self, name: str, default: str) -> str:
        self._known.add(_PREFIX + name)
        return self._environment.get(_PREFIX + name) or default

    def number(self, name: str, default: int, *, plain: str = "") -> int:
        """Return a whole number above 0; ``plain`` names a variable without prefix that counts when ours is not set."""
        text = self.text(name, self._environment.get(plain) or str(default))
        if text.isdecimal() and text.isascii() and 0 < int(text) < _TOO_LARGE:
            return int(text)
        self._faults.append(f"{_PREFIX}{name} is to be a whole number above 0, not {text!r}")
        return default

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        text = self.text(name, choices[0])
        if text not in choices:
            self._faults.append(f"{_PREFIX}{name} is to be one of {', '.join(choices)}, not {text!r}")
        return text

    def url(self, name: str, default: str, schemes: tuple[str, ...]) -> str:
        text = self.secret(name) or default
        scheme = text.partition(":")[0]
        if scheme not in schemes or "://" not in text:
            self._faults.append(f"{_PREFIX}{name} is to begin with {' or '.join(f'{each}://' for each in schemes)}")
        return text

    def secret(self, name: str) -> str | None:
        """Return a value that may be given directly or as a file's path in ``..._FILE``."""
        value = self.text(name, "")
        path = self.text(f"{name}_FILE", "")
        if value and path:
            self._faults.append(f"{_PREFIX}{name} and {_PREFIX}{name}_FILE are both set; give one")
        if not path:
            return value or None
        try:
            return Path(path).read_text(encoding="utf-8").strip() or None
        except (OSError, UnicodeDecodeError) as error:
            self._faults.append(f"{_PREFIX}{name}_FILE cannot be read: {error}")
            return None

    def keys(self) -> SigningKeys | None:
        current, previous = self.secret("SIGNING_KEY"), self.secret("SIGNING_KEY_PREVIOUS")
        if current is None:
            return None
        try:
            return signing_keys(current, previous)
        except ValueError as error:
            self._faults.append(f"{_PREFIX}SIGNING_KEY: {error}")
            return None

    def finish(self) -> None:
        unknown = {
            name
            for name in self._environment
            if name.startswith(_PREFIX) and name not in self._known and not name.startswith(f"{_PREFIX}TEST_")
        }
        self._faults.extend(f"{name} is no setting of Rollcall" for name in sorted(unknown))
        if self._faults:
            raise SettingsError(self._faults)
