"""How the kernel lets our threads run among others."""

import os

import structlog

log = structlog.get_logger(__name__)


def be_scheduled(policy: str) -> None:
    """Put this thread, and all that it begins, under Linux's policy ``batch``; nothing is done for ``normal``.

    A thread under it that wakes up does not interrupt whoever is running. Gateway, worker, broker and database hand
    work to each other all the time, and on a busy machine each hand-over would else cut another one's work in two.
    """
    # Not all systems that let a policy be chosen have this one: FreeBSD.
    if policy != "batch" or not (hasattr(os, "sched_setscheduler") and hasattr(os, "SCHED_BATCH")):
        return
    try:
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    except OSError as error:
        # A sandbox may forbid it; everything works without.
        log.info("The scheduling policy stays as it is", cause=error.strerror)
