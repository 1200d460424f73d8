"""``rollcall tenant``: make, show, change and suspend tenants."""

from typing import Any

import typer
from rich.table import Table

from deploy.commands.mode import check_erasures, tell_changed
from deploy.commands.session import AS_JSON, Session, run, show, table_of
from tenants.administration.rehearsal import Rehearsal
from tenants.administration.tenants import SettingsChange, settings_of
from tenants.policies.settings import Activation, Authentication, Deprovisioning, LinkRule, OnReturn, OperationMode
from tenants.tenant import Dialect, Tenant

app = typer.Typer(help="Make, show, change and suspend tenants.", no_args_is_help=True)

_MODE = typer.Option(None, help="dry_run: nothing reaches the LMS; sync: everything does.")
_AUTHENTICATION = typer.Option(None, help="How accounts sign in.")
_ACTIVATION = typer.Option(None, help="Whether new accounts wait for an administrator; with sso always automatic.")
_DEPROVISIONING = typer.Option(None, help="What a SCIM DELETE does to the account.")
_ON_RETURN = typer.Option(None, help="What a POST for an inactive User with the same externalId and userName does.")
_DIALECT = typer.Option(None, help="tolerant: what real identity providers send; strict: the RFCs alone.")
_TOKEN_LIMIT = typer.Option(None, help="How many SCIM tokens may live at once, 1 to 5.")
_LINK_BY = typer.Option(
    None, help="How accounts that the LMS had before are found; may be given several times: the first that fits."
)
_OWNED_DOMAIN = typer.Option(None, help="A domain in which a verified e-mail address proves who somebody is; likewise.")
_ERASE_AFTER_DAYS = typer.Option(
    None, help="Under delete: disable at once and erase so many days later, unless they return; 0: erase at once."
)
_ERASE_INACTIVE_AFTER_DAYS = typer.Option(
    None, help="Erase accounts whose User has only been deactivated so many days later; 0: never."
)
_DISPLAY_NAME = typer.Option(None, help="The name that people read.")

_DRY_RUN = typer.Option(False, "--dry-run", help="Change nothing; say what the change would do.")
_EXISTING = typer.Option(
    False, "--existing", help="Apply authentication and activation to existing accounts too; may be repeated later."
)


@app.command()
def create(
    name: str,
    mode: OperationMode | None = _MODE,
    authentication: Authentication | None = _AUTHENTICATION,
    activation: Activation | None = _ACTIVATION,
    deprovisioning: Deprovisioning | None = _DEPROVISIONING,
    on_return: OnReturn | None = _ON_RETURN,
    dialect: Dialect | None = _DIALECT,
    token_limit: int | None = _TOKEN_LIMIT,
    erase_after_days: int | None = _ERASE_AFTER_DAYS,
    erase_inactive_after_days: int | None = _ERASE_INACTIVE_AFTER_DAYS,
    display_name: str | None = _DISPLAY_NAME,
    as_json: bool = AS_JSON,
) -> None:
    """Make a tenant."""
    change = SettingsChange(
        display_name,
        dialect,
        mode,
        authentication,
        activation,
        deprovisioning,
        on_return,
        token_limit,
        erase_after_days,
        erase_inactive_after_days,
    )
    _run_and_show(lambda session: session.tenants.create(name, change, actor=session.actor), as_json=as_json)


@app.command("list")
def list_tenants(as_json: bool = AS_JSON) -> None:
    """List all tenants."""

    async def work(session: Session) -> list[dict[str, Any]]:
        return [_shown(tenant, session) for tenant in await session.tenants.tenants()]

    rows = run(work)
    columns = ("id", "status", "mode", "dialect", "display_name", "tenant_url")
    show(rows, as_json=as_json, table=lambda: table_of(columns, [[row[key] for key in columns] for row in rows]))


@app.command("show")
def show_tenant(name: str, as_json: bool = AS_JSON) -> None:
    """Show a tenant and its settings."""
    _run_and_show(lambda session: session.tenants.tenant(name), as_json=as_json)


