"""Lines of the checklists that no test here can prove, with the reason."""

ELSEWHERE: dict[str, str] = {
    "13.115": "needs killed processes: `tests/integration` (`test_provisioning`, `test_embedded`, `test_outages`)",
    **dict.fromkeys(
        ("ME-03", "ME-04", "ME-05", "ME-06"), "`/Me` is not offered (ME-01): a provisioning client is not a User"
    ),
    **dict.fromkeys(
        (f"ASY-{number:02d}" for number in (4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17)),
        "asynchronous requests and events for receivers are not offered (ASY-01): every answer is final",
    ),
    "CRE-29": "no extension can be made required: resources exist without it",
    "ETG-17": "entity tags are supported (ETG-01)",
    "ERR-14": "no filter is refused as sensitive: what was asked for reaches no log (SEC-15)",
    "SEC-04": "a SCIM token carries no scopes: it is good for all of its tenant, or for nothing (SEC-08)",
    "SEC-06": "TLS ends at the proxy in front of the gateways",
}
