"""Trains a linear softmax student with PyTorch: the peer of scripts/bench/training.ts.

Arguments: FILE ROWS DIM CLASSES BATCH BATCHES STEPS WEIGHT_DECAY EPSILON. The file holds, little-endian, the float32
arrays features, one-hot targets, sample weights and learning rates (one a step), then the int32 rows of each batch (-1:
no row); steps take the batches round and round. One untimed and three timed trainings; prints CPU seconds, final loss
and parameters as JSON.
"""

import json
import sys
import time

import numpy as np
import torch

path = sys.argv[1]
rows, dim, classes, batch, batches, steps = map(int, sys.argv[2:8])
weight_decay, epsilon = map(float, sys.argv[8:10])
torch.set_num_threads(1)

with open(path, "rb") as file:
    def read(kind, *shape):
        return torch.from_numpy(np.fromfile(file, kind, int(np.prod(shape))).reshape(shape))

    features = read("<f4", rows, dim)
    targets = read("<f4", rows, classes)
    weights = read("<f4", rows)
    rates = read("<f4", steps).tolist()
    order = [row[row >= 0] for row in read("<i4", batches, batch).long()]


def train():
    weight = torch.zeros(dim, classes, requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    groups = [{"params": [weight], "weight_decay": weight_decay}, {"params": [bias], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=rates[0], eps=epsilon, fused=True)
    for step, rate in enumerate(rates):
        if batches > 1 or step == 0:
            chosen = order[step % batches]
            x, t, w = features[chosen], targets[chosen], weights[chosen]
        for group in optimizer.param_groups:
            group["lr"] = rate
        entropy = torch.nn.functional.cross_entropy(x @ weight + bias, t, reduction="none")
        loss = (w * entropy).sum() / w.sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        entropy = torch.nn.functional.cross_entropy(features @ weight + bias, targets, reduction="none")
        return weight, bias, float((weights * entropy).sum() / weights.sum())


train()
seconds = []
for _ in range(3):
    start = time.process_time()
    weight, bias, loss = train()
    seconds.append(time.process_time() - start)
json.dump(
    {
        "version": torch.__version__,
        "seconds": seconds,
        "loss": loss,
        "weight": weight.flatten().tolist(),
        "bias": bias.tolist(),
    },
    sys.stdout,
)
