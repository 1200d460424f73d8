"""The tenant to try: made at the first start, shown at each."""

import sys

from deploy.commands.session import session_over
from deploy.settings import Settings
from deploy.wiring import Stores
from schemas.ids import TenantId
from tenants.administration.tenants import SettingsChange
from tenants.policies.settings import OperationMode

_NAME = "demo"


async def show_demo(settings: Settings, stores: Stores) -> None:
    """Print what is needed to try Rollcall; the token only when the tenant is made."""
    session = session_over(settings, stores, None)
    url = f"{settings.public_url}/scim/v2/{_NAME}"
    if await stores.registry.tenant(TenantId(_NAME)) is not None:
        _print(
            f"Tenant URL: {url}",
            f"The tenant {_NAME} is as you left it; its token was shown at the first start. For another token:",
            f"  ROLLCALL_DATA={settings.data} {sys.argv[0]} token create {_NAME}",
        )
        return
    await session.tenants.create(
        _NAME, SettingsChange(display_name="A tenant to try", mode=OperationMode.SYNC), actor=session.actor
    )
    issued = await session.tokens.create(_NAME, name="demo", expires=None, actor=session.actor)
    _print(
        f"Tenant URL: {url}",
        f"SCIM token: {issued.token}",
        f"curl -H 'Authorization: Bearer {issued.token}' {url}/Users",
    )


def _print(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()
