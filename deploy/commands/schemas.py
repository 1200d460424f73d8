"""``rollcall schema``: register, show, change and remove the extension schemas of a tenant."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Any

import typer

from deploy.commands.session import AS_JSON, Session, fail, run, show, table_of
from schemas.scim.definitions.extensions import ExtensionSchema
from tenants.administration.schemas import Registered, document_of

app = typer.Typer(help="Register, show, change and remove a tenant's own schemas.", no_args_is_help=True)

_FILE = typer.Argument(help="A JSON file with a Schema resource (RFC 7643, section 7); - for standard input.")
_URI = typer.Argument(help="The schema's URI.")


class ExtendedType(StrEnum):
    """What can be extended."""

    USER = "User"
    GROUP = "Group"


_FOR = typer.Option(..., "--for", help="The resource type that it extends.")
_DROP = typer.Option(
    False, "--drop-misfits", help="Go ahead though values were kept under its URI before that do not fit."
)
_KEEP = typer.Option(False, "--keep-values", help="Go ahead though there are values; they stay, without a schema.")


@app.command()
def add(
    tenant: str,
    file: str = _FILE,
    resource_type: ExtendedType = _FOR,
    drop_misfits: bool = _DROP,
    as_json: bool = AS_JSON,
) -> None:
    """Register a schema as an extension of Users or Groups."""
    document = _document(file)

    async def work(session: Session) -> dict[str, Any]:
        done = await session.schemas.add(
            tenant, document, resource_type.value, drop_misfits=drop_misfits, actor=session.actor
        )
        return _done(done)

    _show_done(run(work), "is registered", as_json=as_json)


@app.command("list")
def list_schemas(tenant: str, as_json: bool = AS_JSON) -> None:
    """List a tenant's own schemas."""

    async def work(session: Session) -> list[dict[str, Any]]:
        return [_row(extension) for extension in await session.schemas.schemas(tenant)]

    rows = run(work)
    columns = ("uri", "for", "name", "attributes")
    cells = [[row["uri"], row["for"], row["name"], ", ".join(row["attributes"])] for row in rows]
    show(rows, as_json=as_json, table=lambda: table_of(columns, cells))


@app.command("show")
def show_schema(tenant: str, uri: str = _URI, as_json: bool = AS_JSON) -> None:
    """Show a schema, as `schema change` takes it."""

    async def work(session: Session) -> dict[str, Any]:
        return document_of(await session.schemas.schema(tenant, uri))

    document = run(work)
    show(document, as_json=as_json, table=lambda: json.dumps(document, indent=2, ensure_ascii=False))


@app.command()
def change(tenant: str, file: str = _FILE, as_json: bool = AS_JSON) -> None:
    """Change a schema: add attributes, relax what there is. Nothing that has values may change its kind."""
    document = _document(file)

    async def work(session: Session) -> dict[str, Any]:
        return _done(await session.schemas.change(tenant, document, actor=session.actor))

    _show_done(run(work), "is changed", as_json=as_json)


@app.command()
def remove(tenant: str, uri: str = _URI, keep_values: bool = _KEEP, as_json: bool = AS_JSON) -> None:
    """Remove a schema; refused while there are values, unless they are to be kept."""

    async def work(session: Session) -> dict[str, Any]:
        return _done(await session.schemas.remove(tenant, uri, keep_values=keep_values, actor=session.actor))

    _show_done(run(work), "is removed", as_json=as_json)


def _document(file: str) -> Any:
    try:
        return json.loads(sys.stdin.read() if file == "-" else Path(file).read_text("utf-8"))
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}", 1)
    except ValueError as error:
        fail(f"{file} is not JSON in UTF-8: {error}", 1)


def _row(extension: ExtensionSchema) -> dict[str, Any]:
    document = document_of(extension)
    return {
        "uri": extension.uri,
        "for": extension.resource_type,
        "name": document["name"],
        "attributes": [attribute["name"] for attribute in document["attributes"]],
    }


def _done(done: Registered) -> dict[str, Any]:
    return {**_row(done.schema), "resources": done.resources}


def _show_done(row: dict[str, Any], what: str, *, as_json: bool) -> None:
    show(
        row, as_json=as_json, table=lambda: f"{row['uri']} {what}. {row['for']}s with values of it: {row['resources']}."
    )
