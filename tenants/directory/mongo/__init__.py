"""The directory and the LMS side in MongoDB."""

from tenants.directory.mongo.accounts import MongoAccountReader
from tenants.directory.mongo.pending import MongoPendingReader
from tenants.directory.mongo.reader import MongoDirectoryReader
from tenants.directory.mongo.writer import MongoDirectoryWriter

__all__ = ["MongoAccountReader", "MongoDirectoryReader", "MongoDirectoryWriter", "MongoPendingReader"]
