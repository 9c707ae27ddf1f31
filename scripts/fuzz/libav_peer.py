"""Motion JPEG by FFmpeg's libraries (PyAV) and libjpeg-turbo (simplejpeg): `python libav_peer.py`, one JSON request a line, answered by one JSON line.

"seeds" writes JPEGs of every kind that encoders make into a folder, of several sizes, the first of each a negative; "decode"
reads AVIs, and writes beside each its frames as luma. libav.ts starts it.
"""
import io
import json
import os
import sys
from fractions import Fraction

import av
import av.logging
import numpy as np
import simplejpeg
from PIL import Image

av.logging.set_level(av.logging.ERROR)


def picture(width, height, seed):
    y, x = np.mgrid[0:height, 0:width]
    planes = [128 + 100 * np.sin((x * (k + 1) + seed) / 5.0) * np.cos((y + 3 * k + seed) / 4.0) for k in range(3)]
    return np.stack(planes, -1).astype(np.uint8)


def by_pillow(rgb, mode="RGB", **options):
    with io.BytesIO() as file:
        Image.fromarray(rgb).convert(mode).save(file, "JPEG", **options)
        return file.getvalue()


def by_libav(rgb, pix_fmt, color_range=2, **options):
    codec = av.CodecContext.create("mjpeg", "w")
    codec.height, codec.width = rgb.shape[:2]
    codec.pix_fmt, codec.time_base, codec.color_range = pix_fmt, Fraction(1, 25), color_range
    codec.options = {"strict": "-1", **options}
    frame = av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format=pix_fmt, dst_color_range=color_range)
    frame.pts = 0
    return b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode(None)])


def seeds(request):
    groups = []
    for number, (width, height) in enumerate([(32, 24), (33, 17), (16, 48), (8, 8), (1, 1), (50, 7)]):
        rgb = picture(width, height, number)
        made = [by_pillow(255 - rgb)]
        made += [by_pillow(rgb, subsampling=subsampling, quality=quality) for subsampling in (0, 1, 2) for quality in (30, 95)]
        made += [by_pillow(rgb, "L", quality=90), by_pillow(rgb, "L", quality=90, progressive=True)]
        made += [by_pillow(rgb, progressive=True), by_pillow(rgb, optimize=True, restart_marker_blocks=1)]
        made += [by_pillow(rgb, "CMYK"), by_pillow(rgb, keep_rgb=True), by_pillow(rgb, restart_marker_rows=1)]
        for pix_fmt in ("yuvj420p", "yuvj422p", "yuvj444p"):
            made += [by_libav(rgb, pix_fmt), by_libav(rgb, pix_fmt, huffman="default")]
        made += [by_libav(rgb, "yuv420p", 1), by_libav(rgb, "yuv422p", 1)]
        group = []
        for kind, jpeg in enumerate(made):
            group.append(os.path.join(request["folder"], f"{number}-{kind}.jpg"))
            with open(group[-1], "wb") as file:
                file.write(jpeg)
        groups.append({"paths": group, "width": width, "height": height})
    return groups


def by_libjpeg(jpeg, limited):
    """Luma by libjpeg-turbo, or None where it has a word to say, or gives another colour; limited range is expanded."""
    try:
        if simplejpeg.decode_jpeg_header(jpeg)[2] not in ("Gray", "YCbCr"):
            return None
        grey = simplejpeg.decode_jpeg(jpeg, "GRAY")[..., 0]
    except ValueError:
        return None
    return np.clip(np.round((grey - 16.0) * 255 / 219), 0, 255).astype(np.uint8) if limited else grey


def decode(path):
    """Frame by frame what it should be: libjpeg's, where that has no doubt, else libav's."""
    frames, rate, error = [], 0, ""
    with av.logging.Capture() as logs:
        try:
            with av.open(path, format="avi") as container:
                stream = container.streams.video[0]
                stream.thread_type = "NONE"
                rate = float(stream.average_rate or 0)
                for packet in container.demux(stream):
                    try:
                        decoded = packet.decode()
                    except av.FFmpegError as fault:
                        decoded = []
                        error = error or str(fault)
                    jpeg = bytes(packet)
                    if not jpeg:
                        continue
                    limited = any(frame.color_range == 1 for frame in decoded) and b"CS=ITU601" in jpeg
                    sure = by_libjpeg(jpeg, limited)
                    if sure is not None and any(frame.height != len(sure) for frame in decoded):
                        sure = None  # libav weaves two fields
                    if sure is not None:
                        frames.append((sure, True))
                    frames += [(frame.to_ndarray(format="gray"), False) for frame in decoded if sure is None]
        except (av.FFmpegError, IndexError, ValueError) as fault:
            error = error or str(fault)
    said = [message.strip() for level, _, message in logs if level <= av.logging.ERROR]
    with open(f"{path}.luma", "wb") as file:
        for luma, _ in frames:
            file.write(luma.tobytes())
    forms = [[luma.shape[1], luma.shape[0], sure] for luma, sure in frames]
    return {"frames": forms, "rate": rate, "said": "; ".join(([error] if error else []) + said)[:300]}


print(json.dumps({"pyav": av.__version__, "simplejpeg": simplejpeg.__version__}), flush=True)
for line in sys.stdin:
    task = json.loads(line)
    answer = seeds(task) if task["do"] == "seeds" else [decode(path) for path in task["paths"]]
    print(json.dumps(answer), flush=True)
