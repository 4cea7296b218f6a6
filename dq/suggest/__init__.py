"""A first `rules/quality.yaml` from a file: look at it once, and write down what a person would hold it to."""

from dq.suggest.profile import ColumnProfile, Profile, profiled
from dq.suggest.suggestions import MIN_ROWS, Suggestion, suggested
from dq.suggest.written import as_yaml

__all__ = ["MIN_ROWS", "ColumnProfile", "Profile", "Suggestion", "as_yaml", "profiled", "suggested"]
