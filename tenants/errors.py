"""What can go wrong between a caller and a tenant."""


class PortUnavailableError(Exception):
    """A store or the bus cannot be reached now; the same call may succeed later."""


class UncertainDeliveryError(PortUnavailableError):
    """The bus broke off while a message was on its way: it may or may not arrive."""


class LaneLostError(Exception):
    """Another transaction of the tenant came first: what was loaded is outdated; load and decide again."""


class DuplicateError(Exception):
    """A unique key (name, login, command id, token) is taken already; nothing of the change was kept."""


class RevisionConflictError(Exception):
    """The record was changed by somebody else since it was read."""


class UnknownTenantError(Exception):
    """There is no tenant of that name."""
