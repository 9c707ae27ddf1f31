"""Writes random files of embeddings as NumPy, pandas and pyarrow write them, and beside each what it holds.

usage: embeddings_peer.py FOLDER COUNT SEED      NUMBER.npy, .csv or .parquet; NUMBER.f32: the values as float32;
                                                 NUMBER.json: rows, dim, ids (or null)
"""

import csv
import json
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

NUMBERS = ["f2", "f4", "f8", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "b1"]
ID_NAMES = ["path", "id", "FileName", "file_name", "video", "name", "my key"]


def values_of(draw, kind, shape):
    if kind[0] == "f":
        return (draw.standard_normal(shape) * 10.0 ** draw.integers(-3, 4)).astype(kind)
    if kind == "b1":
        return draw.integers(0, 2, shape).astype(bool)
    facts = np.iinfo(kind)
    return draw.integers(facts.min, facts.max, shape, dtype=kind, endpoint=True)


def ids_of(draw, rows):
    names = [f"{draw.choice(['Videos/', 'a b/', '', 'é/'])}c{r}{draw.choice(['.avi', '', ', 2.mp4'])}" for r in range(rows)]
    return [n if n[-1].isalpha() or "." in n else n + "x" for n in names]


def write_npy(draw, path, shape):
    kind = draw.choice(NUMBERS)
    values = values_of(draw, kind, shape)
    order = draw.choice(["<", ">"]) if values.dtype.itemsize > 1 else "|"
    values = values.astype(order + kind)
    saved = np.asfortranarray(values) if draw.random() < 0.4 else values
    with open(path, "wb") as file:
        np.lib.format.write_array(file, saved, version=[(1, 0), (2, 0), (3, 0)][draw.integers(3)])
    return values, None


def frame_of(draw, values, ids, names):
    frame = pd.DataFrame(values, columns=names)
    place = draw.integers(4)
    if place == 0:
        frame.index = ids
    else:
        frame.insert([0, len(names), len(names) // 2][place - 1], draw.choice(ID_NAMES), ids)
    if draw.random() < 0.5:
        frame["label"] = draw.integers(0, 3, len(ids))
        frame["split"] = "TRAIN"
    return frame


def names_of(draw, dim):
    style = draw.choice(["{}", "e{}", "emb_{:04d}"])
    return [style.format(c) for c in range(dim)]


def write_csv(draw, path, shape):
    kind = draw.choice(["f4", "f8", "i4"])
    values = values_of(draw, kind, shape)
    ids = ids_of(draw, shape[0])
    frame = frame_of(draw, values, ids, names_of(draw, shape[1]))
    options = {
        "index": not isinstance(frame.index, pd.RangeIndex) or draw.random() < 0.5,
        "sep": str(draw.choice([",", ";", "\t"])),
        "lineterminator": str(draw.choice(["\n", "\r\n"])),
        "quoting": int(draw.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])),
        "encoding": str(draw.choice(["utf-8", "utf-8-sig", "utf-16"])),
        "float_format": draw.choice([None, "%.9g", "%.12e"]),
    }
    frame.to_csv(path, **options)
    if options["float_format"]:
        values = np.array([[float(options["float_format"] % v) if kind[0] == "f" else v for v in row] for row in values])
    return values, ids


def write_parquet(draw, path, shape):
    kind = draw.choice(["f4", "f8", "i4", "i8", "i1", "u2"])
    values = values_of(draw, kind, shape)
    rows, dim = shape
    ids = ids_of(draw, rows)
    form = draw.choice(["list", "large", "fixed", "half", "columns", "frame"])
    if form == "half":
        values = values_of(draw, "f2", shape)
    flat = pa.array(values.ravel())
    if form in ("list", "half"):
        cells = pa.ListArray.from_arrays(np.arange(rows + 1, dtype="i4") * dim, flat)
    elif form == "large":
        cells = pa.LargeListArray.from_arrays(np.arange(rows + 1, dtype="i8") * dim, flat)
    else:
        cells = pa.FixedSizeListArray.from_arrays(flat, dim)
    if form == "frame":
        table = pa.Table.from_pandas(frame_of(draw, values, ids, names_of(draw, dim)))
    elif form == "columns":
        table = pa.table({"id": ids, **{n: values[:, c] for c, n in enumerate(names_of(draw, dim))}})
    else:
        texts = draw.choice(["string", "large", "category"])
        column = pa.array(ids, pa.large_string() if texts == "large" else pa.string())
        column = column.dictionary_encode() if texts == "category" else column
        table = pa.table({draw.choice(ID_NAMES): column, draw.choice(["embedding", "features", "x"]): cells})
    pq.write_table(
        table,
        path,
        compression=str(draw.choice(["none", "snappy", "gzip", "brotli"])),
        row_group_size=int(draw.integers(1, rows + 1)),
        data_page_version=str(draw.choice(["1.0", "2.0"])),
        data_page_size=int(draw.choice([64, 1024, 2**20])),
        use_dictionary=bool(draw.random() < 0.5),
        write_page_index=bool(draw.random() < 0.3),
        store_schema=bool(draw.random() < 0.7),
    )
    return values, ids


folder, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for number in range(count):
    draw = np.random.default_rng([seed, number])
    ending, write = [("npy", write_npy), ("csv", write_csv), ("parquet", write_parquet)][number % 3]
    shape = (int(draw.integers(1, 60)), int(draw.integers(2, 20)))
    values, ids = write(draw, f"{folder}/{number}.{ending}", shape)
    np.asarray(values).astype("<f4").tofile(f"{folder}/{number}.f32")
    with open(f"{folder}/{number}.json", "w") as file:
        json.dump({"file": f"{number}.{ending}", "rows": shape[0], "dim": shape[1], "ids": ids}, file)