@app.command("set")
def set_tenant(
    name: str,
    mode: OperationMode | None = _MODE,
    authentication: Authentication | None = _AUTHENTICATION,
    activation: Activation | None = _ACTIVATION,
    deprovisioning: Deprovisioning | None = _DEPROVISIONING,
    on_return: OnReturn | None = _ON_RETURN,
    dialect: Dialect | None = _DIALECT,
    token_limit: int | None = _TOKEN_LIMIT,
    erase_after_days: int | None = _ERASE_AFTER_DAYS,
    erase_inactive_after_days: int | None = _ERASE_INACTIVE_AFTER_DAYS,
    link_by: list[LinkRule] | None = _LINK_BY,
    owned_domain: list[str] | None = _OWNED_DOMAIN,
    display_name: str | None = _DISPLAY_NAME,
    is_rehearsal: bool = _DRY_RUN,
    existing: bool = _EXISTING,
    as_json: bool = AS_JSON,
) -> None:
    """Change a tenant's settings; what is not named stays. A change of the mode is one as by `rollcall mode`.

    Settings are for what comes; --dry-run tells what they mean for who is there already, --existing applies them there.
    """
    change = SettingsChange(
        display_name,
        dialect,
        mode,
        authentication,
        activation,
        deprovisioning,
        on_return,
        token_limit,
        erase_after_days,
        erase_inactive_after_days,
        link_by=tuple(link_by) if link_by else None,
        owned_domains=tuple(domain.lower() for domain in owned_domain) if owned_domain else None,
    )

    if is_rehearsal:
        rehearsed = run(lambda session: session.changes.rehearse(name, change))
        show(_rehearsed(rehearsed), as_json=as_json, table=lambda: _rehearsal(rehearsed))
        return

    async def work(session: Session) -> Tenant:
        if mode is OperationMode.SYNC:
            await check_erasures(session, name, erase=None)
        changed = await session.changes.change(name, change, existing=existing, actor=session.actor)
        tell_changed(changed)
        return changed.switched.tenant

    _run_and_show(work, as_json=as_json)


@app.command()
def suspend(name: str, as_json: bool = AS_JSON) -> None:
    """Stop serving a tenant: its provisioning clients get 403, nothing is stored, nothing is lost."""
    _run_and_show(lambda session: session.tenants.suspend(name, actor=session.actor), as_json=as_json)


@app.command()
def resume(name: str, as_json: bool = AS_JSON) -> None:
    """Serve a suspended tenant again."""
    _run_and_show(lambda session: session.tenants.resume(name, actor=session.actor), as_json=as_json)


def _run_and_show(work: Any, *, as_json: bool) -> None:
    async def shown(session: Session) -> dict[str, Any]:
        return _shown(await work(session), session)

    row = run(shown)
    show(row, as_json=as_json, table=lambda: _record(row))


def _record(row: dict[str, Any]) -> Table:
    table = table_of(("setting", "value"), list(row.items()))
    table.show_header = False
    return table


def _rehearsed(rehearsal: Rehearsal) -> dict[str, Any]:
    return {
        "changed": {setting: list(both) for setting, both in rehearsal.changed.items()},
        "consequences": [
            {"setting": one.setting, "count": one.count, "what": one.what, "when": one.when.value}
            for one in rehearsal.consequences
        ],
    }


def _rehearsal(rehearsal: Rehearsal) -> Table:
    changes = [(setting, f"{before} → {after}", "", "") for setting, (before, after) in rehearsal.changed.items()]
    consequences = [(one.setting, one.what, f"{one.count:,}", one.when.value) for one in rehearsal.consequences]
    return table_of(("setting", "what", "count", "when"), [*changes, *consequences])


def _shown(tenant: Tenant, session: Session) -> dict[str, Any]:
    return {
        "id": tenant.id,
        "tenant_url": f"{session.settings.public_url}/scim/v2/{tenant.id}",
        **settings_of(tenant),
        "created": tenant.created,
        "revision": tenant.revision,
    }
