"""Tolerances 14 to 33: what provisioning clients ask before they write."""

from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.support.conformance_client import CORE, ENTERPRISE, LIST_RESPONSE, Scim, filtered, ids, path_of

ODD_NAME = "o'hara_contoso.com#EXT#@fabrikam.example.com"


@pytest.mark.line("13.14")
@pytest.mark.parametrize(
    ("path", "attribute"), [("/Users", "userName"), ("/Users", "externalId"), ("/Groups", "displayName")]
)
def test_looking_for_nobody_finds_an_empty_list(scim: Scim, path: str, attribute: str) -> None:
    scim.user()
    scim.group()
    answer = scim.get(filtered(path, f'{attribute} eq "{uuid4()}"'))
    assert answer.status == 200
    assert (answer.json["schemas"], answer.json["totalResults"], answer.json["Resources"]) == ([LIST_RESPONSE], 0, [])


@pytest.mark.line("13.15")
def test_names_are_found_in_any_case(scim: Scim) -> None:
    user, group = scim.user(userName="Barbara.ÉTÉ@Example.com"), scim.group(displayName="Sales TEAM")
    for name in ("barbara.été@example.com", "BARBARA.ÉTÉ@EXAMPLE.COM"):
        assert scim.found("/Users", f'userName eq "{name}"') == {user["id"]}
    for name in ("sales team", "SALES TEAM"):
        assert scim.found("/Groups", f'displayName eq "{name}"') == {group["id"]}


@pytest.mark.line("13.16")
@pytest.mark.parametrize(
    "filter", ['DisplayName EQ "Tutors"', 'displayname Eq "tutors"', 'DISPLAYNAME sW "T" AND ID Pr']
)
def test_attributes_and_operators_are_read_in_any_case(scim: Scim, filter: str) -> None:
    group = scim.group(displayName="Tutors")
    assert scim.found("/Groups", filter) == {group["id"]}


@pytest.mark.line("13.17")
@pytest.mark.parametrize(
    "query",
    [
        "userName+eq+%22o'hara_contoso.com%23EXT%23@fabrikam.example.com%22",
        'userName%20eq%20"o%27hara_contoso.com%23EXT%23%40fabrikam.example.com"',
        quote(f'userName eq "{ODD_NAME}"', safe=""),
        quote(f'userName eq "{ODD_NAME}"', safe="'@\""),
    ],
)
def test_every_way_to_encode_a_filter_is_read(scim: Scim, query: str) -> None:
    user = scim.user(userName=ODD_NAME)
    answer = scim.get(f"/Users?filter={query}")
    assert ids(answer.json["Resources"]) == [user["id"]]


@pytest.mark.line("13.18")
@pytest.mark.parametrize("name", ['the "boss"', "back\\slash", 'both \\" of them', "tab\there", "(and) [or] not eq"])
def test_quotes_and_backslashes_in_values_are_only_text(scim: Scim, name: str) -> None:
    user = scim.user(displayName=name)
    scim.user(displayName="somebody else")
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    assert scim.found("/Users", f'displayName eq "{escaped}"') == {user["id"]}


@pytest.mark.line("13.19")
def test_users_and_groups_are_found_by_their_external_id(scim: Scim) -> None:
    user, group = scim.user(externalId="00u1"), scim.group(externalId="00g1")
    assert scim.found("/Users", 'externalId eq "00u1"') == {user["id"]}
    assert scim.found("/Groups", 'externalId eq "00g1"') == {group["id"]}
    assert scim.found("/Users", 'externalId eq "00g1"') == set()


@pytest.mark.line("13.20")
@pytest.mark.parametrize(
    "filter",
    [
        'emails[type eq "work"].value eq "ann@example.com"',
        'emails[type eq "work" and value eq "ANN@example.com"]',
        'emails.value eq "ann@example.com"',
        'emails[type eq "work"] eq "ann@example.com"',
    ],
)
def test_users_are_found_by_their_work_mail(scim: Scim, filter: str) -> None:
    user = scim.user(emails=[{"type": "work", "value": "ann@example.com"}, {"type": "home", "value": "a@example.org"}])
    scim.user(emails=[{"type": "work", "value": "bob@example.com"}])
    assert scim.found("/Users", filter) == {user["id"]}


