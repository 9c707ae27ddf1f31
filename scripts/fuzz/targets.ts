import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { assignClasses } from '#lib/dataset/classes.js'
import { mapColumns } from '#lib/dataset/columns.js'
import { familiesOf } from '#lib/dataset/families.js'
import { fileOf, overlaps, readSegments, segmentId } from '#lib/dataset/segments.js'
import { givenSplits } from '#lib/dataset/split.js'
import { parseTable } from '#lib/dataset/table.js'
import { decodeFlo, encodeFlo } from '#lib/flow/flo.js'
import { codelength, infomap, moduleLinks, moduleMap, parseNetwork, parsePartition } from '#lib/infomap/index.js'
import { toNativeNetwork } from '#lib/infomap/network.js'
import { decodeModel, encodeModel } from '#lib/onnx/index.js'
import { decodeNpy, encodeNpy } from '#lib/run/npy.js'
import { sha256 } from '#lib/run/store.js'
import { buildAvi, frameCount, walkAvi } from '#lib/video/avi.js'
import { DICOM } from '#lib/video/dicom.js'
import { encodeJpegs } from '#lib/video/jpeg.js'
import { decodeMjpeg } from '#lib/video/mjpeg.js'
import { nifti, volume } from './clips.js'
import { models } from './models.js'
import { trySet } from './sets.js'
import { tables } from './tables.js'

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

const luma = Uint8Array.from({ length: 3 * 16 * 12 }, (_, i) => i * [7, 31, 5][Math.floor(i / (16 * 12))])
const jpegs = await encodeJpegs({ pixels: luma, width: 16, height: 12, channels: 1, quality: 60 })
const frames = jpegs.map((jpeg) => Buffer.from(jpeg))

const avi: Target = {
  corpus: [buildAvi(frames, 16, 12, 25), buildAvi([frames[0], Buffer.alloc(0), frames[1]], 16, 12, 29.97)],
  words: bytes('RIFF', 'LIST', 'AVI ', 'movi', '00dc', '01wb', 'strh', 'vids', '\xff\xd8\xff', '\xff\xda', '\xff\xc2'),
  share: 0.14,
  async read(input) {
    const found = await walkAvi(input)
    let last = 0
    for (const place of found.chunks) {
      promise(place >= last && place <= input.length, `a chunk from or to ${place} after ${last}`)
      last = place
    }
    if (frameCount(found) === 0) return
    const clip = await decodeMjpeg(input, found, 'fuzz.avi', {})
    promise(clip.frames.length === clip.count * clip.width * clip.height, 'whole frames')
  },
}

