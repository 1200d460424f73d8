"""FIL: filters (RFC 7644, 3.4.2.2)."""

from functools import reduce
from typing import Any

import pytest

from tests.support.conformance_client import ENTERPRISE, GROUP, USER, Scim, filtered

_STAFF: tuple[dict[str, Any], ...] = (
    {
        "userName": "ann",
        "externalId": "E-1",
        "title": "Dean",
        "name": {"givenName": "Ann", "familyName": "O'Hara"},
        "displayName": 'Ann "Annie" O\\Hara',
        "emails": [
            {"value": "ann@x.org", "type": "work", "primary": True},
            {"value": "ann@home.net", "type": "home"},
        ],
        ENTERPRISE: {"employeeNumber": "100", "department": "Arts", "manager": {"value": "m1"}},
    },
    {
        "userName": "bob",
        "externalId": "e-1",
        "title": "dean",
        "name": {"givenName": "Bob", "familyName": "Berg"},
        "displayName": "(Bob) and [Berg] eq",
        "active": False,
        "emails": [{"value": "bob@home.net", "type": "work"}],
        ENTERPRISE: {"employeeNumber": "200", "department": "Law"},
    },
    {
        "userName": "cid",
        "title": "Rector",
        "displayName": "Zoë 𝔘/Ω",
        "nickName": "dean",
        "emails": [{"value": "cid@x.org", "type": "home"}, {"value": "cid@y.org", "type": "other"}],
        "x509Certificates": [{"value": "AAAA"}],
    },
    {"userName": "dot", "displayName": "a.b(c)[d]* $where", "roles": [{"value": "Admin"}]},
)
_ALL = {"ann", "bob", "cid", "dot"}


@pytest.fixture
def staff(shared: Scim) -> Scim:
    """Ann, Bob, Cid and Dot."""
    if not shared.get("/Users").json["totalResults"]:
        for person in _STAFF:
            shared.user(schemas=[USER, ENTERPRISE], **person)
    return shared


def _case(filter: str, names: str, *lines: str) -> Any:
    return pytest.param(filter, {*names.split()}, marks=pytest.mark.line(*lines), id=filter)


