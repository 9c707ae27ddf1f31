"""Luma of DICOMs by pydicom: `python dicom_peer.py FOLDER` decodes pydicom's own test files into FOLDER/N.luma (bytes), and
prints a line of JSON for each: its path, and the shape of its frames or why pydicom refuses it.

Luma is Y of YBR_FULL as it is, and 0.299 R + 0.587 G + 0.114 B of RGB and of palettes. Up to 8 bits the range of values
becomes 0 to 255; more bits are seen through the first window, where there is one, else from the least to the largest value.
"""

import json
import logging
import sys
import warnings
from pathlib import Path

import numpy as np
import pydicom
from pydicom.multival import MultiValue
from pydicom.pixels import apply_color_lut, apply_rescale, get_decoder

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)


def first(value):
    return float(value[0] if isinstance(value, MultiValue) else value)


def luma_of(path):
    """Luma (frames, height, width), not rounded."""
    ds = pydicom.dcmread(path, force=True)
    photometric = ds.PhotometricInterpretation
    decoder = get_decoder(ds.file_meta.TransferSyntaxUID)
    values, info = decoder.as_array(ds, raw=photometric.startswith("YBR_FULL"))
    if values.ndim == (2 if ds.SamplesPerPixel == 1 else 3):
        values = values[None]
    if photometric == "PALETTE COLOR":
        values = apply_color_lut(values, ds)
        values = values / (257 if values.dtype == np.uint16 else 1)
    elif ds.SamplesPerPixel == 1 and ds.BitsStored > 8:
        values = apply_rescale(values, ds).astype(np.float64)
        if "WindowWidth" in ds and ds.WindowWidth:
            center, width = first(ds.WindowCenter), first(ds.WindowWidth)
            function = ds.get("VOILUTFunction", "LINEAR")
            if function == "SIGMOID":
                values = 255 / (1 + np.exp(-4 * (values - center) / width))
            elif function == "LINEAR_EXACT":
                values = ((values - center) / width + 0.5) * 255
            else:
                values = ((values - (center - 0.5)) / max(width - 1, 1e-9) + 0.5) * 255
        else:
            values = (values - values.min()) / max(values.max() - values.min(), 1) * 255
    else:
        least = -(2 ** (ds.BitsStored - 1)) if ds.PixelRepresentation else 0
        values = (values.astype(np.float64) - least) * 255 / (2**ds.BitsStored - 1)
    if values.ndim == 4:
        is_luma = str(info["photometric_interpretation"]).startswith("YBR")
        values = values[..., 0] if is_luma else values @ [0.299, 0.587, 0.114]
    values = np.clip(values, 0, 255)
    return 255 - values if photometric == "MONOCHROME1" else values


def main():
    out = Path(sys.argv[1])
    data = Path(pydicom.__file__).parent / "data"
    names = sorted(path for path in data.rglob("*") if path.suffix == ".dcm" or path.parent.parent.name == "dicomdirtests")
    for number, path in enumerate(path for path in names if path.is_file()):
        found = {"path": str(path)}
        try:
            luma = luma_of(path)
            (out / f"{number}.luma").write_bytes(luma.astype("<f4").tobytes())
            found["shape"] = luma.shape
        except Exception as error:
            found["refused"] = f"{type(error).__name__}: {error}".split("\n")[0]
        print(json.dumps(found))


if __name__ == "__main__":
    main()
