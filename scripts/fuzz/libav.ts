// `npm run fuzz:libav -- [--target jpeg|avi] [--runs N] [--seed S] [--first RUN] [--keep CLASS]`: Motion JPEG AVIs, damaged (avi) or whole
// around damaged JPEGs (jpeg), read by this package, by FFmpeg's libraries (PyAV) and, JPEG by JPEG, by libjpeg-turbo
// (simplejpeg; both from PyPI, in a cache of their own). Where those complain of nothing, nothing may be called damaged here;
// where nothing is said here either, frames, sizes, rate and luma must be the same. Ends with status 1 where one is
// not; the first files of each such class (and of
// those whose name has the words CLASS in it) lie in build/fuzz/ then.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { InfomotionError } from '#lib/index.js'
import { Random } from '#lib/runtime/random.js'
import { buildAvi } from '#lib/video/avi.js'
import { type Frames, readClip } from '#lib/video/index.js'
import { Peer } from '../bench/peer.js'
import { pythonPeer, root } from '../bench/support.js'
import { mutate } from './mutate.js'
import { targets } from './targets.js'

/** Grey levels between exact decoders: each rounds in its own way, and once more where the range is limited. */
const LEVELS = 2
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

/** libav goes by the index, of which a damaged entry costs it a frame. */
const MORE = 'the same luma, and more frames, as the header promises'

/** What the peers make of a file; its luma lies beside it. */
interface Theirs {
  /** Width, height, and whether libjpeg has decoded it without a word; else it is libav's. */
  frames: [number, number, boolean][]
  rate: number
  /** libav's complaints. */
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
const python = await pythonPeer(['av==18.1.0', 'simplejpeg==1.9.0', 'numpy', 'pillow'])
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
      const { kind, failed } = compare(ours, theirs[i], readFileSync(`${path}.luma`))
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
  const seeds = await peer.ask<{ paths: string[]; width: number; height: number }[]>({ do: 'seeds', folder })
  const groups = seeds.map(({ paths, ...size }) => ({ size, jpegs: paths.map((path) => readFileSync(path)) }))
  const random = (run: number, what: string) => new Random(seed, 'libav', target, what, run)
  if (target === 'jpeg')
    return (run) => {
      const draw = random(run, 'jpeg')
      const { size, jpegs } = groups[draw.below(groups.length)]
      const [negative, ...others] = jpegs
      return buildAvi([negative, mutate(others, MARKERS, draw), negative], size.width, size.height, 25)
    }
  const { words } = targets.avi
  const avis = groups.flatMap(({ size, jpegs: [negative, ...others] }) =>
    others.map((jpeg, i) => {
      const frames = [jpeg, negative, jpeg, negative].slice(0, 1 + (i % 4))
      if (i % 5 === 0) frames.push(Buffer.alloc(0))
      return buildAvi(frames, size.width, size.height, [25, 29.97, 50][i % 3])
    }),
  )
  return (run) => mutate(avis, words, random(run, 'avi'))
}

/** Into which class a file falls, and whether that is a fault of ours. */
function compare(ours: Frames | string, theirs: Theirs, luma: Buffer): { kind: string; failed: boolean } {
  const silent = theirs.said === ''
  const sure = theirs.frames.every(([, , sure]) => sure)
  if (typeof ours === 'string') {
    if (theirs.frames.length === 0) return { kind: `neither reads it: ${ours}`, failed: false }
    const words = silent ? (sure ? 'no word there' : 'libjpeg complains') : 'libav complains'
    return { kind: `refused here (${ours}), read there; ${words}`, failed: silent && sure }
  }
  if (theirs.frames.length === 0) return { kind: 'read here alone', failed: false }
  const said = ours.damagedFrames > 0 || ours.oddities.some(({ kind }) => kind !== 'surplus' && kind !== 'rate')
  const whose = said
    ? silent && sure
      ? 'said here alone'
      : 'said by both'
    : silent
      ? 'said by neither'
      : 'said there alone'
  const apart = difference(ours, theirs, luma)
  const strict = silent && sure && apart === '' && ours.damagedFrames > 0 && ours.count === theirs.frames.length
  const kind = `${apart || (strict ? 'called damaged' : 'the same luma')}, trouble ${whose}`
  return { kind, failed: strict || (silent && !said && apart !== '' && apart !== MORE) }
}

/**
 * In a word; "" where there is none. Frames that repeat the one before (an empty chunk says so), or stand in for a damaged
 * one, are nothing to libav; frames that libjpeg doubts may be missing.
 */
function difference(ours: Frames, { frames, rate }: Theirs, luma: Buffer): string {
  const { width, height, count } = ours
  if (frames.some(([w, h, sure]) => sure && (w !== width || h !== height))) return 'another size'
  const pixels = width * height
  const own = (i: number) => ours.frames.subarray(i * pixels, (i + 1) * pixels)
  const repeats = (i: number) => [i - 1, i + 1].some((j) => j >= 0 && j < count && Buffer.compare(own(i), own(j)) === 0)
  let [next, at, more] = [0, 0, 0]
  const skip = () => {
    at += frames[next][0] * frames[next][1]
    next++
  }
  for (let i = 0; i < count; i++) {
    const [start, from] = [next, at]
    const isNext = () => {
      const [w, h] = frames[next]
      return w === width && h === height && isNear(own(i), luma.subarray(at, at + pixels))
    }
    while (next < frames.length && !frames[next][2] && !isNext()) skip()
    if (next < frames.length && isNext()) {
      skip()
      continue
    }
    ;[next, at] = [start, from]
    if (!repeats(i)) more++
  }
  const missed = frames.slice(next).some(([, , sure]) => sure)
  if (missed || more > frames.filter(([, , sure]) => !sure).length) {
    if (!missed && count === ours.promisedFrames) return MORE
    return frames.length === count ? 'other luma' : 'another number of frames'
  }
  return rate > 0 && rate <= 1000 && Math.abs(rate / ours.fps - 1) > 1e-3 ? 'another rate' : ''
}

function isNear(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) if (Math.abs(a[i] - b[i]) > LEVELS) return false
  return true
}

function summary(ours: Frames | string, { frames, rate, said }: Theirs): string {
  const here = typeof ours === 'string' ? ours : `${ours.count} of ${ours.width}x${ours.height}, ${ours.fps} fps`
  const there = frames.map(([width, height, sure]) => `${width}x${height}${sure ? '' : ' (doubted)'}`).join(', ')
  return `Here ${here}; there ${there}, ${rate} fps${said && `: ${said}`}.`
}
