"""Documents inserted by one command: all of them or none, however many there are and however large."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from pymongo import MongoClient
from pymongo.client_session import ClientSession

from tenants.errors import DuplicateError
from tenants.mongo.documents import Database, Document
from tenants.mongo.inserting import insert
from tenants.mongo.transactions import transact

_MEGABYTE = 1024 * 1024


@pytest.fixture
def database(mongodb_url: str) -> Iterator[Database]:
    name = f"inserting_{uuid4().hex[:12]}"
    with MongoClient[Document](mongodb_url) as client:
        client[name].counted.insert_one({"_id": "acme", "sequence": 0})
        yield client[name]
        client.drop_database(name)


def _writing(database: Database, documents: list[Document]) -> Callable[[ClientSession], None]:
    def write(session: ClientSession) -> None:
        database.counted.update_one({"_id": "acme"}, {"$inc": {"sequence": 1}}, session=session)
        insert(database, "things", documents, session)

    return write


@pytest.mark.parametrize("size", [1, 5 * _MEGABYTE], ids=["small", "larger together than a message may be"])
def test_all_documents_are_there_after_the_transaction(database: Database, size: int) -> None:
    documents: list[Document] = [{"_id": f"t{number}", "text": f"{number}" * size} for number in range(10)]
    transact(database, _writing(database, documents))
    assert list(database.things.find(sort={"_id": 1})) == documents
    assert database.counted.find_one() == {"_id": "acme", "sequence": 1}


@pytest.mark.parametrize("size", [1, 5 * _MEGABYTE], ids=["small", "larger together than a message may be"])
def test_a_taken_key_is_told_and_nothing_is_kept(database: Database, size: int) -> None:
    database.things.insert_one({"_id": "t9"})
    documents: list[Document] = [{"_id": f"t{number}", "text": f"{number}" * size} for number in range(10)]
    with pytest.raises(DuplicateError):
        transact(database, _writing(database, documents))
    assert list(database.things.find()) == [{"_id": "t9"}]
    assert database.counted.find_one() == {"_id": "acme", "sequence": 0}