@pytest.mark.parametrize(
    ("filter", "names"),
    [
        # Table 3: the operators.
        _case('title eq "Rector"', "cid", "FIL-02"),
        _case('title eq "Rect"', "", "FIL-02"),
        _case('title ne "dean"', "cid dot", "FIL-03"),
        _case('title co "ect"', "cid", "FIL-04"),
        _case('userName sw "an"', "ann", "FIL-05"),
        _case('userName sw "ann"', "ann", "FIL-05"),
        _case('userName ew "ot"', "dot", "FIL-06"),
        _case('userName ew "dot"', "dot", "FIL-06"),
        _case("title pr", "ann bob cid", "FIL-07"),
        _case("name pr", "ann bob", "FIL-07"),
        _case("emails pr", "ann bob cid", "FIL-07"),
        _case("emails.type pr", "ann bob cid", "FIL-07"),
        _case("roles pr", "dot", "FIL-07"),
        _case('userName gt "bob"', "cid dot", "FIL-08"),
        _case('userName ge "bob"', "bob cid dot", "FIL-08"),
        _case('userName lt "bob"', "ann", "FIL-08"),
        _case('userName le "BOB"', "ann bob", "FIL-08", "FIL-17"),
        _case("active eq true", "ann cid dot", "FIL-14", "FIL-46"),
        _case("active eq false", "bob", "FIL-14"),
        _case("active ne true", "bob", "FIL-14"),
        _case("active pr", "ann bob cid dot", "FIL-46"),
        # Null: unassigned.
        _case("title eq null", "dot", "FIL-16"),
        _case("title ne null", "ann bob cid", "FIL-16"),
        # Case.
        _case('userName eq "ANN"', "ann", "FIL-17", "CAS-04"),
        _case('title eq "DEAN"', "ann bob", "FIL-17", "CAS-04"),
        _case('externalId eq "e-1"', "bob", "FIL-18", "CAS-05"),
        _case('externalId sw "E"', "ann", "FIL-18", "CAS-05"),
        _case('USERNAME eq "ann"', "ann", "FIL-19", "CAS-01"),
        _case('Name.FAMILYNAME eq "berg"', "bob", "FIL-19", "FIL-26", "CAS-01"),
        _case('userName EQ "ann" Or userName Sw "b"', "ann bob", "FIL-20", "CAS-03"),
        _case("NOT (title PR) AnD userName pR", "dot", "FIL-20", "CAS-03"),
        # Logic.
        _case('userName eq "ann" or userName eq "bob" and title eq "x"', "ann", "FIL-21"),
        _case('title eq "x" and userName eq "bob" or userName eq "ann"', "ann", "FIL-21"),
        _case('not (userName eq "ann") and title eq "dean"', "bob", "FIL-21", "FIL-23"),
        _case('not (userName eq "ann") or userName eq "ann"', "ann bob cid dot", "FIL-21"),
        _case('title pr and active eq true and userName sw "a"', "ann", "FIL-22"),
        _case('userName eq "ann" or userName eq "bob" or userName eq "cid"', "ann bob cid", "FIL-22"),
        _case('not (userName eq "ann" or userName eq "bob")', "cid dot", "FIL-23"),
        _case('not (not (userName eq "ann"))', "ann", "FIL-23"),
        _case('not(userName eq "ann")', "bob cid dot", "FIL-24"),
        _case('not (userName eq "ann")', "bob cid dot", "FIL-24"),
        _case('(userName eq "ann" or userName eq "bob") and title eq "dean"', "ann bob", "FIL-25"),
        _case('userName eq "ann" or (userName eq "bob" and title eq "x")', "ann", "FIL-25"),
        _case(f"{'(' * 20}title pr{')' * 20}", "ann bob cid", "FIL-25"),
        # Sub-attributes and several values.
        _case('name.familyName eq "Berg"', "bob", "FIL-26"),
        _case('emails.value ew "home.net"', "ann bob", "FIL-27"),
        _case('emails co "home.net"', "ann bob", "FIL-28"),
        _case('emails eq "cid@y.org"', "cid", "FIL-28"),
        _case('emails[type eq "work" and value co "home"]', "bob", "FIL-29"),
        _case('emails.type eq "work" and emails.value co "home"', "ann bob", "FIL-30"),
        _case('emails[type eq "home" or value co "bob"]', "ann bob cid", "FIL-31"),
        _case('emails[not (type eq "work") and (value co "x" or value co "y")]', "cid", "FIL-31"),
        _case('emails[type eq "work"] and title eq "dean"', "ann bob", "FIL-32"),
        _case('not (emails[type eq "work"])', "cid dot", "FIL-32"),
        _case('emails[type eq "other"] or userName eq "dot"', "cid dot", "FIL-32"),
        _case('emails[type eq "work"].value eq "ann@x.org"', "ann", "FIL-29", "13.20"),
        _case("emails[primary eq false]", "ann bob cid", "FIL-50"),
        _case("emails.primary eq true", "ann", "FIL-50"),
        # URNs.
        _case(f'{USER}:userName eq "ann"', "ann", "FIL-33", "13.23"),
        _case(f'{USER}:name.familyName eq "berg"', "bob", "FIL-33"),
        _case(f'{ENTERPRISE}:employeeNumber eq "100"', "ann", "FIL-34"),
        _case(f'{ENTERPRISE}:manager.value eq "m1"', "ann", "FIL-34"),
        _case(f'{ENTERPRISE}:department eq "law"', "bob", "FIL-34"),
        _case(f'{USER.upper()}:userName eq "ann"', "ann", "FIL-35", "CAS-02"),
        _case(f'{ENTERPRISE.lower()}:DEPARTMENT eq "law"', "bob", "FIL-35", "CAS-02"),
        _case(f'schemas eq "{ENTERPRISE}"', "ann bob", "FIL-36"),
        _case(f'schemas eq "{USER.upper()}"', "ann bob cid dot", "FIL-36"),
        # Strings.
        _case('displayName co "\\"Annie\\""', "ann", "FIL-38", "13.18"),
        _case('displayName ew "o\\\\hara"', "ann", "FIL-38", "13.18"),
        _case('displayName ew "\\/Ω"', "cid", "FIL-38"),
        _case('displayName sw "Zo\\u00eb \\ud835\\udd18"', "cid", "FIL-38"),
        _case('displayName eq "(Bob) and [Berg] eq"', "bob", "FIL-39"),
        _case('displayName co ") and ["', "bob", "FIL-39"),
        _case('displayName sw "Zoë 𝔘"', "cid", "FIL-40"),
        _case('name.familyName eq "O\'Hara"', "ann", "FIL-39", "13.17"),
        # A store's own query language.
        _case('displayName co "[d]* $where"', "dot", "FIL-53"),
        _case('displayName sw "a%"', "", "FIL-53"),
        _case('displayName co ".*"', "", "FIL-53"),
        _case('userName eq "\' or 1=1 --"', "", "FIL-53"),
        _case('userName sw "_nn"', "", "FIL-53"),
        # An extension's attribute is not taken for another's.
        _case('title eq "Law" or nickName eq "Law"', "", "FIL-51"),
        _case('department eq "Law"', "bob", "FIL-51"),
    ],
)
def test_a_filter_finds(staff: Scim, filter: str, names: set[str]) -> None:
    assert staff.names(filter) == names


