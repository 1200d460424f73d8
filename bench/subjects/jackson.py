"""The public peer *J*: ``@boxyhq/saml-jackson`` behind a minimal express app, on the same MongoDB."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bench.load.exchange import Target
from bench.subjects.subject import DATABASE, GATEWAY, ROOT, Stand, Subject, wait_for_line
from tests.support.services.waiting import free_port

JACKSON = "J"
_FOLDER = ROOT / "bench" / "peers" / "jackson"


class PeerUnavailableError(Exception):
    """The peer cannot be installed here; the message says why."""


def install_jackson() -> None:
    """Install the peer's packages as its lock file names them, unless they are there.

    Raises:
        PeerUnavailableError: Node.js is missing or the installation fails.
    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise PeerUnavailableError("Node.js with npm is needed to measure the peer J")
    if (_FOLDER / "node_modules" / "@boxyhq" / "saml-jackson").is_dir():
        return
    sys.stderr.write("Installing the peer J with npm\n")
    done = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=_FOLDER,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise PeerUnavailableError(f"npm ci failed:\n{done.stdout}{done.stderr}")


@contextmanager
def open_jackson(stand: Stand, tenants: int) -> Iterator[Subject]:
    """Yield the peer, one process of Node.js."""
    database = stand.new_name("jackson")
    port = free_port()
    command = ["node", str(_FOLDER / "server.mjs"), str(port), stand.mongodb_url(database), str(tenants)]
    environment = {"NODE_ENV": "production", "DO_NOT_TRACK": "1", "BOXYHQ_NO_ANALYTICS": "1"}
    with stand.running("jackson", command, environment) as process:
        directories = json.loads(wait_for_line(process, "[{"))
        yield Subject(
            JACKSON,
            [Target.at(directory["url"], directory["token"]) for directory in directories],
            {GATEWAY: [process.pid], DATABASE: stand.service_roles()[DATABASE]},
            has_external_ids=False,
        )
