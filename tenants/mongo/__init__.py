"""MongoDB, opened: what the adapters of all ports share."""

from tenants.mongo.documents import Database, Document
from tenants.mongo.store import MongoStore, open_mongo

__all__ = ["Database", "Document", "MongoStore", "open_mongo"]
