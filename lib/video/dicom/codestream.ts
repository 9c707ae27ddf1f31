/** What compresses a frame, as its own first bytes say: transfer syntaxes are sometimes wrong. */
export type Codec = 'jpeg' | 'jpeg-lossless' | 'jpeg-ls' | 'jpeg-2000'

/** What a compressed frame says of itself. */
export interface FrameHead {
  codec: Codec
  width: number
  height: number
  /** Samples of a pixel. */
  components: number
  /** Bits of a sample. */
  precision: number
  /** A JPEG has a comment, by which some writers say how its luma is meant. */
  comment?: boolean
  /** What the samples are, where a JPEG says so. */
  colour?: 'rgb' | 'ybr'
}

/** More pixels to a byte than these there are in no frame, a black one in JPEG 2000 included. */
const MAX_RATIO = 2 ** 16

/** Reads the head of a frame; undefined: it is damaged, or of no such codec. */
export function frameHead(frame: Buffer): FrameHead | undefined {
  const head = frame[0] === 0xff && frame[1] === 0xd8 ? jpegHead(frame) : jpeg2000Head(frame)
  if (!head || head.width < 1 || head.height < 1 || head.components < 1) return undefined
  return head.width * head.height <= MAX_RATIO * frame.length ? head : undefined
}

/** Of JPEG (ITU-T T.81, B.2) and JPEG-LS (T.87, C.1): what stands in its segments before the first scan. */
function jpegHead(jpeg: Buffer): FrameHead | undefined {
  let [jfif, adobe, comment] = [false, -1, false]
  for (let at = 2; at + 10 <= jpeg.length; ) {
    if (jpeg[at] !== 0xff) return undefined
    const marker = jpeg[at + 1]
    const length = jpeg.readUInt16BE(at + 2)
    if (marker === 0xff) {
      at++ // fill byte
      continue
    }
    if (marker === 0xfe) comment = true
    if (marker === 0xe0) jfif ||= jpeg.toString('latin1', at + 4, at + 8) === 'JFIF'
    if (marker === 0xee && jpeg.toString('latin1', at + 4, at + 9) === 'Adobe') adobe = jpeg[at + 15] ?? -1
    const precision = jpeg[at + 4]
    const codec = codecOf(marker)
    if (codec) {
      const components = jpeg[at + 9]
      const ids = Array.from({ length: Math.min(components, 3) }, (_, i) => jpeg[at + 10 + 3 * i])
      const colour = colourOf(String.fromCharCode(...ids), adobe, jfif)
      const [height, width] = [jpeg.readUInt16BE(at + 5), jpeg.readUInt16BE(at + 7)]
      const facts = { codec, width, height, components, precision, ...(comment && { comment }) }
      return { ...facts, ...(components === 3 && colour ? { colour } : {}) }
    }
    if (length < 2 || marker === 0xda || marker === 0xd9) return undefined
    at += 2 + length
  }
  return undefined
}

/** By the start-of-frame marker; undefined: it is none, or of a process that nobody uses (hierarchical, arithmetic). */
function codecOf(marker: number): Codec | undefined {
  if (marker >= 0xc0 && marker <= 0xc2) return 'jpeg'
  if (marker === 0xc3) return 'jpeg-lossless'
  return marker === 0xf7 ? 'jpeg-ls' : undefined
}

/** Components that are called so are RGB; else Adobe's marker says whether they were transformed; JFIF's are YCbCr. */
function colourOf(ids: string, adobe: number, jfif: boolean): 'rgb' | 'ybr' | undefined {
  if (ids === 'RGB' || ids === 'rgb') return 'rgb'
  if (adobe >= 0) return adobe === 0 ? 'rgb' : 'ybr'
  return jfif ? 'ybr' : undefined
}

/** Of JPEG 2000 (ITU-T T.800, A.5.1), alone or in the boxes of a file. */
function jpeg2000Head(bytes: Buffer): FrameHead | undefined {
  const start = bytes.subarray(0, 4096).indexOf(Buffer.from('ff4fff51', 'hex'))
  if (start < 0 || start + 43 > bytes.length) return undefined
  const at = start + 8 // behind both markers, Lsiz and Rsiz
  const [right, bottom, left, top] = [0, 4, 8, 12].map((i) => bytes.readUInt32BE(at + i))
  const depth = bytes[at + 34]
  return {
    codec: 'jpeg-2000',
    width: right - left,
    height: bottom - top,
    components: bytes.readUInt16BE(at + 32),
    precision: (depth & 127) + 1,
  }
}
