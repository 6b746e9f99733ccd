"""One SQLite file with one row per run, written as each run ends and shared between processes.

`store` has the operations, `rows` converts between results and rows, `schema` creates and migrates the tables, and `database`
is the connection: transactions, error messages, and the check that the file is still the one at its path.
"""

from optbench.store.schema import VERSION
from optbench.store.store import RecordKind, Store

__all__ = ["VERSION", "RecordKind", "Store"]
