"""SEC: authentication, tenancy, what must not be told (RFC 7644, 2, 6, 7; RFC 6750)."""

from time import time

import jwt
import pytest

from tests.support.conformance_client import USER, Answer, Scim, filtered, path_of


def _everything(scim: Scim, id: str, authorization: str | None) -> list[Answer]:
    headers = {"Authorization": authorization}
    body = {"schemas": [USER], "userName": "intruder"}
    return [
        *(
            scim.get(place, headers=headers)
            for place in ("/Users", f"/Users/{id}", "/ServiceProviderConfig", "/Nowhere")
        ),
        scim.post("/Users", body, headers=headers),
        scim.post("/Users", b"{", headers=headers),
        scim.put(f"/Users/{id}", body, headers=headers),
        scim.patch(f"/Users/{id}", {"op": "remove", "path": "title"}, headers=headers),
        scim.delete(f"/Users/{id}", headers=headers),
        scim.send("PROPFIND", "/Users", headers=headers),
    ]


@pytest.mark.line("SEC-01", "SEC-03", "SEC-08", "SEC-20", "ERR-16", "13.1")
@pytest.mark.parametrize(
    ("authorization", "challenge"),
    [
        *((missing, "Bearer") for missing in (None, "", "Bearer", "Bearer ", "Basic YTpi", "non-token", "Token x")),
        *(
            (f"Bearer {wrong}", 'Bearer error="invalid_token"')
            for wrong in ("x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "\xe9")
        ),
    ],
)
def test_without_a_live_token_nothing_is_told_but_how_to_present_one(
    scim: Scim, authorization: str | None, challenge: str
) -> None:
    ann = scim.user(title="Dean")
    for answer in _everything(scim, ann["id"], authorization):
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == challenge
        assert answer.json["detail"] == "a valid bearer token of this tenant is required"
    assert scim.get("/Users").json["Resources"] == [ann]


@pytest.mark.line("SEC-02", "CAS-07")
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_the_schemes_name_is_read_in_any_case(shared: Scim, scheme: str) -> None:
    assert shared.get("/Users", headers={"Authorization": f"{scheme} {shared.token}"}).status == 200


@pytest.mark.line("SEC-03", "SEC-07")
def test_a_token_that_somebody_else_signed_or_changed_is_refused(scim: Scim) -> None:
    claims = jwt.decode(scim.token, options={"verify_signature": False})
    header = jwt.get_unverified_header(scim.token)
    forged = [
        jwt.encode(claims, "another key of thirty-two characters", headers=header),
        jwt.encode(claims, "", algorithm="none", headers={"kid": header.get("kid")}),
        f"{scim.token[:-3]}{'AAA' if scim.token[-3:] != 'AAA' else 'BBB'}",
        scim.token.rpartition(".")[0] + ".",
    ]
    for token in forged:
        answer = scim.get("/Users", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'Bearer error="invalid_token"')


@pytest.mark.line("SEC-07")
def test_a_token_ends_and_has_an_identity_that_nobody_guesses(scim: Scim) -> None:
    first, second = (jwt.decode(it.token, options={"verify_signature": False}) for it in (scim, scim.other))
    assert time() < first["exp"] < time() + 367 * 24 * 3600
    assert first["jti"] != second["jti"]
    assert len(first["jti"]) * 4 >= 128


@pytest.mark.line("SEC-05")
def test_a_token_in_the_url_is_none(scim: Scim) -> None:
    answer = scim.get(f"/Users?access_token={scim.token}", headers={"Authorization": None})
    assert answer.status == 401


@pytest.mark.line("SEC-08", "SEC-10", "SEC-11", "13.111")
def test_a_token_opens_its_own_tenant_alone(scim: Scim) -> None:
    ann = scim.user()
    for answer in _everything(scim, ann["id"], f"Bearer {scim.other.token}"):
        assert answer.status == 401
    assert scim.send_to(f"/scim/v2/{scim.tenant}x/Users", "GET").status == 401
    assert (
        scim.send_to("/scim/v2/nobody/Users", "GET").json
        == scim.get("/Users", headers={"Authorization": "Bearer x"}).json
    )
    assert scim.read(ann) == ann


@pytest.mark.line("SEC-11", "SEC-12", "13.111")
def test_resources_of_another_tenant_do_not_exist(scim: Scim) -> None:
    ann, group = scim.user(userName="ann", externalId="e", title="Dean"), scim.group(displayName="Arts")
    other = scim.other
    change = {"op": "add", "path": "externalId", "value": "x"}
    for resource in (ann, group):
        place = path_of(resource)
        answers = [other.get(place), other.put(place, resource), other.patch(place, change), other.delete(place)]
        unknown = other.get(f"{place[:-1]}{'0' if place[-1] != '0' else '1'}")
        assert [answer.status for answer in answers] == [404] * 4
        assert answers[0].json == unknown.json
        assert scim.read(resource) == resource
    for filter in (f'id eq "{ann["id"]}"', 'userName eq "ann"', 'externalId eq "e"', "title pr", 'userName sw "a"'):
        assert other.found("/Users", filter) == set()
    assert other.get("/Users").json["totalResults"] == other.get("/Groups").json["totalResults"] == 0


@pytest.mark.line("SEC-11")
def test_somebody_of_another_tenant_is_as_good_a_member_as_nobody(scim: Scim) -> None:
    ann, foreign = scim.user(), scim.other.user()
    members = [{"value": ann["id"]}, {"value": foreign["id"]}]
    unknown = [{"value": ann["id"]}, {"value": "0" * 32}]
    group = scim.group()
    answers = [
        scim.patch(path_of(group), {"op": "add", "path": "members", "value": them}) for them in (members, unknown)
    ]
    assert answers[0].status == answers[1].status
    shown = {member["value"] for member in scim.read(group).get("members", [])}
    assert foreign["id"] not in shown
    assert "groups" not in scim.other.read(foreign)


@pytest.mark.line("SEC-14", "SEC-15")
def test_neither_tokens_nor_what_was_asked_for_reach_log_or_store(
    scim: Scim, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = "Tr0ub4dor-and-3"
    scim.get(filtered("/Users", f'userName eq "{secret}"'))
    scim.get(f"/Users/{secret}")
    scim.get(f"/Users?filter={secret}")
    scim.get("/Users", headers={"Authorization": f"Bearer {secret}", "User-Agent": "agent"})
    scim.send("GET", f"/Users?{secret}={'x' * 100_000}")
    said = "".join(capfd.readouterr())
    assert secret not in said
    assert scim.token not in said
    stored = scim.service.stored()
    assert scim.tenant.encode() in stored
    assert [text.encode() in stored for text in (secret, scim.token)] == [False, False]


@pytest.mark.line("SEC-16", "13.66")
@pytest.mark.parametrize("size", [1024 * 1024 + 1, 3 * 1024 * 1024])
def test_bodies_have_a_limit(scim: Scim, size: int) -> None:
    body = b'{"userName":"x","title":"' + b"x" * size + b'"}'
    assert scim.post("/Users", body).status == 413
    assert scim.get("/Users").json["totalResults"] == 0


@pytest.mark.line("SEC-17", "SEC-19")
def test_nobody_creates_anything_anonymously(scim: Scim) -> None:
    for place in ("/Users", "/Groups", "/Me", "/Bulk", "/Users/.search"):
        assert scim.post(place, {"userName": "x"}, headers={"Authorization": None}).status == 401
    assert scim.get("/Users").json["totalResults"] == 0


@pytest.mark.line("SEC-21")
def test_no_shared_cache_keeps_an_answer(scim: Scim) -> None:
    ann = scim.user()
    answers = [scim.get(path_of(ann)), scim.get("/Users"), scim.get("/Users/unknown"), scim.put(path_of(ann), ann)]
    for answer in answers:
        directives = {directive.strip() for directive in answer.headers["Cache-Control"].split(",")}
        assert directives & {"private", "no-store"}
