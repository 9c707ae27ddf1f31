"""Writes random PNG files of every colour type, depth, filter and interlacing, and beside each what Pillow reads of it.

usage: png_peer.py FOLDER COUNT SEED      NUMBER.png, and NUMBER.grey: width, height (uint32), then float64 grey levels 0..255

The files are made from the specification (PNG, 3rd edition), not by Pillow, which writes only some of them. Grey levels are
ITU-R 601-2's of Pillow's RGB, as its convert("L") has them, but not rounded; alpha is left out, as there.
"""

import random
import struct
import sys
import zlib

from PIL import Image

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
DEPTHS = {0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16]}
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def paeth(a, b, c):
    pa, pb, pc = abs(b - c), abs(a - c), abs(a + b - 2 * c)
    return a if pa <= pb and pa <= pc else b if pb <= pc else c


def filtered(row, above, size, kind):
    out = bytearray([kind])
    for i, x in enumerate(row):
        a = row[i - size] if i >= size else 0
        b = above[i]
        c = above[i - size] if i >= size else 0
        out.append((x - [0, a, b, (a + b) // 2, paeth(a, b, c)][kind]) & 255)
    return bytes(out)


def packed(samples, depth):
    if depth == 16:
        return b"".join(struct.pack(">H", s) for s in samples)
    bits = "".join(format(s, f"0{depth}b") for s in samples)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def picture(draw):
    kind = draw.choice([0, 0, 2, 3, 3, 4, 6])
    depth = draw.choice(DEPTHS[kind])
    width, height = draw.randint(1, 40), draw.randint(1, 30)
    interlaced = draw.random() < 0.4
    channels = CHANNELS[kind]
    colours = draw.randint(1, 2**depth) if kind == 3 else 2**depth
    pixels = [[[draw.randrange(colours) for _ in range(channels)] for _ in range(width)] for _ in range(height)]
    size = max(1, channels * depth // 8)
    rows = b""
    for x, y, dx, dy in PASSES if interlaced else [(0, 0, 1, 1)]:
        above = None
        for line in range(y, height, dy):
            row = packed([s for column in range(x, width, dx) for s in pixels[line][column]], depth)
            if not row:
                continue
            above = bytes(len(row)) if above is None else above
            rows += filtered(row, above, size, draw.randrange(5))
            above = row
    data = zlib.compress(rows, draw.randint(0, 9))
    cuts = sorted(draw.randint(0, len(data)) for _ in range(draw.randint(0, 3)))
    parts = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)])]
    before = []
    if draw.random() < 0.3:
        before.append(chunk(b"gAMA", struct.pack(">I", 45455)))
    if draw.random() < 0.3:
        before.append(chunk(b"tEXt", b"Comment\0" + bytes(draw.randrange(32, 127) for _ in range(20))))
    if kind == 3:
        before.append(chunk(b"PLTE", bytes(draw.randrange(256) for _ in range(3 * colours))))
    if draw.random() < 0.3 and kind in (0, 2, 3):
        length = {0: 2, 2: 6, 3: draw.randint(1, colours)}[kind]
        before.append(chunk(b"tRNS", bytes(draw.randrange(256) if kind == 3 else 0 for _ in range(length))))
    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, int(interlaced))
    return b"".join(
        [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", head), *before, *(chunk(b"IDAT", part) for part in parts), chunk(b"IEND", b"")]
    )


def grey(path):
    image = Image.open(path)
    if image.mode.startswith("I"):  # 16 bits of grey: Pillow keeps them
        return image.size, [v / 257 for v in image.getdata()]
    pixels = image.convert("RGBA").getdata()
    return image.size, [(19595 * r + 38470 * g + 7471 * b) / 65536 for r, g, b, _ in pixels]


folder, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for number in range(count):
    path = f"{folder}/{number}.png"
    with open(path, "wb") as file:
        file.write(picture(random.Random(seed * 1_000_003 + number)))
    (width, height), levels = grey(path)
    with open(f"{folder}/{number}.grey", "wb") as file:
        file.write(struct.pack(f"<II{len(levels)}d", width, height, *levels))
