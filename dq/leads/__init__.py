"""The lead database: sample data, and a project to begin with."""

from dq.leads.generate import Sample, document, sample, write
from dq.leads.start import load_sample_once, start

__all__ = ["Sample", "document", "load_sample_once", "sample", "start", "write"]
