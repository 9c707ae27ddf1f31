"""Decoding to luma by a library of Python, timed on request: `python decode_peer.py opencv|pyav|pydicom`.

Reads one JSON request a line and answers with one JSON line; decode.ts starts it. Times are CPU seconds of this process,
each library being held to one thread. "make" writes a DICOM file (pydicom).
"""
import json
import sys
import time

import numpy as np


def with_opencv():
    import cv2

    cv2.setNumThreads(1)

    def decode(path):
        capture = cv2.VideoCapture(path)  # decode.ts sets OPENCV_FFMPEG_CAPTURE_OPTIONS
        frames = []
        while True:
            ok, frame = capture.read()
            if not ok:
                return frames
            frames.append(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY))

    return {"opencv": cv2.__version__}, decode


def with_pyav():
    import av

    def decode(path):
        with av.open(path) as container:
            stream = container.streams.video[0]
            stream.thread_type = "NONE"
            stream.codec_context.thread_count = 1
            return [frame.to_ndarray(format="gray") for frame in container.decode(stream)]

    libavcodec = ".".join(str(part) for part in av.library_versions["libavcodec"])
    return {"pyav": av.__version__, "libavcodec of pyav": libavcodec}, decode


def with_pydicom():
    import pydicom
    from pydicom.pixels import pixel_array

    def decode(path):
        return list(pixel_array(path))

    return {"pydicom": pydicom.__version__}, decode


def make(request):
    """A multi-frame ultrasound of grey frames: "uncompressed", "RLE" or "JPEG"."""
    import io

    from PIL import Image
    from pydicom import uid
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.encaps import encapsulate

    width, height = request["width"], request["height"]
    frames = np.fromfile(request["luma"], np.uint8).reshape(-1, height, width)
    kinds = {"uncompressed": uid.ExplicitVRLittleEndian, "RLE": uid.RLELossless, "JPEG": uid.JPEGBaseline8Bit}
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = uid.UltrasoundMultiFrameImageStorage
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = uid.generate_uid(entropy_srcs=["bench"])
    data.Rows, data.Columns, data.NumberOfFrames, data.FrameTime = height, width, len(frames), 20
    data.FrameIncrementPointer = 0x00181063
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 0
    data.BitsAllocated, data.BitsStored, data.HighBit = 8, 8, 7
    data.PixelData = frames.tobytes()
    if request["kind"] == "RLE":
        data.compress(uid.RLELossless, generate_instance_uid=False)
    if request["kind"] == "JPEG":
        jpegs = []
        for frame in frames:
            with io.BytesIO() as file:
                Image.fromarray(frame).save(file, "JPEG", quality=90)
                jpegs.append(file.getvalue())
        data.PixelData = encapsulate(jpegs)
        data["PixelData"].VR = "OB"
        data.LossyImageCompression = "01"
    data.file_meta.TransferSyntaxUID = kinds[request["kind"]]
    data.save_as(request["path"], enforce_file_format=True)
    return {}


versions, decode = {"opencv": with_opencv, "pyav": with_pyav, "pydicom": with_pydicom}[sys.argv[1]]()
print(json.dumps(versions), flush=True)
imported = time.process_time()
for line in sys.stdin:
    task = json.loads(line)
    if task["do"] == "make":
        answer = make(task)
    elif task["do"] == "start-up":
        answer = {"startUp": imported}
    else:
        start = time.process_time()
        for _ in range(task["clips"]):
            frames = decode(task["path"])
        answer = {"seconds": time.process_time() - start}
        answer |= {"count": len(frames), "width": frames[0].shape[1], "height": frames[0].shape[0]}
        if "out" in task:
            np.stack(frames).tofile(task["out"])
    print(json.dumps(answer), flush=True)
