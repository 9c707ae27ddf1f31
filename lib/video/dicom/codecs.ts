import { InfomotionError } from '../../runtime/errors.js'
import { findPeer, require, versionOf } from '../../runtime/package.js'
import type { Codec, FrameHead } from './codestream.js'
import type { Samples } from './luma.js'

/** Decodes one frame; undefined: it is damaged. */
export type Decode = (frame: Buffer, head: FrameHead, signal?: AbortSignal) => Promise<Samples | undefined>

/** What optional peers decode. */
export type PeerCodec = Extract<Codec, 'jpeg-ls' | 'jpeg-2000'>

/** An optional peer. */
interface Peer {
  name: string
  /** What its codec is called. */
  codec: string
  /** Versions that are known to do. */
  range: string
  /** What of the package is loaded. */
  entry: string
  load(module: never): Promise<Decode>
}

/** The marker EOI (ITU-T T.87, C.1.1). At the end of a frame that was cut short before it, CharLS looks for it without end. */
const END_OF_IMAGE = Buffer.from([0xff, 0xd9])

const PEERS: Record<PeerCodec, Peer> = {
  'jpeg-ls': {
    name: '@cornerstonejs/codec-charls',
    codec: 'JPEG-LS',
    range: '^1.2.7',
    entry: '/decodewasmjs',
    load: async (start: StartWasm) => {
      const decode = await wasmDecoder(start, 'JpegLSDecoder')
      return (frame, head) => decode(Buffer.concat([frame, END_OF_IMAGE]), head)
    },
  },
  'jpeg-2000': {
    name: '@cornerstonejs/codec-openjpeg',
    codec: 'JPEG 2000',
    range: '^1.3.6',
    entry: '/decodewasmjs',
    load: async (start: StartWasm) => wasmDecoder(start, 'J2KDecoder'),
  },
}

const loaded = new Map<PeerCodec, Promise<Decode>>()

/**
 * The decoder of an optional peer, which is looked for beside this package and in the working directory.
 *
 * @throws DICOM_CODEC_NOT_FOUND
 */
export async function decoderOf(codec: PeerCodec, path: string, find = findPeer): Promise<Decode> {
  const peer = PEERS[codec]
  const file = find(peer.name + peer.entry)
  if (!file)
    throw new InfomotionError(
      'DICOM_CODEC_NOT_FOUND',
      `${path} is a DICOM of ${peer.codec}, which ${peer.name} reads: expected that package beside infomotion or in the ` +
        `working directory. Install it: npm install ${peer.name}@${peer.range}`,
    )
  const decoder = loaded.get(codec) ?? peer.load(require(file) as never)
  loaded.set(codec, decoder)
  return decoder
}

/** What to do with files that are not read here. */
export const CONVERT = 'Convert it to a video (AVI or MP4), with its own frame rate, or to DICOM without compression.'

/** Names and versions of the peers that are there. */
export function codecVersions(): string[] {
  return Object.values(PEERS).flatMap(({ name, entry }) => {
    const file = findPeer(name + entry)
    return file ? [`${name.split('/').pop()} ${versionOf(file) ?? ''}`.trim()] : []
  })
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

/** What it would print goes nowhere: standard output is for results. An object of its own each time, as it becomes the module. */
const quiet = () => ({ print: () => {}, printErr: () => {} })

async function wasmDecoder(start: StartWasm, name: string): Promise<Decode> {
  let module = await start(quiet())
  return async (frame, head) => {
    try {
      const codec = new module[name]()
      try {
        codec.getEncodedBuffer(frame.length).set(frame)
        codec.decode()
        const info = codec.getFrameInfo()
        const planar = codec.getInterleaveMode?.() === 0
        if (info.width !== head.width || info.height !== head.height) return undefined
        return samplesOf(
          Uint8Array.from(codec.getDecodedBuffer()),
          { ...info, components: info.componentCount },
          planar,
        )
      } finally {
        codec.delete()
      }
    } catch {
      module = await start(quiet()) // what has failed once is in no state to go on
      return undefined
    }
  }
}

/** Decoded bytes as samples of one byte or two; undefined: there are not as many as there should be. */
function samplesOf(
  bytes: Uint8Array,
  info: { width: number; height: number; components: number; bitsPerSample: number },
  planar: boolean,
): Samples | undefined {
  const { width, height, components, bitsPerSample } = info
  const pixels = width * height
  const values = bitsPerSample <= 8 ? bytes : new Uint16Array(bytes.buffer, 0, bytes.length >> 1)
  if (values.length < pixels * components) return undefined
  const at = Array.from({ length: components }, (_, i) => (planar ? i * pixels : i))
  return { values, at, step: planar ? 1 : components }
}
