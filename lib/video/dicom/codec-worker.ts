import { parentPort, workerData } from 'node:worker_threads'
import { require } from '../../runtime/package.js'

// The thread that codecs.ts starts for an optional peer: it decodes one frame after the other. Damaged frames keep some of
// these decoders busy for minutes, and others in WebAssembly that cannot go on.

/** What the thread is told at first: the peer's module, and the class of its decoder. */
export interface CodecData {
  file: string
  decoder: string
}

/** A decoded frame; undefined: it is damaged. */
export interface DecodedFrame {
  bytes: Uint8Array
  width: number
  height: number
  bits: number
  components: number
  planar: boolean
}

/** A codec in WebAssembly, as CornerstoneJS packs it. */
interface WasmCodec {
  getEncodedBuffer(bytes: number): Uint8Array
  decode(): void
  getFrameInfo(): { width: number; height: number; bitsPerSample: number; componentCount: number }
  /** JPEG-LS: 0 if the samples lie in planes. */
  getInterleaveMode?(): number
  getDecodedBuffer(): Uint8Array
  delete(): void
}
type StartWasm = (options: object) => Promise<Record<string, new () => WasmCodec>>

const { file, decoder } = workerData as CodecData
// what it would print goes nowhere: standard output is for results
const start = () => (require(file) as StartWasm)({ print: () => {}, printErr: () => {} })
let module = start()

parentPort!.on('message', async (frame: Uint8Array) => {
  const decoded = await decode(frame)
  parentPort!.postMessage(decoded, decoded ? [decoded.bytes.buffer as ArrayBuffer] : [])
})

async function decode(frame: Uint8Array): Promise<DecodedFrame | undefined> {
  try {
    const codec = new (await module)[decoder]()
    try {
      codec.getEncodedBuffer(frame.length).set(frame)
      codec.decode()
      const { width, height, bitsPerSample: bits, componentCount: components } = codec.getFrameInfo()
      const planar = codec.getInterleaveMode?.() === 0
      return { bytes: Uint8Array.from(codec.getDecodedBuffer()), width, height, bits, components, planar }
    } finally {
      codec.delete()
    }
  } catch (error) {
    if ((error as Error)?.name === 'RuntimeError') module = start() // it is in no state to go on
    return undefined
  }
}
