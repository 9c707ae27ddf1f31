// `npm run fuzz:libav -- [--target jpeg|avi] [--runs N] [--seed S] [--first RUN] [--keep CLASS]`: Motion JPEG AVIs, damaged (avi) or whole
// around damaged JPEGs (jpeg), read by this package and by FFmpeg's libraries (PyAV, PyPI, in a cache of its own). Where those
// complain of nothing, and nothing is said here, frames, sizes, rate and luma must be the same. Ends with status 1 where one is
// not; the first files of each such class (and of
// those whose name has the words CLASS in it) lie in build/fuzz/ then.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { InfomotionError } from '#lib/index.js'
import { Random } from '#lib/runtime/random.js'
import { buildAvi, walkAvi } from '#lib/video/avi.js'
import { type Frames, readClip } from '#lib/video/index.js'
import { decodeJpeg } from '#lib/video/jpeg.js'
import { Peer } from '../bench/peer.js'
import { pythonPeer, root } from '../bench/support.js'
import { mutate } from './mutate.js'
import { targets } from './targets.js'

/** Grey levels between two exact decoders: each rounds in its own way, and once more where the range is limited. */
const LEVELS = 3
/** Files that the peer is given at once. */
const BATCH = 200
/** Files of a class that are kept. */
const KEPT = 5

/** Markers of JPEG (ITU-T T.81, B.1), and segments that readers look into. */
const MARKERS = [
  ...[0xc0, 0xc1, 0xc2, 0xc4, 0xd0, 0xd8, 0xd9, 0xda, 0xdb, 0xdd, 0xe0, 0xee, 0xfe].map((marker) => [0xff, marker]),
  [0xff, 0x00],
  [0xff, 0xff],
  [0xff, 0xdd, 0, 4, 0, 1],
  [0xff, 0xee, 0, 14, 65, 100, 111, 98, 101, 0, 100, 0, 0, 0, 0, 2],
  [0xff, 0xfe, 0, 11, 67, 83, 61, 73, 84, 85, 54, 48, 49],
].map((bytes) => Buffer.from(bytes))

/** What PyAV makes of a file; its luma lies beside it. */
interface Theirs {
  /** Width, height, pixel format. */
  sizes: [number, number, string][]
  rate: number
  /** Its complaints. */
  said: string
}

const { values } = parseArgs({
  options: {
    target: { type: 'string', default: 'jpeg' },
    runs: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    first: { type: 'string', default: '0' },
    keep: { type: 'string' },
  },
})
const { target, keep } = values
const [runs, seed, first] = [values.runs, values.seed, values.first].map(Number)
if (!['jpeg', 'avi'].includes(target) || ![runs, seed, first].every((value) => Number.isInteger(value) && value >= 0)) {
  console.error('Expected --target jpeg or avi, and --runs, --seed, --first, whole numbers.')
  process.exit(2)
}
const python = await pythonPeer(['av==18.1.0', 'numpy', 'pillow'])
if (!python) {
  console.error('No Python, or no PyAV to be had: nothing was compared.')
  process.exit(1)
}
const folder = mkdtempSync(join(tmpdir(), 'infomotion-libav-'))
const kept = join(root, 'build', 'fuzz')
const peer = await Peer.open(python, [join(root, 'scripts', 'fuzz', 'libav_peer.py')])
try {
  const inputs = await generator()
  const classes: Record<string, number> = {}
  let failures = 0
  for (let run = first; run < first + runs; run += BATCH) {
    const files = Array.from({ length: Math.min(BATCH, first + runs - run) }, (_, i) => {
      const path = join(folder, `${run + i}.avi`)
      writeFileSync(path, inputs(run + i))
      return path
    })
    const theirs = await peer.ask<Theirs[]>({ do: 'decode', paths: files })
    for (const [i, path] of files.entries()) {
      const ours = await readClip(path, { backend: 'mjpeg' }).catch((error) => {
        if (error instanceof InfomotionError && error.code !== 'INTERNAL') return error.code
        throw new Error(`run ${run + i}: ${error.message}`, { cause: error })
      })
      const { kind, failed } = compare(ours, readFileSync(path), theirs[i], readFileSync(`${path}.luma`))
      classes[kind] = (classes[kind] ?? 0) + 1
      if (failed) failures++
      const wanted = failed || (keep !== undefined && kind.includes(keep))
      if (!wanted || classes[kind] > KEPT) continue
      mkdirSync(kept, { recursive: true })
      const file = join(kept, `libav-${target}-${seed}-${run + i}.avi`)
      writeFileSync(file, readFileSync(path))
      console.error(
        `${failed ? 'FAILED' : 'kept'}, seed ${seed}, run ${run + i}: ${kind}. ${summary(ours, theirs[i])} ${file}`,
      )
    }
    for (const file of readdirSync(folder)) rmSync(join(folder, file))
  }
  const counted = Object.entries(classes).sort(([, a], [, b]) => b - a)
  console.log(`${target}: ${runs} files, PyAV ${peer.versions.pyav}; ${failures} failed`)
  for (const [kind, count] of counted) console.log(`${String(count).padStart(8)}  ${kind}`)
  process.exitCode = failures > 0 || runs === 0 ? 1 : 0
} finally {
  peer.stop()
  rmSync(folder, { recursive: true, force: true })
}