const csv: Target = {
  corpus: [
    'FileName,EF,ESV,EDV,FPS,Split\n0XA,55.2,30,67,50,TRAIN\n0XB,12,9,10,50,VAL\n0XC,71,20,70,50,TEST\n',
    '\ufeffPath,"Label",Split,patient\r\n"a, b.avi",yes,train,"x ""y"""\r\nsub/c,no,test,7\r\n\r\n',
    'path,label\na.avi,1\nb.avi,1.0\nc.avi,nan\n',
    'sep=;\r\npath;label;split;parent;;\r\na.avi;1,5;0;;;\r\nb\\c.avi;"x;y";8;a.avi;;\r\nd;2,5;9;p|q;;\r\n',
    'path\tlabel\tgroup\na.avi\tx\tP1\nb.avi\tX\tp1\n',
    'video_id,class,time_start,time_end,subset,subject\nab,x,0,1.5,train,7\nab,y,1.5,00:00:03,train,7\ncd,y,,,test,8\n',
    'path;label;start_frame;last_frame;duration\na.avi;1,5;0;30;\na.avi;x;31;60;5\n',
    'HashedFileName,Calc,CalcValue,Frame,split\n0XA,IVSd,1.2,3,train\n0XA,LVPWd,0.9,3,train\n',
    'dir/a.mp4 0\nmy dir/b c.mp4 1\n"d.avi" 2\n',
    'x/a.avi\r\ny/b.avi\r\n',
    'a.mkv,yes\nb.mkv,no\n',
    'frames/a 120 3\nframes/b 90 4\n',
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
    ';',
    '\t',
    'sep=,\n',
    'None',
    'start',
    'end',
    '_ms',
    '.avi ',
    '-1',
    '1:2:3',
    '\xe2\x80\x8b',
    '\xff\xfe',
  ),
  share: 0.12,
  async read(input) {
    const table = await parseTable(Readable.from([input]), 'fuzz.csv')
    promise(table.rows.length === table.lines.length, 'a line for each row')
    const mapping = mapColumns(table, {})?.mapping
    if (!mapping) return
    const { segments, faults } = readSegments(table, mapping, undefined, 'fuzz.csv')
    const clips = segments.map((segment, i) => ({ path: table.rows[i][mapping.path], segment }))
    for (const { path, segment } of clips) {
      promise(segment === undefined || segment.start >= 0, 'a part starts in its video')
      promise(segment?.end === undefined || segment.end > segment.start, 'and ends after that')
      promise(fileOf({ id: segmentId(path, segment), segment }) === path, 'its id names its file')
    }
    promise(
      [...faults.keys()].every((row) => segments[row] === undefined),
      'faults are of rows without a part',
    )
    promise(overlaps(clips).length <= clips.length, 'each clip overlaps one before it, or none')
    const values = (name: string) => table.rows.map((row) => row[name] ?? '')
    promise(
      values(mapping.label).every((value) => typeof value === 'string'),
      'values are strings',
    )
    const names = values(mapping.path)
    const kin = names.map((id, i) => ({ id, group: values(mapping.group ?? mapping.path)[i], parent: names[i + 1] }))
    const { family } = familiesOf(kin)
    promise(family.length === names.length, 'a family for each clip')
    const splits = mapping.split ? givenSplits(values(mapping.split), 'fuzz.csv') : undefined
    for (const scheme of ['labels', 'ef5', 'quantile:3'] as const)
      assignClasses(values(mapping.label), scheme, splits, mapping.label)
  },
}

