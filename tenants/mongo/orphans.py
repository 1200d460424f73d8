"""Transactions whose process died in the middle of them: the server keeps their locks for a minute.

Whoever meets such a lock ends them. A transaction of ours is at work for milliseconds; one that has been idle for much
longer belongs to nobody any more, and if it does after all, its commit fails and is decided again.
"""

from typing import Any

from pymongo.errors import PyMongoError

from tenants.mongo.documents import Database

APPLICATION = "rollcall"
"""What our connections are called in the server's lists."""
_IDLE_MICROSECONDS = 1_500_000


def end_orphans(database: Database) -> int:
    """End our transactions that have long been idle; return how many. A server that refuses is left alone."""
    stages: list[dict[str, Any]] = [
        {"$currentOp": {"allUsers": False, "idleSessions": True}},
        {
            "$match": {
                "active": False,
                "appName": APPLICATION,
                "transaction.timeInactiveMicros": {"$gt": _IDLE_MICROSECONDS},
            }
        },
    ]
    admin = database.client.admin
    try:
        sessions = [{"id": found["lsid"]["id"]} for found in admin.aggregate(stages)]
        if sessions:
            admin.command("killSessions", sessions)
    except PyMongoError:
        # It ends by itself within the server's own limit (transactionLifetimeLimitSeconds).
        return 0
    return len(sessions)
