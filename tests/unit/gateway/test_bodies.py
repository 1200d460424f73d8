"""What a body may be, and what is made of everything else: a refusal that says why, never a crash."""

import gzip
import zlib
from collections.abc import AsyncIterator
from dataclasses import replace

import orjson
import pytest

from tests.support.scim import ACME, SETTINGS, Answer, Scim, open_scim

USER = b'{"userName":"bjensen"}'
MIB = 1024 * 1024


async def post(
    scim: Scim, body: bytes, *, content_type: str | None = "application/scim+json", **headers: str
) -> Answer:
    sent = {"Authorization": f"Bearer {scim.tokens[ACME]}"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    if content_type is not None:
        sent["Content-Type"] = content_type
    return await scim.send("POST", f"/scim/v2/{ACME}/Users", body, headers=sent)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/scim+json",
        "application/json",
        "Application/SCIM+JSON; charset=UTF-8",
        'application/json;charset="utf-8"',
        "application/json; profile=x",
        None,
    ],
)
async def test_json_is_read_however_it_is_labelled(scim: Scim, content_type: str | None) -> None:
    assert (await post(scim, USER, content_type=content_type)).status == 201


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "application/json; charset=utf-16", "application", ";", "json"]
)
async def test_what_is_labelled_as_something_else_is_not_read(scim: Scim, content_type: str) -> None:
    answer = await post(scim, USER, content_type=content_type)
    assert (answer.status, answer.json["status"]) == (415, "415")


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/scim+json", "text/html", "nonsense;;"])
async def test_answers_are_scim_json_whatever_is_accepted(scim: Scim, accept: str) -> None:
    answer = await post(scim, USER, Accept=accept)
    assert (answer.status, answer.headers["Content-Type"]) == (201, "application/scim+json")


MALFORMED = {
    "nothing": b"",
    "blanks": b"  ",
    "no JSON": b"{",
    "two values": b"{} {}",
    "trailing comma": b'{"a":1,}',
    "single quotes": b"{'userName':'x'}",
    "not a number": b'{"userName":NaN}',
    "infinite": b'{"a":1e999}',
    "a control character": b'{"a":"\x01"}',
    "no UTF-8": b'{"userName":"\xff"}',
    "UTF-16": '{"userName":"x"}'.encode("utf-16"),
    "a surrogate in UTF-8": b'{"userName":"\xed\xa0\x80"}',
    "half a surrogate pair": b'{"userName":"\\ud800"}',
    "half a pair in a key": b'{"\\udfff":1}',
    "a list": b'[{"userName":"x"}]',
    "a text": b'"userName"',
    "a number": b"1",
    "null": b"null",
    "deep objects": b'{"a":' * 65 + b"1" + b"}" * 65,
    "deep lists": b'{"a":' + b"[" * 64 + b"]" * 64 + b"}",
    "bottomless": b'{"a":' + b"[" * 100_000,
    "deep behind much that is flat": b'{"b":[' + b"{}," * 99 + b'{}],"a":' + b"[" * 64 + b"]" * 64 + b"}",
}


@pytest.mark.parametrize("kind", MALFORMED)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_a_body_that_is_no_sensible_json_object_is_a_syntax_error(scim: Scim, method: str, kind: str) -> None:
    path = "/Users" if method == "POST" else f"/Users/{'0' * 32}"
    answer = await scim.request(method, path, MALFORMED[kind])
    assert (answer.status, answer.json["scimType"]) == (400, "invalidSyntax")


ODD = {
    "64 levels": b'{"userName":"x","a":' + b"[" * 63 + b"]" * 63 + b"}",
    "a byte order mark": b'\xef\xbb\xbf{"userName":"x"}',
    "a zero character": b'{"userName":"x\\u0000"}',
    "the same key twice": b'{"userName":"y","userName":"x"}',
    "the same key in two cases": b'{"userName":"y","USERNAME":"x"}',
    "a large number": b'{"userName":"x","a":1234567890123456789012345678901234567890}',
    "an unsigned number": b'{"userName":"x","title":18446744073709551615}',
    "a number for a text": b'{"userName":1}',
    "an object for a text": b'{"userName":{"a":"b"}}',
    "a list for a text": b'{"userName":["x"]}',
    "a text for a list": b'{"userName":"x","emails":"y"}',
    "lists of lists": b'{"userName":"x","emails":[[[]]]}',
    "empty keys": b'{"userName":"x","":{"":""}}',
    "keys like operators": b'{"userName":"x","$where":"1","a.b":1,"name.$gt":""}',
    "noncharacters": '{"userName":"x\uffff\U0001f600"}'.encode(),
    "a long text": orjson.dumps({"userName": "x" * 100_000}),
    "many attributes": orjson.dumps({"userName": "x"} | {f"a{number}": number for number in range(20_000)}),
    "many elements": orjson.dumps({"userName": "x", "emails": [{"value": f"{n}@example.org"} for n in range(5_000)]}),
    "schemas of any kind": b'{"userName":"x","schemas":[1,null,{}]}',
    "an extension that is none": b'{"userName":"x","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":1}',
}


