"""The store ports of one technology, opened for a test as the product opens them."""

from deploy.wiring import Stores, administration_ports, open_mongo_stores, open_sqlite_stores

__all__ = ["Stores", "administration_ports", "open_mongo_stores", "open_sqlite_stores"]