/** What makes the file of a run: a function of target, seed and run alone. */
async function generator(): Promise<(run: number) => Buffer> {
  const groups = (await peer.ask<string[][]>({ do: 'seeds', folder })).map((paths) =>
    paths.map((path) => readFileSync(path)),
  )
  const random = (run: number, what: string) => new Random(seed, 'libav', target, what, run)
  if (target === 'jpeg')
    return (run) => {
      const draw = random(run, 'jpeg')
      const [negative, ...jpegs] = groups[draw.below(groups.length)]
      return aviOf([negative, mutate(jpegs, MARKERS, draw), negative], 25)
    }
  const { words } = targets.avi
  const avis = groups.flatMap(([negative, ...jpegs]) =>
    jpegs.map((jpeg, i) => {
      const frames = [jpeg, negative, jpeg, negative].slice(0, 1 + (i % 4))
      return aviOf(i % 5 === 0 ? [...frames, Buffer.alloc(0)] : frames, [25, 29.97, 50][i % 3])
    }),
  )
  return (run) => mutate(avis, words, random(run, 'avi'))
}

/** Its headers say the size of its first frame: libav weaves fields where they say twice the height. */
function aviOf(jpegs: Buffer[], fps: number): Buffer {
  const { width, height } = jpegSize(jpegs[0])!
  return buildAvi(jpegs, width, height, fps)
}

/** Into which class a file falls, and whether that is a fault of ours. */
function compare(ours: Frames | string, file: Buffer, theirs: Theirs, luma: Buffer): { kind: string; failed: boolean } {
  const silent = theirs.said === ''
  const words = silent ? 'libav complains of nothing' : 'libav complains'
  if (typeof ours === 'string') {
    if (theirs.sizes.length === 0) return { kind: `neither reads it: ${ours}`, failed: false }
    return { kind: `refused here (${ours}), read there; ${words}`, failed: silent }
  }
  if (theirs.sizes.length === 0) return { kind: 'read here alone', failed: false }
  const said = ours.damagedFrames > 0 || ours.oddities.some(({ kind }) => kind !== 'surplus' && kind !== 'rate')
  const whose = said ? (silent ? 'said here alone' : 'said by both') : silent ? 'said by neither' : 'said there alone'
  const repeats = walkAvi(file).frames.map(({ start, end }) => start === end)
  const apart = difference(ours, repeats, theirs, luma)
  if (apart === '') return { kind: `the same luma, trouble ${whose}`, failed: false }
  return { kind: `${apart}, trouble ${whose}`, failed: silent && !said }
}

/** In a word; `repeats` are frames of ours that an empty chunk stands for: it is nothing to libav. */
function difference(ours: Frames, repeats: boolean[], { sizes, rate }: Theirs, luma: Buffer): string {
  if (sizes.some(([width, height]) => width !== ours.width || height !== ours.height)) return 'another size'
  const pixels = ours.width * ours.height
  const frames = Array.from({ length: ours.count }, (_, i) => ours.frames.subarray(i * pixels, (i + 1) * pixels))
  const own = Buffer.concat(frames.filter((_, i) => !repeats[i]))
  if (own.length !== luma.length) return 'another number of frames'
  let most = 0
  for (let i = 0; i < luma.length; i++) most = Math.max(most, Math.abs(luma[i] - own[i]))
  if (most > LEVELS) return 'other luma'
  return rate > 0 && rate <= 1000 && Math.abs(rate / ours.fps - 1) > 1e-3 ? 'another rate' : ''
}

function summary(ours: Frames | string, { sizes, rate, said }: Theirs): string {
  const here = typeof ours === 'string' ? ours : `${ours.count} of ${ours.width}x${ours.height}, ${ours.fps} fps`
  return `Here ${here}; there ${sizes.length} of ${sizes[0]?.join(' ')}, ${rate} fps${said && `: ${said}`}.`
}
