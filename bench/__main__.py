"""All benchmarks, one after the other, under the memory setting that the command line uses."""

from bench import edge, files, flow, quality, reconcile, sandbox, standardize, writing
from bench.measure import as_the_command

as_the_command("bench")
flow.main()
reconcile.main()
sandbox.main()
edge.main()
writing.main()
files.main()
standardize.main()
quality.main()
