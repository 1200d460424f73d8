"""Tolerances 111 to 114: tenants side by side, and cycles that come again."""

import threading
from collections import Counter

import pytest

from schemas.messages.events import EventType
from tests.support.conformance_client import ENTERPRISE, Answer, Call, Resource, Scim, members_of, path_of

DISABLE = {"Operations": [{"op": "Replace", "path": "active", "value": "False"}]}


@pytest.mark.line("13.111")
def test_a_token_reaches_nothing_of_another_tenant(scim: Scim) -> None:
    user = scim.other.user(userName="ann", externalId="1")
    group = scim.other.group(user, displayName="Tutors")
    for resource in (user, group):
        path = path_of(resource)
        change = {"op": "replace", "path": "displayName", "value": "x"}
        answers = [scim.get(path), scim.put(path, resource), scim.patch(path, change), scim.delete(path)]
        assert [answer.status for answer in answers] == [404] * 4
        assert scim.other.read(resource) == scim.other.read(resource)
    for path, filter in (
        ("/Users", 'userName eq "ann"'),
        ("/Users", 'externalId eq "1"'),
        ("/Groups", "displayName pr"),
    ):
        assert scim.found(path, filter) == set()
    assert scim.get("/Users").json["totalResults"] == scim.get("/Groups").json["totalResults"] == 0


@pytest.mark.line("13.111")
def test_a_token_opens_no_other_tenants_url(scim: Scim) -> None:
    user = scim.other.user()
    authorization = {"Authorization": f"Bearer {scim.token}"}
    for path in ("/Users", path_of(user), "/Nowhere", "/Schemas"):
        answer = scim.other.get(path, headers=authorization)
        unknown = scim.send_to(f"/scim/v2/no-such-tenant{path}", "GET", headers=authorization)
        assert (answer.status, answer.body) == (unknown.status, unknown.body) == (401, unknown.body)


@pytest.mark.line("13.111")
def test_members_of_another_tenant_are_not_taken(scim: Scim) -> None:
    stranger = scim.other.user()
    group = scim.group(scim.user())
    before = scim.read(group)
    addition = {"op": "add", "path": "members", "value": [{"value": stranger["id"]}]}
    assert scim.patch(path_of(group), addition).status in {204, 400}
    assert stranger["id"] not in members_of(scim.read(group))
    assert scim.read(group)["members"] == before["members"]
    assert "groups" not in scim.other.read(stranger)


@pytest.mark.line("13.112")
def test_a_second_initial_cycle_changes_nothing(scim: Scim) -> None:
    first = _cycle(scim)
    events = scim.events()
    assert _cycle(scim) == first
    assert scim.get("/Users").json["totalResults"] == 5
    assert scim.events() == events


@pytest.mark.line("13.113")
def test_a_burst_of_one_tenant_does_not_keep_another_waiting(scim: Scim) -> None:
    # How long the other waits, `make bench` measures.
    user, is_done, answers = scim.other.user(), threading.Event(), list[Answer]()

    def burst() -> None:
        while not is_done.is_set():
            answers.extend(scim.together(*(Call("POST", "/Users", {"userName": scim.new_name()}) for _ in range(32))))

    thread = threading.Thread(target=burst)
    thread.start()
    try:
        for number in range(10):
            after = scim.other.changed(user, {"op": "replace", "path": "title", "value": f"{number}"})
            assert after["title"] == f"{number}"
    finally:
        is_done.set()
        thread.join()
    assert {answer.status for answer in answers} == {201}


@pytest.mark.line("13.114")
def test_a_mass_deactivation_is_counted_and_what_is_too_much_is_held(scim: Scim) -> None:
    users = [scim.user() for _ in range(30)]
    answers = scim.together(*(Call("PATCH", path_of(user), DISABLE) for user in users))
    assert {(answer.status, answer.json["active"]) for answer in answers} == {(200, False)}
    told = Counter(event.type for event in scim.events())
    assert (told[EventType.ACCOUNT_DISABLED], told[EventType.GUARD_TRIPPED]) == (20, 1)
    assert sum(entry.details.get("changed", {}).get("active") == [True, False] for entry in scim.audit()) == 30


def _cycle(scim: Scim) -> list[Resource]:
    """Provision five people and a group as Entra's initial cycle does; return all as they are then."""
    users = [_ensured(scim, number) for number in range(5)]
    found = scim.search("/Groups", 'displayName eq "Tutors"')
    group = found[0] if found else scim.made("/Groups", {"displayName": "Tutors"})
    for user in users:
        added = {"op": "Add", "path": "members", "value": [{"$ref": None, "value": user["id"]}]}
        assert scim.patch(path_of(group), added).status == 204
    return [*(scim.read(user) for user in users), scim.read(group)]


def _ensured(scim: Scim, number: int) -> Resource:
    person = {
        "externalId": f"{number}",
        "active": "True",
        "emails": [{"type": "work", "value": f"u{number}@example.com"}],
    }
    found = scim.search("/Users", f'userName eq "user{number}"')
    if not found:
        return scim.made("/Users", {"userName": f"user{number}", **person, ENTERPRISE: {"manager": "m-1"}})
    same = {"op": "Replace", "path": 'emails[type eq "work"].value', "value": f"u{number}@example.com"}
    return scim.changed(found[0], same, {"op": "Replace", "path": f"{ENTERPRISE}:manager", "value": "m-1"})