const network: Target = {
  corpus: [
    '# a comment\n1 2\n2 3 0.5\n3 1 1e-3\n10 20 .25\n',
    '*Bipartite 3\n1 3 0.5\n4 2\n1 5 1e2\n',
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
  share: 0.14,
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

const partition: Target = {
  corpus: [
    '# node_id module flow\n1 1 0.5\n2 1 0.25\n3 2\n4 9 1e-9\n',
    '# path flow name node_id\n1:1:1 0.5 "a" 1\n1:2:1 0.25 "b c" 2\n2:1 0.125 d 3\n2:2 0 "" 4\n*Links directed\n*Links root 0 0 1 2\n1 2 0.5\n',
  ].map((text) => Buffer.from(text)),
  words: bytes('1:1:', ':', '*Links', '4294967296', '0 1', '"', 'NaN', '-1', '1:1:1:1:1:1:1:1'),
  share: 0.06,
  async read(input) {
    const name = input.includes(':') ? 'fuzz.tree' : 'fuzz.clu'
    const levels = await parsePartition(input, name, { ids: Float64Array.of(1, 2, 3, 4) })
    promise(levels.length > 0 && levels.every((modules) => modules.length === 4), 'a module for each node')
  },
}

/** The bytes are options and arrays of a network: no file, but the API. */
const modules: Target = {
  corpus: [
    Buffer.from([0, 1, 8, 40, 15, 3, 0, 6, 1, 0, 2, 0, 2, 1, 3, 4, 3, 5, 4, 5, 2, 3, 9, 9, 9]),
    Buffer.from(Array.from({ length: 90 }, (_, i) => (i * 37) & 127)),
    Buffer.from(Array.from({ length: 60 }, (_, i) => (i < 9 ? 255 - i : (i * i) & 15))),
  ],
  words: bytes('\xff\xff\xff\xff', '\0\0\0\0', '\x01\x01\x01'),
  share: 0.04,
  async read(input) {
    let at = 0
    const byte = () => input[at++] ?? 0
    const flag = () => (byte() & 1) === 1
    const odd = [0, 1, 0.5, 1e-300, 1e300, NaN, Infinity, -1, -0, 2 ** 32, 1.5]
    const numbers = (count: number, of: (x: number) => number) => Array.from({ length: count }, () => of(byte()))
    const sometimes = (x: number, most: number) => (x > 250 ? odd[x % odd.length] : x % most)
    const options = {
      directed: flag(),
      recordedTeleportation: flag(),
      toNodes: flag(),
      noSelfLinks: flag(),
      teleportation: byte() / 250,
      markovTime: byte() / 50,
      regularized: flag() && byte() / 100,
      entropyCorrected: flag() && byte() / 100,
    }
    const search = { twoLevel: flag(), trials: 1, threads: 1, seed: byte(), preferredModules: byte() % 9 }
    const nodes = 1 + (byte() % 30)
    const csr = flag()
    const count = byte() % 60
    const rows = numbers(csr ? nodes + 1 : count, (x) => (csr ? x : sometimes(x, nodes)))
    if (csr && flag()) rows.sort((a, b) => a - b).splice(-1, 1, count)
    const targets = Uint32Array.from(numbers(count, (x) => sometimes(x, nodes)))
    const weights = flag()
      ? Float64Array.from(numbers(count, (x) => (x > 240 ? odd[x % odd.length] : x / 8)))
      : undefined
    const graph = csr
      ? { offsets: Uint32Array.from(rows), targets, weights }
      : { sources: Uint32Array.from(rows), targets, weights }
    const found = await infomap(graph, { ...options, ...search })
    promise(
      found.hierarchy.every(({ modules, count }) => modules.every((m) => m < count)),
      'modules below their count',
    )
    const levels = found.hierarchy.map(({ modules }) => modules)
    const given = await codelength(graph, levels, options)
    promise(
      Math.abs(given.codelength - found.codelength) <= 1e-9 * Math.max(1, found.codelength),
      'the same codelength',
    )
    const links = await moduleLinks(graph, found.hierarchy, options)
    promise(links.length === levels.length + 1, 'links of each level')
    promise(
      !moduleMap(found.hierarchy[0], links[0], options.directed ? { directed: true } : {}).includes('NaN'),
      'a map',
    )
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
  share: 0.12,
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
  share: 0.12,
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
  share: 0.12,
  read(input) {
    const { flow, width, height } = decodeFlo(input)
    promise(flow.length === 2 * width * height && width > 0, 'a pair for each pixel')
  },
}

const fixtures = fileURLToPath(new URL('../../../../test/fixtures/dicom/', import.meta.url))
const dicom: Target = {
  corpus: readdirSync(fixtures)
    .filter((name) => name.endsWith('.dcm') && !/^jpeg-(ls|2000)/.test(name)) // threads of others, with a time limit
    .sort()
    .map((name) => readFileSync(join(fixtures, name))),
  words: bytes(
    ...[
      '\xfe\xff\x00\xe0',
      '\xfe\xff\xdd\xe0\0\0\0\0',
      '\xfe\xff\x0d\xe0\0\0\0\0',
      '\xff\xff\xff\xff',
      '\xe0\x7f\x10\0',
    ],
    ...['SQ\0\0', 'OB\0\0', 'UN\0\0', 'OV\0\0', 'US\x02\0', '\x28\0\x10\0', '\x28\0\x08\0', '\x28\0\0\x01'],
    ...[
      '1.2.840.10008.1.2.5',
      '1.2.840.10008.1.2.1.99',
      'MONOCHROME1',
      'PALETTE COLOR ',
      'YBR_FULL_422',
      '99999999',
      '1e308',
    ],
    ...['\xff\xd8\xff', '\xff\xc3', '\xff\xd9', '\x01\0\0\0\x40\0\0\0'],
  ),
  share: 0.03,
  async read(input) {
    if (!DICOM.recognises(input.subarray(0, 2 ** 16), 'fuzz.dcm')) return
    const clip = await DICOM.decode(input, 'fuzz.dcm', { crop: 'region' })
    promise(clip.count > 0 && clip.frames.length === clip.count * clip.width * clip.height, 'whole frames')
    promise(clip.fps > 0 && clip.fps <= 1000, 'a rate')
    promise(clip.damagedFrames < clip.count, 'a good frame')
  },
}

/** The file is only the number of a hostile data set, which is read and written out (sets.ts). */
const sets: Target = {
  corpus: bytes('a data set of that number'),
  words: bytes('another'),
  share: 0.01,
  read: (input) => trySet(Number.parseInt(sha256(input).slice(0, 8), 16)),
}

/** The readers by name. */
export const targets = { avi, csv, network, partition, modules, onnx, npy, flo, dicom, nifti, volume, tables, sets }
export type TargetName = keyof typeof targets
