"""The Airtable base over its Web API: paced, complete or not at all, never a create sent twice."""

from dq.stores.airtable.calling import LONGEST, Patience
from dq.stores.airtable.store import AirtableStore

__all__ = ["LONGEST", "AirtableStore", "Patience"]
