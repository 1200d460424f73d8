"""What an operator may tune about jobs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JobSettings:
    """How a worker drives jobs."""

    look_seconds: float = 1.0
    """How often it looks for jobs that no notice told of."""
    lease_seconds: float = 3.0
    """How long after its last sign of life another worker takes a job over; it gives three within that time.

    Two drivers of one job do no harm, so workers' clocks need not agree to less than this: a step has one command id,
    and only one of them advances the job.
    """
    deadline_seconds: float = 15.0
    """How long a step's command may wait in the lane before it is sent again."""
    grace_seconds: float = 1.0
    """How long after the deadline an outcome may still be on its way."""
    again_seconds: float = 1.0
    """How long it waits before it sends a command again that could not be sent, or was abandoned."""
    jobs_at_once: int = 4
    """How many jobs one worker drives at a time."""
    jobs_per_tenant: int = 2
    """How many of them may be one tenant's."""
