"""The lead database: sample data (`generate`), a table to try matchers on (`invented`), and a project to begin with (`start`)."""

from dq.leads.generate import Sample, document, sample, write
from dq.leads.invented import Flat, flat

__all__ = ["Flat", "Sample", "document", "flat", "sample", "write"]
