"""The requests that the benchmark sends are what an identity provider sends."""

import json
from urllib.parse import parse_qs, urlsplit

from bench.load.exchange import Exchange, Target
from bench.scim import Client, Person, StoredUser, growing, people, stored_users

CLIENT = Client(Target.at("http://127.0.0.1:8080/scim/v2/acme/", "secret"))
USER = StoredUser("42", "user.000007@bench.example", "external")


def line_of(exchange: Exchange) -> list[str]:
    return exchange.request.partition(b"\r\n")[0].decode().split(" ")


def body_of(exchange: Exchange) -> dict[str, object]:
    head, _, body = exchange.request.partition(b"\r\n\r\n")
    assert b"Content-Length: %d" % len(body) in head
    decoded: dict[str, object] = json.loads(body)
    return decoded


def test_an_initial_sync_looks_everyone_up_before_creating_them() -> None:
    (miss, create), *others = CLIENT.initial_sync(people("new", 3))

    assert line_of(miss)[:1] + line_of(create)[:1] == ["GET", "POST"]
    query = parse_qs(urlsplit(line_of(miss)[1]).query)
    assert query == {"filter": ['userName eq "new.000000@bench.example"']}
    assert body_of(create)["userName"] == "new.000000@bench.example"
    assert len(others) == 2


def test_no_two_persons_share_a_name_or_an_external_id() -> None:
    persons = people("a", 100) + people("b", 100)

    assert len({person.user_name for person in persons}) == len({person.external_id for person in persons}) == 200


def test_a_person_is_found_again_by_user_name() -> None:
    person = Person("sync64", 7)

    assert Person.named(person.user_name) == person


def test_created_users_are_read_from_the_answers() -> None:
    answer = json.dumps({"id": "42", "userName": USER.user_name, "externalId": "external"}).encode()

    assert stored_users([answer]) == [USER]


def test_everybody_is_disabled_before_anybody_is_enabled_again() -> None:
    scripts = CLIENT.toggling([USER, USER])
    values = [body_of(next(scripts)[0])["Operations"] for _ in range(3)]

    assert values == [[{"op": "Replace", "path": "active", "value": value}] for value in ("False", "False", "True")]


def test_a_group_grows_by_a_thousand_members_per_request() -> None:
    patches = [body_of(exchange) for (exchange,) in growing(CLIENT, "g", [str(id) for id in range(2_500)])]

    assert [len(patch["Operations"][0]["value"]) for patch in patches] == [1_000, 1_000, 500]  # type: ignore[index]
