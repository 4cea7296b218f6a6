"""The lead database: sample data (`generate`), and a project to begin with (`start`)."""

from dq.leads.generate import Sample, document, sample, write

__all__ = ["Sample", "document", "sample", "write"]
