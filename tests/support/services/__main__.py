"""Services by hand: ``python -m tests.support.services`` runs both until Ctrl-C; ``install`` only gets the programs."""

import contextlib
import signal
import sys
from collections.abc import Sequence

from tests.support.services.finding import install_programs, start_services
from tests.support.services.service import ServiceUnavailableError


def main(arguments: Sequence[str]) -> None:
    """Do what the arguments ask."""
    match arguments:
        case []:
            _run()
        case ["install"]:
            install_programs(say=_say)
        case _:
            sys.exit(__doc__)


def _run() -> None:
    with start_services(say=_say) as services:
        _say(f"ROLLCALL_TEST_AMQP_URL='{services.amqp_url}'")
        _say(f"ROLLCALL_TEST_MONGODB_URL='{services.mongodb_url}'")
        _say("Running until Ctrl-C")
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except ServiceUnavailableError as error:
        sys.exit(str(error))
