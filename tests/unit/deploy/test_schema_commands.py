"""``rollcall schema``: what it prints, and how it refuses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app

Run = Callable[..., Result]
URI = "urn:example:params:scim:schemas:extension:campus:2.0:User"
SCHEMA: dict[str, Any] = {"id": URI, "name": "Campus", "attributes": [{"name": "semester", "type": "integer"}]}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command of ``rollcall schema`` over a folder of the test's own, which has a tenant."""
    monkeypatch.setenv("ROLLCALL_DATA", str(tmp_path / "data"))

    def run(*arguments: str, sent: object = SCHEMA) -> Result:
        return CliRunner().invoke(app, ["schema", *arguments], input=json.dumps(sent))

    assert CliRunner().invoke(app, ["tenant", "create", "acme"]).exit_code == 0
    return run


def printed(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_schema_is_registered_listed_shown_changed_and_removed(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "campus.json"
    file.write_text(json.dumps(SCHEMA))

    added = printed(run("add", "acme", str(file), "--for", "User", "--json"))
    assert added == {"uri": URI, "for": "User", "name": "Campus", "attributes": ["semester"], "resources": 0}
    assert [row["uri"] for row in printed(run("list", "acme", "--json"))] == [URI]
    shown = printed(run("show", "acme", URI.upper(), "--json"))
    assert shown["attributes"][0]["mutability"] == "readWrite"

    shown["attributes"].append({"name": "faculty"})
    assert printed(run("change", "acme", "-", "--json", sent=shown))["attributes"] == ["semester", "faculty"]
    assert "faculty" in run("show", "acme", URI).stdout
    assert printed(run("remove", "acme", URI, "--json"))["uri"] == URI
    assert printed(run("list", "acme", "--json")) == []


def test_people_read_tables_and_sentences(run: Run) -> None:
    assert f"{URI} is registered. Users with values of it: 0." in run("add", "acme", "-", "--for", "User").stdout
    assert "semester" in run("list", "acme").stdout
    assert f"{URI} is removed" in run("remove", "acme", URI).stdout


@pytest.mark.parametrize(
    ("arguments", "sent", "complaint"),
    [
        (("add", "nobody", "-", "--for", "User"), SCHEMA, "no tenant named nobody"),
        (("add", "acme", "missing.json", "--for", "User"), SCHEMA, "missing.json cannot be read"),
        (("add", "acme", "-", "--for", "User"), [], "must be a JSON object"),
        (("add", "acme", "-", "--for", "User"), {**SCHEMA, "attributes": [{"name": "x", "type": "y"}]}, "[x].type"),
        (("show", "acme", URI), SCHEMA, "acme has no extension schema"),
        (("change", "acme", "-"), SCHEMA, "acme has no extension schema"),
        (("remove", "acme", URI), SCHEMA, "acme has no extension schema"),
        (("list", "nobody"), SCHEMA, "no tenant named nobody"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words_with_exit_code_1(
    run: Run, arguments: tuple[str, ...], sent: object, complaint: str
) -> None:
    refused = run(*arguments, sent=sent)
    assert refused.exit_code == 1
    assert complaint in refused.stderr


def test_a_file_that_is_no_json_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    refused = run("add", "acme", str(tmp_path / "broken.json"), "--for", "User")
    assert refused.exit_code == 1
    assert "not JSON" in refused.stderr