@pytest.mark.parametrize(
    "filter",
    [
        *(
            pytest.param(f"active {operator} true", marks=pytest.mark.line("FIL-12"))
            for operator in ("gt", "ge", "lt", "le")
        ),
        *(
            pytest.param(f'x509Certificates.value {operator} "AAAA"', marks=pytest.mark.line("FIL-13"))
            for operator in ("gt", "ge", "lt", "le")
        ),
        *(
            pytest.param(filter, marks=pytest.mark.line("FIL-41"))
            for filter in ('userName xx "ann"', 'userName = "ann"', 'userName == "ann"', 'userName like "ann"')
        ),
        *(
            pytest.param(filter, marks=pytest.mark.line("FIL-42"))
            for filter in (
                *("userName", "userName eq", "eq", 'eq "ann"', '"ann"', 'userName "ann"', "userName eq ann"),
                *(
                    'userName eq "ann',
                    'userName eq ann"',
                    "userName eq 'ann'",
                    '(userName eq "ann"',
                    'userName eq "ann")',
                ),
                *('userName eq "ann" and', 'and userName eq "ann"', 'userName eq "ann" or or title pr', "()", "not ()"),
                *(
                    'userName eq "ann" title pr',
                    'userName eq "ann" x',
                    "not title pr",
                    'emails[type eq "work"',
                    "emails[]",
                ),
                *(
                    'emails type eq "work"]',
                    'emails[type eq "a"]]',
                    "title pr pr",
                    'userName eq "\\x"',
                    'userName eq "a\nb"',
                ),
                *(
                    'emails[roles[value eq "x"]]',
                    'userName eq "a" && title pr',
                    "userName.",
                    '.userName eq "a"',
                    "a..b pr",
                ),
                *(
                    'userName eq {"a":1}',
                    'userName eq ["a"]',
                    "title not pr",
                    'not(userName eq "a"',
                    "urn: pr",
                    "title pr;",
                ),
            )
        ),
        *(
            pytest.param(filter, marks=pytest.mark.line("FIL-43", "FIL-48"))
            for filter in ('active co "r"', 'meta.created sw "20"', 'name eq "Ann"', 'name co "A"', "title gt true")
        ),
        *(
            pytest.param(filter, marks=pytest.mark.line("FIL-44"))
            for filter in (
                "shoeSize eq 44",
                "shoeSize pr",
                "not (shoeSize pr)",
                'name.nick eq "x"',
                'urn:x:y:title eq "x"',
            )
        ),
        pytest.param("", marks=pytest.mark.line("FIL-45")),
        pytest.param(" ", marks=pytest.mark.line("FIL-45")),
        *(
            pytest.param(f"password {rest}", marks=pytest.mark.line("FIL-49"))
            for rest in ('eq "x"', "pr", 'sw "a"', 'ne "x"', 'gt "a"')
        ),
        *(
            pytest.param(f"{name} pr", marks=pytest.mark.line("FIL-51"))
            for name in (f"{USER}:department", f"{ENTERPRISE}:userName", f"{ENTERPRISE}:title")
        ),
    ],
)
@pytest.mark.line("ERR-05")
def test_what_cannot_be_asked_is_refused(staff: Scim, filter: str) -> None:
    assert staff.get(filtered("/Users", filter)).fault == (400, "invalidFilter")


@pytest.mark.line("FIL-15", "FIL-48")
@pytest.mark.parametrize("number", ["1", "-1", "0", "1.5", "-0.5", "1e3", "1E-2", "2.5e+3"])
def test_numbers_are_read_and_not_compared_with_text(staff: Scim, number: str) -> None:
    answer = staff.get(filtered("/Users", f"title eq {number}"))
    assert answer.fault == (400, "invalidFilter")
    assert answer.json["detail"] == "title is string; the filter's value is not"
    broken = staff.get(filtered("/Users", f"title eq {number}x"))
    assert broken.fault == (400, "invalidFilter")
    assert broken.json["detail"] != answer.json["detail"]


@pytest.mark.line("FIL-01", "FIL-47", "GRP-01")
def test_groups_are_found_by_name_and_by_their_members(scim: Scim) -> None:
    ann, bob = scim.user(), scim.user()
    arts, law = scim.group(ann, bob, displayName="Arts"), scim.group(bob, displayName="Law")
    found = {
        'displayName eq "ARTS"': {arts["id"]},
        f'{GROUP}:displayName sw "la"': {law["id"]},
        f'members.value eq "{ann["id"]}"': {arts["id"]},
        f'members[value eq "{bob["id"]}"]': {arts["id"], law["id"]},
        f'members eq "{bob["id"]}" and displayName eq "law"': {law["id"]},
        "members pr": {arts["id"], law["id"]},
        'members.value eq "nobody"': set(),
    }
    assert {filter: scim.found("/Groups", filter) for filter in found} == found


