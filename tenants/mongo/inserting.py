"""Inserting documents within a transaction by one plain command.

The driver's bulk writes look at each document, and split what is too large for a message; for a batch of creates that
costs more than sending it.
"""

from collections.abc import Sequence

from pymongo.client_session import ClientSession
from pymongo.errors import BulkWriteError, DocumentTooLarge

from tenants.mongo.documents import Database, Document


def insert(database: Database, collection: str, documents: Sequence[Document], session: ClientSession) -> None:
    """Insert the documents, which have their keys, by a command that is not the transaction's first.

    Raises:
        BulkWriteError: One of them cannot be inserted: its unique key is taken, say.
    """
    try:
        answer = database.command("insert", collection, documents=documents, session=session)
    except DocumentTooLarge:
        # All of them together are; the driver finds out before it sends anything.
        database[collection].insert_many(documents, session=session)
        return
    if answer.get("writeErrors"):
        raise BulkWriteError(answer)