@pytest.mark.parametrize("kind", ODD)
async def test_an_odd_object_is_stored_or_refused_but_breaks_nothing(scim: Scim, kind: str) -> None:
    answer = await scim.request("POST", "/Users", ODD[kind])
    assert answer.status in {201, 400, 409}, answer.body
    assert (await scim.request("GET", "/Users")).json["totalResults"] == (answer.status == 201)


PATCHES = {
    "no operations": {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]},
    "empty operations": {"Operations": []},
    "operations that are none": {"Operations": "add"},
    "an operation that is none": {"Operations": [1]},
    "an unknown op": {"Operations": [{"op": "move", "path": "title", "value": "x"}]},
    "an op that is no text": {"Operations": [{"op": {}, "path": "title"}]},
    "a path that is no text": {"Operations": [{"op": "add", "path": 1, "value": "x"}]},
    "a pointer": {"Operations": [{"op": "add", "path": "/name/familyName", "value": "x"}]},
    "an index": {"Operations": [{"op": "replace", "path": "emails[0].value", "value": "x"}]},
    "an unknown path": {"Operations": [{"op": "add", "path": "nothing", "value": "x"}]},
    "a bottomless path": {"Operations": [{"op": "add", "path": "emails[" + "(" * 5_000, "value": "x"}]},
    "a removal without path": {"Operations": [{"op": "remove"}]},
}


@pytest.mark.parametrize("kind", PATCHES)
async def test_a_patch_that_cannot_be_understood_is_refused_before_any_worker_sees_it(scim: Scim, kind: str) -> None:
    answer = await scim.request("PATCH", f"/Users/{'0' * 32}", PATCHES[kind])
    assert answer.status == 400, answer.body
    assert scim.count("rollcall_batch_size_count", kind="commands") == 0


async def test_a_body_at_the_limit_is_read(scim: Scim) -> None:
    body = USER[:-1] + b',"x":"' + b"y" * (MIB - len(USER) - 7) + b'"}'
    assert len(body) == MIB
    assert (await post(scim, body)).status == 201


async def test_a_body_beyond_the_limit_is_too_large(scim: Scim) -> None:
    answer = await post(scim, b"x" * (MIB + 1))
    assert (answer.status, answer.json["status"]) == (413, "413")


async def test_a_body_in_chunks_beyond_the_limit_is_too_large(scim: Scim) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(17):
            yield b"x" * (MIB // 16)

    headers = {"Authorization": f"Bearer {scim.tokens[ACME]}", "Content-Type": "application/json"}
    response = await scim.session.post(f"/scim/v2/{ACME}/Users", data=chunks(), headers=headers)
    async with response:
        assert response.status == 413


async def test_a_compressed_body_is_read(scim: Scim) -> None:
    assert (await post(scim, gzip.compress(USER), Content_Encoding="gzip")).status == 201
    assert (await post(scim, zlib.compress(b'{"userName":"x"}'), Content_Encoding="deflate")).status == 201


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "gzip, gzip"])
async def test_what_is_compressed_otherwise_is_not_read(scim: Scim, encoding: str) -> None:
    assert (await post(scim, USER, Content_Encoding=encoding)).status in {400, 415}


async def test_a_bomb_is_too_large_and_is_not_unpacked(scim: Scim) -> None:
    answer = await post(scim, gzip.compress(b" " * (200 * MIB)), Content_Encoding="gzip")
    assert answer.status == 413


async def test_a_broken_compression_is_a_syntax_error(scim: Scim) -> None:
    answer = await post(scim, b"not gzip at all", Content_Encoding="gzip")
    assert answer.status == 400


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    async with open_scim(settings=replace(SETTINGS, body_timeout_seconds=0.02)) as scim:
        reader, writer = await scim.connect()
        head = f"POST /scim/v2/acme/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {scim.tokens[ACME]}\r\n"
        writer.write(head.encode() + b"Content-Length: 100\r\n\r\n{")
        assert b"408" in await reader.readline()
        writer.close()


async def test_a_client_that_holds_its_body_back_is_asked_for_it(scim: Scim) -> None:
    answer = await post(scim, USER, Expect="100-continue")
    assert answer.status == 201
    assert (await post(scim, USER, Expect="something else")).json["status"] == "417"
