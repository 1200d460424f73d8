"""Settings: the environment is read once, and all of its faults are told together."""

from pathlib import Path

import pytest

from deploy.settings import SettingsError, read_settings
from deploy.signing import keys_of, with_signing_keys

KEY = "k" * 32


def test_without_any_variable_the_embedded_shape_is_set() -> None:
    settings = read_settings({})
    assert settings.is_embedded
    assert settings.store_url == "sqlite:///data/rollcall.sqlite"
    assert settings.public_url == "http://127.0.0.1:8080"


def test_all_faults_are_told_together() -> None:
    environment = {
        "ROLLCALL_STORE_URL": "postgres://x",
        "ROLLCALL_BUS_URL": "kafka://x",
        "ROLLCALL_PORT": "none",
        "ROLLCALL_LANE_QUEUES": "stream",
        "ROLLCALL_SIGNING_KEY": "short",
        "ROLLCALL_STOREURL": "sqlite:///x",
    }
    with pytest.raises(SettingsError) as caught:
        read_settings(environment)
    assert len(caught.value.faults) == len(environment)


def test_plain_port_moves_the_public_url_along() -> None:
    assert read_settings({"PORT": "9000"}).public_url == "http://127.0.0.1:9000"


@pytest.mark.parametrize("port", ["0", "http", "65536x"])
def test_a_plain_port_that_is_none_is_a_fault(port: str) -> None:
    with pytest.raises(SettingsError, match="PORT"):
        read_settings({"PORT": port})


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n", encoding="utf-8")
    settings = read_settings({"ROLLCALL_SIGNING_KEY_FILE": str(tmp_path / "key")})
    assert keys_of(settings).current.secret == KEY.encode()


def test_a_secret_given_twice_or_unreadable_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="both set"):
        read_settings({"ROLLCALL_SIGNING_KEY": KEY, "ROLLCALL_SIGNING_KEY_FILE": str(tmp_path)})
    with pytest.raises(SettingsError, match="cannot be read"):
        read_settings({"ROLLCALL_SIGNING_KEY_FILE": str(tmp_path / "missing")})


def test_no_secret_is_shown_by_the_settings() -> None:
    assert KEY not in repr(read_settings({"ROLLCALL_SIGNING_KEY": KEY}))


def test_the_embedded_shape_makes_its_key_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    settings = read_settings({"ROLLCALL_DATA": str(tmp_path / "data")})
    first, second = keys_of(with_signing_keys(settings)), keys_of(with_signing_keys(settings))
    assert first == second
    assert (tmp_path / "data" / "signing.key").stat().st_mode & 0o777 == 0o600


def test_beside_a_broker_the_key_has_to_be_given() -> None:
    with pytest.raises(SettingsError, match="SIGNING_KEY"):
        with_signing_keys(read_settings({"ROLLCALL_BUS_URL": "amqp://localhost/"}))
