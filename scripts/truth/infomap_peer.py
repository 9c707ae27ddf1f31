"""Answers for PyPI's `infomap`: the peer of scripts/truth/infomap.ts.

First its version as a line of JSON; then one request a line: {"options", "nodes": [[id, weight?], ...], "links":
[[source, target, weight], ...], "bipartite": id or null, "modules": {id: module} or null, "tree": [[path, id], ...] or
null}. The answer has the codelength of the given modules (or, without any, of the best found), that of one module, and
the flow of each node; or the error.
"""

import json
import os
import sys
import tempfile
import warnings
from importlib.metadata import version

warnings.filterwarnings("ignore")
from infomap import Infomap  # noqa: E402


def answer(request):
    options = f"--silent --no-file-output --num-threads 1 {request['options']}"
    tree = request.get("tree")
    path = None
    if tree:
        handle, path = tempfile.mkstemp(suffix=".tree")
        with os.fdopen(handle, "w") as file:
            file.writelines(f'{ranks} 0 "n" {node}\n' for ranks, node in tree)
        options += f" --no-infomap --cluster-data {path}"
    try:
        network = Infomap(options)
        for node, *weight in request["nodes"]:
            network.add_node(node, None, *weight)
        for source, target, weight in request["links"]:
            network.add_link(source, target, weight)
        if request.get("bipartite") is not None:
            network.bipartite_start_id = request["bipartite"]
        modules = request.get("modules")
        if modules:
            network.run(initial_partition={int(k): v for k, v in modules.items()}, no_infomap=True)
        else:
            network.run()
        return {
            "codelength": network.codelength,
            "oneLevel": network.one_level_codelength,
            "topModules": network.num_top_modules,
            "levels": network.num_levels,
            "flow": [[node.node_id, node.flow] for node in network.nodes],
        }
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
        return {"error": str(error)}
    finally:
        if path:
            os.remove(path)


print(json.dumps({"infomap": version("infomap")}), flush=True)
for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
