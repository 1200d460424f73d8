"""Write the locks: exact versions of everything that is installed, chosen afresh from ``pyproject.toml``.

``runtime.lock`` is what Rollcall runs on, ``dev.lock`` adds what its tests and checks need. ``make lock`` calls this.
"""

import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

FOLDER = Path(__file__).parent
PROJECT = FOLDER.parent
HEADER = "# Written by `make lock` from pyproject.toml: change that one instead.\n"


def main() -> None:
    """Resolve and write both locks; the second builds on the versions of the first."""
    declared = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    runtime = resolve([".", *declared["build-system"]["requires"]])
    write("runtime.lock", HEADER, runtime)
    everything = resolve([".[dev]", *(f"{name}=={version}" for name, version in runtime.items())])
    added = {name: version for name, version in everything.items() if name not in runtime}
    write("dev.lock", f"{HEADER}-r runtime.lock\n", added, markers(declared["project"]["optional-dependencies"]["dev"]))


def resolve(requirements: Sequence[str]) -> dict[str, str]:
    """Return name and version of everything that pip would install for the requirements, but for the project."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--report", "-"]
    answer = subprocess.run([*command, *requirements], cwd=PROJECT, stdout=subprocess.PIPE, check=True)
    packages = (item["metadata"] for item in json.loads(answer.stdout)["install"])
    return {package["name"].lower(): package["version"] for package in packages if package["name"] != "rollcall"}


def markers(requirements: Sequence[str]) -> dict[str, str]:
    """Return the environment markers of the requirements that have one: they hold for the lock as well."""
    with_marker = (requirement.split(";") for requirement in requirements if ";" in requirement)
    return {named.split("==")[0].strip().lower(): marker.strip() for named, marker in with_marker}


def write(lock: str, header: str, versions: Mapping[str, str], markers: Mapping[str, str] | None = None) -> None:
    """Write one lock, in alphabetical order."""
    suffixes = {name: f" ; {marker}" for name, marker in (markers or {}).items()}
    lines = (f"{name}=={version}{suffixes.get(name, '')}\n" for name, version in sorted(versions.items()))
    (FOLDER / lock).write_text(header + "".join(lines))


if __name__ == "__main__":
    main()
