"""The Parquet contracts: the only place that spells a contract's column names.

On a schema class an attribute *is* the column's name (`Change.row_key == "row_key"`), so steps never spell one.
"""

from dq.schemas.audit import AuditEntry
from dq.schemas.base import BaseRow
from dq.schemas.change import Change
from dq.schemas.cluster import Cluster
from dq.schemas.conflict import Conflict
from dq.schemas.finding import Finding
from dq.schemas.pair import Pair
from dq.schemas.record import Record

__all__ = ["AuditEntry", "BaseRow", "Change", "Cluster", "Conflict", "Finding", "Pair", "Record"]
