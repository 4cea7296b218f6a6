"""All benchmarks, one after the other, under the memory setting that the command line uses."""

import os
import sys

from dq.memory import SETTING, give_back

if os.environ.get(SETTING) is None:  # the allocator reads it when the process begins
    give_back()
    os.execv(sys.executable, [sys.executable, "-m", "bench", *sys.argv[1:]])

from bench import edge, flow, reconcile, sandbox, writing

flow.main()
reconcile.main()
sandbox.main()
edge.main()
writing.main()
