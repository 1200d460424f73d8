"""How many cases a property test generates: a few in ``make test``, or as many as ``ROLLCALL_TEST_CASES`` says."""

import os

from hypothesis import HealthCheck, Phase, settings

VARIABLE = "ROLLCALL_TEST_CASES"


def cases(usual: int) -> settings:
    """Return hypothesis's settings for a test that otherwise generates the usual number of cases.

    How long a case takes is no promise of ours, and fixtures are shared by all cases of a test.
    """
    return settings(
        max_examples=int(os.environ.get(VARIABLE) or usual),
        deadline=None,
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