@pytest.mark.line("FIL-09", "FIL-10", "FIL-37")
def test_times_are_compared_as_moments(scim: Scim) -> None:
    ann = scim.user()
    at = ann["meta"]["created"]
    assert at.endswith("Z")
    hour = int(at[11:13])
    same = [at, f"{at[:-1]}000Z", f"{at[:-1]}+00:00", f"{at[:11]}{hour:02d}{at[13:-1]}-00:00"]
    if hour < 22:
        same.append(f"{at[:11]}{hour + 2:02d}{at[13:-1]}+02:00")
    for moment in same:
        for operator in ("eq", "ge", "le"):
            assert scim.found("/Users", f'meta.created {operator} "{moment}"') == {ann["id"]}
        for operator in ("ne", "gt", "lt"):
            assert scim.found("/Users", f'meta.lastModified {operator} "{moment}"') == set()


@pytest.mark.line("FIL-09")
@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("2000-01-01T00:00:00Z", "2999-01-01T00:00:00Z"),
        ("2000-01-01T00:00:00+14:00", "2999-12-31T23:59:59.999999-12:00"),
        ("2000-01-01T00:00:00.1Z", "2999-01-01T00:00:00"),
    ],
)
def test_times_have_an_order(staff: Scim, earlier: str, later: str) -> None:
    assert staff.names(f'meta.created gt "{earlier}" and meta.lastModified lt "{later}"') == _ALL
    assert staff.names(f'meta.created le "{earlier}" or meta.created ge "{later}"') == set()


@pytest.mark.line("FIL-09", "FIL-42")
@pytest.mark.parametrize("text", ["yesterday", "2026", "2026-13-01T00:00:00Z", "2026-11-25", ""])
def test_a_text_that_is_no_time_is_not_compared_with_one(staff: Scim, text: str) -> None:
    assert staff.get(filtered("/Users", f'meta.created gt "{text}"')).fault == (400, "invalidFilter")


@pytest.mark.line("FIL-37")
def test_common_attributes_can_be_asked_for(staff: Scim) -> None:
    ann = staff.search("/Users", 'userName eq "ann"')[0]
    assert staff.names(f'id eq "{ann["id"]}" and externalId eq "E-1"') == {"ann"}
    assert staff.names('meta.resourceType eq "User"') == _ALL
    assert staff.names('meta.resourceType eq "Group"') == set()
    assert staff.names(f'meta.version eq "{ann["meta"]["version"].replace(chr(34), chr(92) + chr(34))}"') >= {"ann"}


@pytest.mark.line("FIL-46", "FIL-50")
def test_a_filter_sees_what_the_client_was_answered(scim: Scim) -> None:
    ann = scim.user(emails=[{"value": "a@x.org"}])
    assert scim.found("/Users", f"active eq {str(ann['active']).lower()}") == {ann["id"]}
    scim.changed(ann, {"op": "replace", "path": "active", "value": False})
    assert scim.found("/Users", "active eq true") == set()
    assert scim.found("/Users", "emails[primary eq false] and active eq false") == {ann["id"]}


@pytest.mark.line("FIL-53", "SEC-16", "ERR-21")
@pytest.mark.parametrize(
    "filter",
    [
        *(f"{'(' * 3000}title pr{')' * 3000}", f"{'not (' * 2000}title pr{')' * 2000}", "(" * 7000),
        *(" or ".join(["title pr"] * 900), f'title eq "{"x" * 7000}"', "x" * 7000, f"{'a.' * 3000}b pr"),
        *('title eq "\x00"', 'title eq "\\u0000"', 'title eq "\\ud800"'),
    ],
)
def test_no_filter_breaks_the_service(staff: Scim, filter: str) -> None:
    answer = staff.get(filtered("/Users", filter))
    assert answer.status == 200 or answer.fault == (400, "invalidFilter")


@pytest.mark.line("FIL-25")
def test_groupings_nest(staff: Scim) -> None:
    nested = reduce(
        lambda inner, name: f'({inner} or userName eq "{name}")', ["bob", "cid", "dot"], 'userName eq "ann"'
    )
    assert staff.names(nested) == _ALL
    assert staff.names(f"not ({nested})") == set()


@pytest.mark.line("FIL-44")
def test_an_attribute_of_another_type_is_refused(scim: Scim) -> None:
    scim.group(displayName="Arts")
    for filter in ('userName eq "Arts"', "title pr", "not (active eq true)"):
        assert scim.get(filtered("/Groups", filter)).fault == (400, "invalidFilter")
