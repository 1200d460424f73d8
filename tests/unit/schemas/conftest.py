"""Settings of hypothesis for the tests of this folder."""

from hypothesis import settings

# Machines that run tests may be busy: how long an example takes is no promise of ours.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
