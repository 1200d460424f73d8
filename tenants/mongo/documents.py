"""Documents and databases as the driver has them."""

from typing import Any

import pymongo.database

Document = dict[str, Any]
Database = pymongo.database.Database[Document]
