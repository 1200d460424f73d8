"""All that a store holds, as bytes, for tests that look for what must not be there."""

from pathlib import Path

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient


def everything_in(store_url: str) -> bytes:
    """Return the bytes of the SQLite file and its journal, or of every document of the database."""
    if store_url.startswith("sqlite"):
        file = Path(store_url.removeprefix("sqlite:///"))
        return b"".join(part.read_bytes() for part in file.parent.glob(f"{file.name}*"))
    raw = CodecOptions(document_class=RawBSONDocument)
    with MongoClient[RawBSONDocument](store_url, document_class=RawBSONDocument) as client:
        database = client.get_default_database(codec_options=raw)
        return b"".join(document.raw for name in database.list_collection_names() for document in database[name].find())
