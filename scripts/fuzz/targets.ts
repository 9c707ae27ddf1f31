import { Readable } from 'node:stream'
import jpegTurbo from '@julusian/jpeg-turbo'
import { assignClasses } from '#lib/dataset/classes.js'
import { givenSplits } from '#lib/dataset/split.js'
import { mapColumns, parseTable } from '#lib/dataset/table.js'
import { decodeFlo, encodeFlo } from '#lib/flow/flo.js'
import { parseNetwork } from '#lib/infomap/index.js'
import { toNativeNetwork } from '#lib/infomap/network.js'
import { decodeModel, encodeModel } from '#lib/onnx/index.js'
import { decodeNpy, encodeNpy } from '#lib/run/npy.js'
import { buildAvi, walkAvi } from '#lib/video/avi.js'
import { decodeMjpeg } from '#lib/video/mjpeg.js'
import { models } from './models.js'

/** One reader under test. */
export interface Target {
  /** Good files, from which the bad ones are made. */
  corpus: readonly Buffer[]
  /** Words of the format, and words that break readers. */
  words: readonly Buffer[]
  /** Reads a file. Must give a value or an InfomotionError, and checks what the reader promises of the value. */
  read(input: Buffer): unknown
  /** Share of all runs: slower readers get fewer. */
  share: number
}

const bytes = (...words: string[]) => words.map((word) => Buffer.from(word, 'latin1'))

/** What a reader promises of its result does not hold. */
function promise(holds: boolean, what: string): void {
  if (!holds) throw new Error(`broken promise: ${what}`)
}

const jpeg = (width: number, height: number, seed: number) => {
  const luma = Buffer.from(Array.from({ length: width * height }, (_, i) => (i * seed) & 255))
  const options = { format: jpegTurbo.FORMAT_GRAY, subsampling: jpegTurbo.SAMP_GRAY, width, height, quality: 60 }
  return Buffer.from(jpegTurbo.compressSync(luma, options))
}
const frames = [7, 31, 5].map((seed) => jpeg(16, 12, seed))

const avi: Target = {
  corpus: [buildAvi(frames, 16, 12, 25), buildAvi([frames[0], Buffer.alloc(0), frames[1]], 16, 12, 29.97)],
  words: bytes('RIFF', 'LIST', 'AVI ', 'movi', '00dc', '01wb', 'strh', 'vids', '\xff\xd8\xff', '\xff\xda', '\xff\xc2'),
  share: 0.16,
  async read(input) {
    const found = walkAvi(input)
    let last = 0
    for (const { start, end } of found.frames) {
      promise(start >= last && end >= start && end <= input.length, `frame ${start}..${end} after ${last}`)
      last = end
    }
    if (found.frames.length === 0) return
    const clip = await decodeMjpeg(input, found, 'fuzz.avi', {})
    promise(clip.frames.length === clip.count * clip.width * clip.height, 'whole frames')
  },
}

const csv: Target = {
  corpus: [
    'FileName,EF,ESV,EDV,FPS,Split\n0XA,55.2,30,67,50,TRAIN\n0XB,12,9,10,50,VAL\n0XC,71,20,70,50,TEST\n',
    '\ufeffPath,"Label",Split,patient\r\n"a, b.avi",yes,train,"x ""y"""\r\nsub/c,no,test,7\r\n\r\n',
    'path,label\na.avi,1\nb.avi,2\nc.avi,3\n',
  ].map((text) => Buffer.from(text)),
  words: bytes(
    '"',
    '""',
    ',',
    '\r\n',
    '\r',
    '\0',
    'NaN',
    '1e999',
    '-0',
    '__proto__',
    'constructor',
    '\xef\xbb\xbf',
    '../..',
    'C:\\',
  ),
  share: 0.12,
  async read(input) {
    const table = await parseTable(Readable.from([input]), 'fuzz.csv')
    promise(table.rows.length === table.lines.length, 'a line for each row')
    const mapping = mapColumns(table, {})
    if (!mapping) return
    const values = (name: string) => table.rows.map((row) => row[name])
    promise(
      values(mapping.label).every((value) => typeof value === 'string'),
      'values are strings',
    )
    const splits = mapping.split ? givenSplits(values(mapping.split), 'fuzz.csv') : undefined
    for (const scheme of ['labels', 'ef5', 'quantile:3'] as const)
      assignClasses(values(mapping.label), scheme, splits, mapping.label)
  },
}

const network: Target = {
  corpus: [
    '# a comment\n1 2\n2 3 0.5\n3 1 1e-3\n10 20 .25\n',
    '*Vertices 4\n1 "one"\n2 "two words"\n3 three 1.0\n*Edges 2\n1 2 3\n2 3\n*Arcs\n3 1 0.125\n',
    '0 1\r\n1\t2\t12345678901234567890\r\n2 0 0\r\n',
  ].map((text) => Buffer.from(text)),
  words: bytes(
    '*Vertices 999999',
    '*Vertices 99999999999',
    '*Edges',
    '*x',
    'NaN',
    '-1',
    '1e309',
    '9007199254740993',
    '"',
    '\0',
  ),
  share: 0.27,
  async read(input) {
    const found = await parseNetwork(input, 'fuzz.txt')
    const { nodes, sources, targets, weights, ids, names } = found
    promise(ids.length === nodes && (names?.length ?? nodes) === nodes, 'an id for each node')
    promise(sources.length === targets.length && (weights?.length ?? targets.length) === targets.length, 'whole links')
    promise(
      [...sources, ...targets].every((node) => node < nodes),
      'links between nodes',
    )
    promise(
      [...(weights ?? [])].every((weight) => weight >= 0 && weight < Infinity),
      'weights',
    )
    toNativeNetwork(found)
  },
}

const onnx: Target = {
  corpus: models.map((model) => Buffer.from(encodeModel(model))),
  words: bytes(
    'constructor',
    'toString',
    '__proto__',
    'Softmax',
    'Slice',
    'Clip',
    '\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01',
  ),
  share: 0.15,
  read(input) {
    encodeModel(decodeModel(input))
  },
}

const npy: Target = {
  corpus: [
    encodeNpy(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]),
    encodeNpy(BigInt64Array.of(1n, -1n)),
    encodeNpy(new Uint8Array(5), [5, 1]),
  ],
  words: bytes("'shape': (", "'descr': '<f8'", '<i8', 'True', '99999999999999999999', ',', ')', '\x93NUMPY\x02\x00'),
  share: 0.15,
  read(input) {
    const { data, shape } = decodeNpy(input)
    promise(data.length === shape.reduce((product, side) => product * side, 1), 'as many values as the shape says')
  },
}

const flo: Target = {
  corpus: [
    encodeFlo({ flow: Float32Array.from({ length: 24 }, (_, i) => i / 8), width: 4, height: 3 }),
    encodeFlo({ flow: new Float32Array(2), width: 1, height: 1 }),
  ],
  words: bytes('PIEH', '\xff\xff\xff\x7f', '\0\0\0\x80'),
  share: 0.15,
  read(input) {
    const { flow, width, height } = decodeFlo(input)
    promise(flow.length === 2 * width * height && width > 0, 'a pair for each pixel')
  },
}

/** The readers by name. */
export const targets = { avi, csv, network, onnx, npy, flo }
export type TargetName = keyof typeof targets
