"""Training steps of the CNN student (lib/train/r2plus1d.ts) with PyTorch: the peer of scripts/bench/cnn.ts.

Argument: FILE. FILE.json holds the plan and the names and shapes of the parameters; FILE the float32 batch, then the
parameters in that order, little-endian. Prints {seconds, loss, memory} as JSON.
"""

import json
import resource
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
path = sys.argv[1]
with open(path + ".json") as file:
    plan = json.load(file)
p = {}
with open(path, "rb") as file:
    def read(shape):
        return torch.from_numpy(np.fromfile(file, "<f4", int(np.prod(shape))).reshape(shape))

    clips = read([plan["batch"], *plan["dims"]])
    for name, shape in plan["names"]:
        p[name] = read(shape)
trained = [name for name in p if not name.endswith(("/mean", "/variance"))]
for name in trained:
    p[name].requires_grad_()
labels = torch.arange(plan["batch"]) % plan["classes"]


def convolve(x, name, stride):
    weight = p[name + "/weight"]
    x = F.conv3d(x, weight, stride=stride, padding=[(k - 1) // 2 for k in weight.shape[2:]])
    return F.batch_norm(x, p[name + "/mean"], p[name + "/variance"], p[name + "/gain"], p[name + "/bias"], True, 0.1, 1e-5)


def forward(x):
    n, c, t, h, w = x.shape  # 2 x 2 pixels of a channel as four channels
    x = x.reshape(n, c, t, h // 2, 2, w // 2, 2).permute(0, 1, 4, 6, 2, 3, 5).reshape(n, 4 * c, t, h // 2, w // 2)
    x = F.relu(convolve(x, "stem", (1, 2, 2)))
    blocks = list(dict.fromkeys(name.rsplit("/", 2)[0] for name in p if "/space/" in name))
    for block in blocks:
        s = 2 if block.endswith("block0") else 1
        t = 1 if block.startswith("stage0") else s
        y = F.relu(convolve(x, block + "/space", (1, s, s)))
        y = convolve(y, block + "/time", (t, 1, 1))
        straight = convolve(x, block + "/straight", (t, s, s)) if block + "/straight/weight" in p else x
        x = F.relu(y + straight)
    return x.mean((2, 3, 4)) @ p["logits/weight"] + p["logits/bias"]


decays = [p[name] for name in trained if p[name].dim() >= 2]
rest = [p[name] for name in trained if p[name].dim() < 2]
groups = [{"params": decays, "weight_decay": plan["weightDecay"]}, {"params": rest, "weight_decay": 0.0}]
optimizer = torch.optim.AdamW(groups, lr=plan["rate"], fused=True)


def step():
    loss = F.cross_entropy(forward(clips), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return float(loss)


for _ in range(plan["warm"]):
    step()
start = time.process_time()
for _ in range(plan["steps"]):
    loss = step()
seconds = (time.process_time() - start) / plan["steps"]
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
json.dump({"seconds": seconds, "loss": loss, "memory": memory}, sys.stdout)
