"""The python-scim project's tester and client, which know nothing of us but what discovery tells them."""

from collections.abc import Iterator
from typing import Any

import pytest
from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import PatchOp
from scim2_tester import Status, check_server

from tenants.tenant import Dialect
from tests.support.conformance_client import Scim

_SOUND = {Status.SUCCESS, Status.SKIPPED, Status.ACCEPTABLE, Status.COMPLIANT}


@pytest.fixture(params=list(Dialect))
def client(request: pytest.FixtureRequest, scim: Scim) -> Iterator[SyncSCIMClient]:
    """A client of a tenant in each dialect."""
    tenant = scim if request.param is Dialect.TOLERANT else scim.strict
    with Client(base_url=tenant.url, headers={"Authorization": f"Bearer {tenant.token}"}) as http:
        yield SyncSCIMClient(http)


@pytest.mark.line("13.108", "13.110")
def test_the_tester_finds_nothing_wrong(client: SyncSCIMClient) -> None:
    results = check_server(client)
    assert [result for result in results if result.status not in _SOUND] == []
    assert sum(result.status is Status.SUCCESS for result in results) > 100


def test_a_client_that_only_knows_what_discovery_tells_can_do_everything(client: SyncSCIMClient) -> None:
    client.discover()
    user = _model(client, "User")
    barbara = client.create(user.model_validate({"userName": "barbara", "emails": [{"value": "b@example.com"}]}))
    assert client.query(user, barbara.id).user_name == "barbara"
    barbara.title = "Dean"
    assert client.replace(barbara).title == "Dean"
    change = {"op": "replace", "path": "title", "value": "Rector"}
    changed: Any = client.modify(user, barbara.id, _patch(user, change))
    assert changed.title == "Rector"
    listed: Any = client.query(user, query_parameters={"filter": 'title eq "rector"'})
    assert [found.id for found in listed.resources] == [barbara.id]
    client.delete(user, barbara.id)
    assert client.query(user).total_results == 0


def test_a_client_changes_the_members_of_a_group(client: SyncSCIMClient) -> None:
    client.discover()
    user, group = _model(client, "User"), _model(client, "Group")
    ids = [client.create(user.model_validate({"userName": name})).id for name in ("ann", "bob")]
    made = client.create(group.model_validate({"displayName": "Tutors", "members": [{"value": ids[0]}]}))
    addition = {"op": "add", "path": "members", "value": [{"value": ids[1]}]}
    removal = {"op": "remove", "path": f'members[value eq "{ids[0]}"]'}
    client.modify(group, made.id, _patch(group, addition, removal))
    assert [member.value for member in client.query(group, made.id).members] == [ids[1]]


def _model(client: SyncSCIMClient, name: str) -> Any:
    model = client.get_resource_model(name)
    assert model is not None
    return model


def _patch(model: Any, *operations: dict[str, Any]) -> Any:
    message: Any = PatchOp
    return message[model].model_validate({"operations": operations})
