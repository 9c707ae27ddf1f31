"""OpenCV's Farneback flow, and the motion descriptor on top of it in numpy, timed on request.

Reads one JSON request a line and answers with one JSON line; opencv.ts starts it. Times are CPU seconds of this
process, OpenCV being held to one thread.
"""
import json
import sys
import time

import cv2
import numpy as np

cv2.setNumThreads(1)


def farneback(a, b, gaussian=False):
    flags = cv2.OPTFLOW_FARNEBACK_GAUSSIAN if gaussian else 0
    return cv2.calcOpticalFlowFarneback(a, b, None, 0.5, 3, 15, 3, 5, 1.2, flags)


def flow(request):
    frames = np.fromfile(request["frames"], np.uint8).reshape(-1, request["height"], request["width"])
    start = time.process_time()
    fields = [farneback(a, b, request["gaussian"]) for a, b in zip(frames, frames[1:])]
    seconds = time.process_time() - start
    np.stack(fields).tofile(request["out"])
    return {"seconds": seconds}


def luma_frames(path):
    capture = cv2.VideoCapture(path)
    fps = capture.get(cv2.CAP_PROP_FPS)
    frames = []
    while True:
        ok, frame = capture.read()
        if not ok:
            return np.stack(frames), fps
        frames.append(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY))


def cells(plane, grid=4):
    """Means over the cells of a grid; the frame's sides must be multiples of it."""
    height, width = plane.shape
    return plane.reshape(grid, height // grid, grid, width // grid).mean((1, 3)).ravel()


def observe(field, fps):
    u, v = np.moveaxis(field * np.float32(fps), -1, 0)
    (uy, ux), (vy, vx) = np.gradient(u), np.gradient(v)
    bins, root = [], np.float32(np.sqrt(2))
    for x, y in ((1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)):
        if x and y:
            part = root * np.minimum(x * u, y * v)
        else:
            part = x * u + y * v - np.abs(v if x else u)
        bins.append(cells(np.maximum(part, 0)))
    divergence = cells(ux + vy)
    moved = np.concatenate([cells(u) / u.shape[1], cells(v) / u.shape[0], divergence]) / fps
    return [divergence, cells(vx - uy), cells(np.hypot(u, v)), np.stack(bins, 1).ravel(), moved]


def excursion(moved):
    """Deviation over time of how far each cell has come, about its line."""
    position = np.cumsum(moved, 0, dtype=np.float64)
    time = np.arange(len(position)) - (len(position) - 1) / 2
    slope = time @ position / (time @ time)
    return (position - position.mean(0) - time[:, None] * slope).std(0)


def clip(request):
    start = time.process_time()
    frames, fps = luma_frames(request["path"])
    over_time = [observe(farneback(a, b), fps) for a, b in zip(frames, frames[1:])]
    *blocks, moved = [np.stack(block) for block in zip(*over_time)]
    statistics = [np.concatenate([block.mean(0), block.std(0)]) for block in blocks]
    descriptor = np.concatenate([*statistics, excursion(moved)])
    frames.mean(0), frames.std(0)  # the controls
    return {"seconds": time.process_time() - start, "frames": len(frames), "descriptor": descriptor.tolist()}


print(json.dumps({"opencv": cv2.__version__, "numpy": np.__version__}), flush=True)
for line in sys.stdin:
    task = json.loads(line)
    print(json.dumps({"flow": flow, "clip": clip}[task["do"]](task)), flush=True)