@pytest.mark.line("13.21")
def test_a_reference_is_looked_for_together_with_an_id(scim: Scim) -> None:
    boss, stranger = scim.user(), scim.user()
    user = scim.user(**{ENTERPRISE: {"manager": {"value": boss["id"]}}})
    group = scim.group(user)
    for member, found in ((user, {group["id"]}), (stranger, set())):
        assert scim.found("/Groups", f'id eq "{group["id"]}" and members eq "{member["id"]}"') == found
    for manager, found in ((boss, {user["id"]}), (stranger, set())):
        assert scim.found("/Users", f'id eq "{user["id"]}" and manager eq "{manager["id"]}"') == found


@pytest.mark.line("13.22")
@pytest.mark.parametrize(
    ("filter", "found"),
    [
        ('userName co "nn"', {"ann", "hanna"}),
        ('userName sw "AN"', {"ann"}),
        ('userName ew "b"', {"bob"}),
        ("title pr", {"ann"}),
        ('userName gt "b"', {"bob", "hanna"}),
        ('meta.lastModified gt "2011-05-13T04:42:34Z"', {"ann", "bob", "hanna"}),
        ('(userName eq "ann" or userName eq "bob") and not (title pr)', {"bob"}),
        ('name.familyName co "ll"', {"hanna"}),
    ],
)
def test_free_filters_work(scim: Scim, filter: str, found: set[str]) -> None:
    scim.user(userName="ann", title="Dean")
    scim.user(userName="bob")
    scim.user(userName="hanna", name={"familyName": "Hill"})
    assert scim.names(filter) == found


@pytest.mark.line("13.22")
@pytest.mark.parametrize("filter", ["userName eq ann", 'userName like "a"', 'userName eq "a" and', "garbage"])
def test_a_filter_that_is_none_is_refused(scim: Scim, filter: str) -> None:
    scim.user()
    assert scim.get(filtered("/Users", filter)).fault == (400, "invalidFilter")


@pytest.mark.line("13.23")
@pytest.mark.parametrize("name", [f"{CORE}:User:userName", f"{CORE}:user:USERNAME"])
def test_attributes_may_be_fully_qualified(scim: Scim, name: str) -> None:
    user = scim.user(userName="ann")
    scim.user(userName="bob")
    assert scim.found("/Users", f'{name} eq "ann"') == {user["id"]}


@pytest.mark.line("13.24")
def test_inactive_users_are_there_for_readers(scim: Scim) -> None:
    user = scim.user(userName="ann", active=False)
    assert scim.read(user)["active"] is False
    assert scim.found("/Users", 'userName eq "ann"') == {user["id"]}
    assert scim.found("/Users", "active eq false") == {user["id"]}
    assert ids(scim.get("/Users").json["Resources"]) == [user["id"]]


@pytest.mark.line("13.25")
@pytest.mark.parametrize("strict", [False, True])
def test_members_can_be_left_out(scim: Scim, strict: bool) -> None:
    tenant = scim.strict if strict else scim
    group = tenant.group(tenant.user(), displayName="Tutors", externalId="00g1")
    one = tenant.get(f"{path_of(group)}?excludedAttributes=members").json
    (listed,) = tenant.get("/Groups?excludedAttributes=members").json["Resources"]
    assert one == listed == {name: value for name, value in tenant.read(group).items() if name != "members"}


@pytest.mark.line("13.26")
def test_only_the_id_can_be_asked_for(scim: Scim) -> None:
    user, group = scim.user(displayName="Ann"), scim.group()
    for resource, path in ((user, "/Users"), (group, "/Groups")):
        (listed,) = scim.get(f"{path}?attributes=id").json["Resources"]
        one = scim.get(f"{path_of(resource)}?attributes=id").json
        assert one == listed == {"schemas": resource["schemas"], "id": resource["id"]}


