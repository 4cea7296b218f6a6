"""All benchmarks, one after the other."""

from bench import flow

flow.main()
