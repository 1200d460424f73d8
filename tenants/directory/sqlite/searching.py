"""Searches as one statement each, which yields the total and a page's rows as one JSON array.

There are two ways. A *walk* goes along an index that has the order, from where the page begins until it is full: for
lists without a filter, and for the later pages of a filtered one, whose total is known. Everything else finds all
*hits* first, as small rows, counts them and sorts them.
"""

import re
from typing import Any

from schemas.ids import TenantId
from schemas.scim.query import Query
from tenants.directory.sqlite.ordering import Order, order_of
from tenants.directory.sqlite_filters import ALWAYS, Condition, finds_few, translate

_TOTALS = {
    "User": "coalesce((SELECT users FROM tenants WHERE id = ?), 0)",
    "Group": "coalesce((SELECT groups FROM tenants WHERE id = ?), 0)",
}
_COUNTED_TOTAL = "(SELECT count(*) FROM resources WHERE tenant = ? AND type = ?)"

_ANSWER = """
WITH {first}
SELECT json_array(
    {total},
    (
        SELECT json_group_array(json_array(r.type, r.id, r.version, r.modified, r.rendered, json({shown})))
        FROM ({places}) AS h CROSS JOIN resources AS r ON r.rowid = h.place
    )
)
"""
_HITS = """
hits AS MATERIALIZED (
    SELECT r.rowid AS place, r.id, {value} AS value FROM resources AS r WHERE {scope} AND ({condition})
)
"""
_PLACES_OF_HITS = "SELECT place FROM hits WHERE {after} ORDER BY {terms} LIMIT {limit} OFFSET {skip}"
_SIZE = "size (total) AS MATERIALIZED (SELECT {total})"
_SPAN = """
    SELECT r.rowid AS place FROM resources AS r WHERE {scope} AND {span} AND ({condition})
    ORDER BY {terms} LIMIT {limit} OFFSET {skip}
"""
_SPANS = """
    SELECT place FROM (SELECT * FROM ({one}) UNION ALL SELECT * FROM ({two})) LIMIT {limit} OFFSET {skip}
"""
# Rows to skip are counted from the end that is nearer; the limit of the other way is 0.
_EITHER_WAY = """
    SELECT * FROM ({forward})
    UNION ALL
    SELECT * FROM (
        SELECT place FROM (SELECT place, row_number() OVER () AS number FROM ({backward})) ORDER BY number DESC LIMIT -1
    )
"""
_FORWARD_LIMIT = "(SELECT iif(2 * {skip} <= total, {limit}, 0) FROM size)"
_BACKWARD_LIMIT = "(SELECT iif(2 * {skip} > total, max(0, min({limit}, total - {skip})), 0) FROM size)"
_BACKWARD_SKIP = "(SELECT max(0, total - {skip} - {limit}) FROM size)"


def search(tenant: TenantId, query: Query) -> Condition:
    """Return the statement for the query. It yields one row more than asked for where there are more."""
    return _Search(tenant, query).statement()


class _Search:
    def __init__(self, tenant: TenantId, query: Query) -> None:
        self._tenant = tenant
        self._query = query
        self._order = order_of(query.sort, query.resource_type)
        self._scope = Condition("r.tenant = ? AND r.type = ?", (tenant, query.resource_type))
        self._limit = Condition("?", (query.count + 1 if query.count else 0,))
        self._skip = Condition("?", (query.start_index - 1,))

    def statement(self) -> Condition:
        query = self._query
        condition = ALWAYS
        is_walk = self._order.is_indexed
        if query.filter is not None:
            condition = translate(query.filter, tenant=self._tenant, resource_type=query.resource_type)
            is_walk = is_walk and query.total is not None and not finds_few(query.filter)
        return self._walk(condition) if is_walk else self._hits(condition)

    def _hits(self, condition: Condition) -> Condition:
        order, known = self._order, self._query.total
        after = _any_of(order.spans("value", "id", self._query.after))
        missing_last = f"value IS NULL{' DESC' if order.descending else ''}, " if order.may_be_missing else ""
        places = _filled(
            _PLACES_OF_HITS,
            after=after,
            terms=Condition(missing_last + order.terms("value", "id")),
            limit=self._limit,
            skip=self._skip,
        )
        hits = _filled(_HITS, value=Condition(order.value), scope=self._scope, condition=condition)
        total = Condition("(SELECT count(*) FROM hits)") if known is None else Condition("?", (known,))
        return self._answer(hits, total, places)

    def _walk(self, condition: Condition) -> Condition:
        places = self._along(self._order, condition, self._limit, self._skip)
        if self._query.start_index > 1 and self._query.after is None:
            # Only lists without a filter are asked for so: the total is that of all.
            ends = {"skip": self._skip, "limit": self._limit}
            forward = self._along(self._order, condition, _filled(_FORWARD_LIMIT, **ends), self._skip)
            limit, skip = _filled(_BACKWARD_LIMIT, **ends), _filled(_BACKWARD_SKIP, **ends)
            backward = self._along(self._order.reversed(), condition, limit, skip)
            places = _filled(_EITHER_WAY, forward=forward, backward=backward)
        return self._answer(_filled(_SIZE, total=self._total()), Condition("(SELECT total FROM size)"), places)

    def _along(self, order: Order, condition: Condition, limit: Condition, skip: Condition) -> Condition:
        """Return the statement that yields places along the order's index."""
        spans = order.spans(order.value, "r.id", self._query.after)
        terms = Condition(order.terms(order.value, "r.id"))
        parts = {"scope": self._scope, "condition": condition, "terms": terms}
        if len(spans) == 1:
            return _filled(_SPAN, span=spans[0], limit=limit, skip=skip, **parts)
        both = _filled("{limit} + {skip}", limit=limit, skip=skip)
        one, two = (_filled(_SPAN, span=span, limit=both, skip=Condition("0"), **parts) for span in spans)
        return _filled(_SPANS, one=one, two=two, limit=limit, skip=skip)

    def _total(self) -> Condition:
        query = self._query
        if query.total is not None:
            return Condition("?", (query.total,))
        counter = _TOTALS.get(query.resource_type)
        if counter is None:
            return Condition(_COUNTED_TOTAL, (self._tenant, query.resource_type))
        return Condition(counter, (self._tenant,))

    def _answer(self, first: Condition, total: Condition, places: Condition) -> Condition:
        return _filled(_ANSWER, first=first, total=total, shown=Condition(self._order.shown), places=places)


def _any_of(spans: list[Condition]) -> Condition:
    return Condition(
        " OR ".join(f"({span.sql})" for span in spans), tuple(value for span in spans for value in span.values)
    )


def _filled(template: str, **parts: Condition) -> Condition:
    """Return the template with the parts in their places, and their values in the order of these places."""
    values: list[Any] = []

    def part(match: re.Match[str]) -> str:
        values.extend(parts[match[1]].values)
        return parts[match[1]].sql

    return Condition(re.sub(r"\{(\w+)\}", part, template), tuple(values))
