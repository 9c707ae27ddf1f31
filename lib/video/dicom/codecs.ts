import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { asInfomotionError, InfomotionError, throwIfAborted } from '../../runtime/errors.js'
import { native } from '../../runtime/native.js'
import { findPeer, moduleUrl, versionOf } from '../../runtime/package.js'
import type { CodecData, DecodedFrame } from './codec-worker.js'
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
  /** What of the package is loaded, and the class of its decoder. */
  entry: string
  decoder: string
}

/** The marker EOI (ITU-T T.87, C.1.1). At the end of a frame that was cut short before it, CharLS looks for it without end. */
const END_OF_IMAGE = Buffer.from([0xff, 0xd9])

const PEERS: Record<PeerCodec, Peer> = {
  'jpeg-ls': {
    name: '@cornerstonejs/codec-charls',
    codec: 'JPEG-LS',
    range: '^1.2.7',
    entry: '/decodewasmjs',
    decoder: 'JpegLSDecoder',
  },
  'jpeg-2000': {
    name: '@cornerstonejs/codec-openjpeg',
    codec: 'JPEG 2000',
    range: '^1.3.6',
    entry: '/decodewasmjs',
    decoder: 'J2KDecoder',
  },
}

/** What to do with files that are not read here. */
export const CONVERT = 'Convert it to a video (AVI or MP4), with its own frame rate, or to DICOM without compression.'

/** Seconds that a frame may take, and as many more for each million pixels: a hundred times what one takes. */
const PATIENCE = 20

/**
 * The decoder of an optional peer, which is looked for beside this package and in the working directory. It works in threads
 * of its own.
 *
 * @throws DICOM_CODEC_NOT_FOUND; where it decodes, VIDEO_UNREADABLE for a frame that does not end
 */
export function decoderOf(codec: PeerCodec, path: string, { find = findPeer, patience = PATIENCE } = {}): Decode {
  const { name, entry, decoder, codec: called, range } = PEERS[codec]
  const file = find(name + entry)
  if (!file)
    throw new InfomotionError(
      'DICOM_CODEC_NOT_FOUND',
      `${path} is a DICOM of ${called}, which ${name} reads: expected that package beside infomotion or in the working ` +
        `directory. Install it: npm install ${name}@${range}`,
    )
  const threads = pools.get(file) ?? new Threads({ file, decoder })
  pools.set(file, threads)
  return async (frame, head, signal) => {
    const seconds = Math.ceil(patience * (1 + (head.width * head.height) / 1e6))
    const ended = codec === 'jpeg-ls' ? Buffer.concat([frame, END_OF_IMAGE]) : frame
    const decoded = await threads.decode(ended, seconds, signal).catch((error) => {
      throwIfAborted(signal)
      if (error.name !== 'TimeoutError') throw asInfomotionError(error)
      const why = `A frame of ${path} (${called}) is not decoded after ${seconds} s: it is damaged.`
      throw new InfomotionError('VIDEO_UNREADABLE', why)
    })
    return decoded && samplesOf(decoded, head)
  }
}

/** Names and versions of the peers that are there. */
export function codecVersions(): string[] {
  return Object.values(PEERS).flatMap(({ name, entry }) => {
    const file = findPeer(name + entry)
    return file ? [`${name.split('/').pop()} ${versionOf(file) ?? ''}`.trim()] : []
  })
}

/** By the peer's module. */
const pools = new Map<string, Threads>()

/** Threads that decode with one peer, at most as many as the addon has. They stay for the next frame, and keep nobody alive. */
class Threads {
  private readonly idle: Worker[] = []
  private readonly waiting: (() => void)[] = []
  private running = 0

  constructor(private readonly data: CodecData) {}

  /** Decodes a frame. The signal, or the end of its time (`TimeoutError`), ends its thread in the middle of it. */
  async decode(frame: Uint8Array, seconds: number, signal?: AbortSignal): Promise<DecodedFrame | undefined> {
    while (this.idle.length === 0 && this.running >= native().threads)
      await new Promise<void>((turn) => {
        this.waiting.push(turn)
      })
    const worker = this.idle.pop() ?? this.start()
    const late = AbortSignal.timeout(1000 * seconds)
    worker.ref()
    try {
      worker.postMessage(frame)
      const [decoded] = await once(worker, 'message', { signal: signal ? AbortSignal.any([signal, late]) : late })
      worker.unref()
      this.idle.push(worker)
      return decoded
    } catch (error) {
      this.running--
      await worker.terminate()
      throw late.aborted ? late.reason : error
    } finally {
      this.waiting.shift()?.()
    }
  }

  private start(): Worker {
    const worker = new Worker(moduleUrl('video/dicom/codec-worker.js'), { workerData: this.data })
    this.running++
    return worker
  }
}

/** Decoded bytes as samples of one byte or two; undefined: they are not what the frame's head says. */
function samplesOf(
  { bytes, width, height, bits, components, planar }: DecodedFrame,
  head: FrameHead,
): Samples | undefined {
  const pixels = width * height
  const values = bits <= 8 ? bytes : new Uint16Array(bytes.buffer, 0, bytes.length >> 1)
  if (width !== head.width || height !== head.height || components !== head.components) return undefined
  if (values.length < pixels * components) return undefined
  const at = Array.from({ length: components }, (_, i) => (planar ? i * pixels : i))
  return { values, at, step: planar ? 1 : components }
}
