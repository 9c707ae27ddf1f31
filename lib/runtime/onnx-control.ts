/** The two words that the main thread and an ONNX Runtime worker share (see `inside` in onnx-worker.ts). */

/** Written by the worker: 1 while it is inside ONNX Runtime. */
export const BUSY = 0
/** Written by the main thread: 1 asks the worker not to go in again. */
export const STOP = 1
