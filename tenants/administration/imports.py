"""Reading the accounts that an LMS had before: CSV or JSON Lines → values, or what is wrong with which line."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import msgspec

from schemas.messages.administration import LmsAccount
from tenants.administration.actor import RefusedError

ACCOUNTS_PER_JOB = 2_500
"""What is to be imported travels in the job's parameters."""
_FIELDS = frozenset(LmsAccount.__struct_fields__)


def read_csv(lines: Iterable[str]) -> list[LmsAccount]:
    """Return the accounts of a CSV text whose first line names the columns; empty cells say nothing.

    Raises:
        RefusedError: A line is no account; the message says which line, and why.
    """
    rows = csv.DictReader(lines, restkey="", strict=True)
    try:
        found = [(rows.line_num, _without_empty(row)) for row in rows]
    except csv.Error as error:
        raise RefusedError(f"line {rows.line_num}: {error}") from error
    return _accounts(found)


def read_json_lines(lines: Iterable[str]) -> list[LmsAccount]:
    """Return the accounts of a text with a JSON object on each line.

    Raises:
        RefusedError: A line is no account; the message says which line, and why.
    """
    return _accounts((number, _object(number, line)) for number, line in enumerate(lines, 1) if line.strip())


def parameters_of(accounts: Iterable[LmsAccount]) -> Iterator[dict[str, Any]]:
    """Yield the parameters of the jobs that import the accounts."""
    rest = iter(accounts)
    while part := list(islice(rest, ACCOUNTS_PER_JOB)):
        yield {"accounts": msgspec.to_builtins(part)}


def _accounts(rows: Iterable[tuple[int, Mapping[str, Any]]]) -> list[LmsAccount]:
    accounts: list[LmsAccount] = []
    lines: dict[str, int] = {}
    for number, row in rows:
        account = _account(number, row)
        first = lines.setdefault(account.lms_id, number)
        if first != number:
            raise RefusedError(f"line {number}: the account {account.lms_id} was in line {first} already")
        accounts.append(account)
    return accounts


def _account(number: int, row: Mapping[str, Any]) -> LmsAccount:
    unknown = sorted(map(str, row.keys() - _FIELDS))
    if unknown:
        known = ", ".join(LmsAccount.__struct_fields__)
        raise RefusedError(f"line {number}: {', '.join(unknown)} is none of {known}")
    try:
        account = msgspec.convert(row, LmsAccount, strict=False)
    except msgspec.ValidationError as error:
        raise RefusedError(f"line {number}: {error}") from error
    if not account.lms_id or not account.login:
        raise RefusedError(f"line {number}: lms_id and login must not be empty")
    return account


def _without_empty(row: Mapping[str | None, str | None]) -> dict[str, Any]:
    return {("more cells than columns" if not name else name.strip()): cell for name, cell in row.items() if cell}


def _object(number: int, line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise RefusedError(f"line {number}: it is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise RefusedError(f"line {number}: it is not an object")
    return value
