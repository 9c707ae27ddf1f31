"""Runs PyPI `infomap` on link lists: the peer of scripts/bench/infomap.ts.

One request a line, "seed d|u path"; answers JSON: CPU seconds of reading and searching (not of starting Python), and
the codelength. Two-level, one trial, one thread.
"""

import json
import sys
import time

from infomap import Infomap

for line in sys.stdin:
    seed, directed, path = line.rstrip("\n").split(" ", 2)
    start = time.process_time()
    flags = f"--two-level --silent --num-trials 1 --num-threads 1 --seed {seed}"
    network = Infomap(flags + (" --directed" if directed == "d" else ""))
    network.read_file(path)
    result = network.run()
    seconds = time.process_time() - start
    print(json.dumps({"seconds": seconds, "codelength": result.codelength}), flush=True)
