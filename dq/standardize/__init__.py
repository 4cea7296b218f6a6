"""Every cell's standard form: pure, row by row, one file a kind of field.

    email.standardize(pl.col("email"), {"normalize_case": "lower"}) ──► value, finding
    standardize_records(snapshot frame, schema, rules, kinds)       ──► records with f, f_raw, f_rule, f_finding
    findings(records, …)                                            ──► the Finding contract

Three laws hold for every standardizer: f(f(x)) = f(x); a value is never emptied (only what holds nothing but invisible
characters is empty); an address or URL reaches what it reached before.
"""

from dq.standardize.findings import MESSAGES, SEVERITY, findings, without_findings
from dq.standardize.kinds import KINDS, STANDARDIZERS, Kind, check_options
from dq.standardize.records import Restless, prove_idempotent, standardize_records

__all__ = [
    "KINDS",
    "MESSAGES",
    "SEVERITY",
    "STANDARDIZERS",
    "Kind",
    "Restless",
    "check_options",
    "findings",
    "prove_idempotent",
    "standardize_records",
    "without_findings",
]
