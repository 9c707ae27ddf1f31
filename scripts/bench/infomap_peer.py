"""Runs PyPI `infomap` on link lists: the peer of scripts/bench/infomap.ts.

One request a line, "seed d|u[n] path" (directed or undirected, n: nested, else two-level); answers JSON: CPU seconds of
reading and searching (not of starting Python), the codelength, and by how much the peak memory has grown since Python
was up. One trial, one thread.
"""

import json
import sys
import time

from infomap import Infomap


def peak():  # not ru_maxrss, which would count the forked parent's memory
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


ready = peak()
for line in sys.stdin:
    seed, kind, path = line.rstrip("\n").split(" ", 2)
    start = time.process_time()
    flags = f"--silent --num-trials 1 --num-threads 1 --seed {seed}"
    flags += (" --directed" if "d" in kind else "") + ("" if "n" in kind else " --two-level")
    network = Infomap(flags)
    network.read_file(path)
    result = network.run()
    seconds = time.process_time() - start
    answer = {"seconds": seconds, "codelength": result.codelength, "peakKilobytes": peak() - ready}
    print(json.dumps(answer), flush=True)