@pytest.mark.line("13.27")
def test_the_numbers_of_a_list_are_integers_that_fit_it(scim: Scim) -> None:
    for _ in range(5):
        scim.user()
    page = scim.get("/Users?startIndex=4&count=3").json
    numbers = [page["totalResults"], page["startIndex"], page["itemsPerPage"]]
    assert (numbers, len(page["Resources"])) == ([5, 4, 2], 2)
    assert all(type(number) is int for number in numbers)


@pytest.mark.line("13.28")
@pytest.mark.parametrize(
    ("query", "start_index", "count"),
    [
        ("startIndex=0", 1, 3),
        ("startIndex=-7", 1, 3),
        ("count=0", 1, 0),
        ("count=-1", 1, 0),
        ("count=1000000000", 1, 3),
        ("startIndex=0&count=2", 1, 2),
    ],
)
def test_numbers_out_of_range_are_brought_into_it(scim: Scim, query: str, start_index: int, count: int) -> None:
    for _ in range(3):
        scim.user()
    page = scim.get(f"/Users?{query}").json
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (3, start_index, count)
    assert len(page["Resources"]) == count


@pytest.mark.line("13.29")
def test_a_page_past_the_end_is_empty(scim: Scim) -> None:
    scim.user()
    answer = scim.get("/Users?startIndex=101&count=100")
    assert (answer.status, answer.json["totalResults"], answer.json["Resources"]) == (200, 1, [])


@pytest.mark.line("13.30")
@pytest.mark.parametrize("count", [1, 3, 7, 100])
def test_walking_pages_shows_each_resource_once(scim: Scim, count: int) -> None:
    made = {scim.user()["id"] for _ in range(10)}
    assert sorted(_walked(scim, count)) == sorted(made)


@pytest.mark.line("13.30")
def test_walking_pages_shows_each_resource_once_while_others_are_added(scim: Scim) -> None:
    made = [scim.user()["id"] for _ in range(8)]
    seen: list[str] = []
    for start in range(1, 9, 2):
        seen += ids(scim.get(f"/Users?startIndex={start}&count=2").json["Resources"])
        scim.user()
    assert sorted(seen) == sorted(made)


@pytest.mark.line("13.31")
def test_a_list_without_arguments_is_a_first_page_with_the_right_total(scim: Scim) -> None:
    made = {scim.user()["id"] for _ in range(4)}
    page = scim.get("/Users").json
    assert (page["totalResults"], page["startIndex"], set(ids(page["Resources"]))) == (4, 1, made)


@pytest.mark.line("13.32")
@pytest.mark.parametrize("query", ["", "?attributes=userName", "?excludedAttributes=id,schemas,meta"])
def test_every_resource_in_a_list_has_id_and_schemas(scim: Scim, query: str) -> None:
    user, group = scim.user(), scim.group()
    for path, made in (("/Users", user), ("/Groups", group)):
        (listed,) = scim.get(path + query).json["Resources"]
        assert (listed["id"], listed["schemas"]) == (made["id"], made["schemas"])


@pytest.mark.line("13.33")
def test_a_list_without_members_is_as_large_for_a_large_group_as_for_a_small_one(scim: Scim) -> None:
    # How fast it is, `make bench` measures.
    small, large = scim.group(displayName="a"), scim.group(*(scim.user() for _ in range(200)), displayName="b")
    listed: list[dict[str, Any]] = scim.get("/Groups?excludedAttributes=members").json["Resources"]
    assert sorted(ids(listed)) == sorted([small["id"], large["id"]])
    assert [set(group) for group in listed] == [{"schemas", "id", "displayName", "meta"}] * 2


def _walked(scim: Scim, count: int) -> list[str]:
    seen: list[str] = []
    while True:
        page = scim.get(f"/Users?startIndex={len(seen) + 1}&count={count}").json
        if not page["Resources"]:
            assert len(seen) == page["totalResults"]
            return seen
        seen += ids(page["Resources"])
