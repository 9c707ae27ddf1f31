"""Writes random NIfTI files by nibabel, and beside each the numbers that nibabel reads of it.

usage: nifti_peer.py FOLDER COUNT SEED      NUMBER.nii or NUMBER.nii.gz, and NUMBER.npy: float64 (frames, height, width)
"""

import random
import sys

import nibabel
import numpy

TYPES = ["u1", "i1", "u2", "i2", "u4", "i4", "f4", "f8"]

folder, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for number in range(count):
    draw = random.Random(seed * 1_000_003 + number)
    numbers = numpy.random.default_rng(seed * 1_000_003 + number)
    width, height, frames = draw.randint(1, 20), draw.randint(1, 20), draw.randint(1, 9)
    kind = numpy.dtype(draw.choice("<>") + draw.choice(TYPES))
    top = draw.choice([1, 100, 127])
    data = numbers.random((width, height, frames)) * top
    if kind.kind == "i" and draw.random() < 0.5:
        data -= top / 2
    shape = draw.choice([(width, height, frames), (width, height, 1, frames)])
    image_class = draw.choice([nibabel.Nifti1Image, nibabel.Nifti2Image])
    image = image_class(data.astype(kind).reshape(shape), numpy.diag([0.3, -0.15, 1, 1]))
    header = image.header
    header.set_data_dtype(kind)
    if draw.random() < 0.5:
        header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", b"x" * draw.randint(1, 100)))
    path = f"{folder}/{number}.nii" + draw.choice(["", ".gz"])
    if draw.random() < 0.5:
        header.set_slope_inter(draw.uniform(-2, 2) or 1, draw.uniform(-50, 50))
    nibabel.save(image, path)
    seen = nibabel.load(path).get_fdata(dtype=numpy.float64).reshape(width, height, frames)
    numpy.save(f"{folder}/{number}.npy", numpy.ascontiguousarray(seen.transpose(2, 1, 0)))
