// Decoding of clips to luma beside the ffmpeg executable (its frames thrown away, so that no pipe is counted), OpenCV and
// PyAV (PyPI), and of DICOM beside pydicom: CPU time of one clip, one thread each, in turn, and how far the frames lie
// apart. What it costs to start (a process, its libraries, the first clip of a size) is no part of a clip's time and told
// beside it, but in the row of small clips, which a program that starts anew for each clip pays for.
import { execFile } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { drawPatient, SIZE } from '#lib/phantom/patient.js'
import { scanOf } from '#lib/phantom/render.js'
import { bilinear } from '#lib/phantom/tissue.js'
import { ffmpegVersion } from '#lib/video/ffmpeg.js'
import { FORMATS } from '#lib/video/formats.js'
import { readClip } from '#lib/video/index.js'
import { Peer } from './peer.js'
import { cpuSecondsOfAll, median, options, pythonPeer, type Row, report, root } from './support.js'

const execute = promisify(execFile)
const { quick, full } = options()
const rounds = quick ? 3 : full ? 21 : 5
const UNIT = 'clips/s of one core (CPU time)'

interface Luma {
  frames: Uint8Array
  count: number
  width: number
  height: number
}

/** One side of a row. */
interface Decoder {
  name: string
  /** CPU seconds of decoding a file so many times. */
  time(path: string, clips: number): Promise<number>
  /** What comes on top of the seconds of one clip where nothing has started yet. */
  startUp(path: string, clip: number): Promise<number>
  luma(path: string): Promise<Luma>
}

const folder = mkdtempSync(join(tmpdir(), 'infomotion-bench-'))
const ffmpeg = process.env.FFMPEG_PATH || 'ffmpeg'
const film = (input: string[], output: string) =>
  execute(ffmpeg, ['-v', 'error', '-y', ...input, ...output.split(' ')], { cwd: folder })

const rows: Row[] = []
const versions: Record<string, string> = { ffmpeg: await ffmpegVersion() }
const python = await pythonPeer(['opencv-python-headless', 'av', 'pydicom', 'pillow', 'numpy'])
const peers: Peer[] = []
try {
  const start = async (library: string) => {
    if (!python) return undefined
    const peer = await Peer.open(python, [join(root, 'scripts', 'bench', 'decode_peer.py'), library])
    Object.assign(versions, peer.versions)
    peers.push(peer)
    return peer
  }
  const beside = [ofFfmpeg(), ofPython('OpenCV', await start('opencv')), ofPython('PyAV', await start('pyav'))]
  const pydicom = await start('pydicom')

  const small = { ...echo(1, 175), clips: quick ? 4 : 8 }
  const large = { ...enlarged(echo(2, 60), 640, 480), clips: 2 }
  for (const clip of [small, large]) {
    const name = `${clip.width}x${clip.height}, ${clip.count} frames`
    writeFileSync(join(folder, 'luma'), clip.frames)
    const raw = `-f rawvideo -pix_fmt gray -s ${clip.width}x${clip.height} -r 50 -i luma`.split(' ')
    await film(raw, '-c:v mjpeg -qmin 1 -q:v 1 -pix_fmt yuvj420p clip.avi') // 4.5 KB a frame, as EchoNet-Dynamic has them
    await film(raw, '-c:v libx264 -crf 18 -pix_fmt yuv420p clip.mp4')
    await compare(`${name}, Motion JPEG`, join(folder, 'clip.avi'), clip.clips, beside)
    await compare(`${name}, H.264`, join(folder, 'clip.mp4'), clip.clips, beside)
  }
  await compareSmall(32, 16)
  if (pydicom && FORMATS.some(({ name }) => name === 'dicom'))
    for (const kind of ['uncompressed', 'RLE', 'JPEG']) {
      const { width, height, count } = small
      const path = join(folder, `${kind}.dcm`)
      writeFileSync(join(folder, 'luma'), small.frames)
      await pydicom.ask({ do: 'make', kind, path, luma: join(folder, 'luma'), width, height })
      const name = `${width}x${height}, ${count} frames, DICOM, ${kind}`
      await compare(name, path, small.clips, [ofPython('pydicom', pydicom)])
    }
} finally {
  for (const peer of peers) peer.stop()
  rmSync(folder, { recursive: true, force: true })
}
report(rows, versions)

/** A row for each peer, of times that were taken in turn. */
async function compare(name: string, path: string, clips: number, peers: Decoder[]): Promise<void> {
  const sides = [ofOurs(), ...peers]
  process.stderr.write(`${name}\n`) // on a busy machine the whole takes minutes
  const times = sides.map(() => ({ seconds: [] as number[], startUp: [] as number[] }))
  for (let round = 0; round < rounds; round++)
    for (const [i, side] of sides.entries()) {
      times[i].seconds.push((await side.time(path, clips)) / clips)
      if (round < 2) times[i].startUp.push(await side.startUp(path, times[i].seconds[round]))
    }
  const ms = (seconds: number[]) => 1000 * median(seconds)
  const ours = await sides[0].luma(path)
  for (const [i, { name: peerName, luma }] of peers.entries()) {
    const [own, theirs] = [times[0], times[i + 1]]
    const had = theirs.seconds.every(Number.isFinite)
    rows.push({
      name,
      ours: 1000 / ms(own.seconds),
      peer: had ? 1000 / ms(theirs.seconds) : null,
      peerName,
      unit: UNIT,
      ratio: had ? ms(theirs.seconds) / ms(own.seconds) : null,
      quality: {
        'CPU, ms': ms(own.seconds),
        'start-up, CPU ms': ms(own.startUp),
        ...(had && {
          "peer's CPU, ms": ms(theirs.seconds),
          "peer's start-up, CPU ms": ms(theirs.startUp),
          ...difference(ours, await luma(path)),
        }),
      },
      ...(!had && { reason: `${peerName} could not be installed` }),
    })
  }
}

/** Clips of a few frames, each a file, from nothing: a process a clip beside a process of ours for all of them. */
async function compareSmall(clips: number, count: number): Promise<void> {
  const { width, height, frames } = echo(3, count)
  writeFileSync(join(folder, 'luma'), frames)
  const raw = `-f rawvideo -pix_fmt gray -s ${width}x${height} -r 50 -i luma`.split(' ')
  await film(raw, '-c:v libx264 -crf 18 -pix_fmt yuv420p small.mp4')
  const paths = Array.from({ length: clips }, (_, i) => join(folder, `small-${i}.mp4`))
  for (const path of paths) copyFileSync(join(folder, 'small.mp4'), path)
  const times = { ours: [] as number[], peer: [] as number[] }
  for (let round = 0; round < Math.min(rounds, 3); round++) {
    times.ours.push((await ofProcess(paths)) / clips)
    const each = paths.map((path) => ffmpegCommand(path, 0)).join('; ')
    times.peer.push((await shellSeconds(each)) / clips)
  }
  const [ours, peer] = [median(times.ours), median(times.peer)]
  rows.push({
    name: `${width}x${height}, ${clips} files of ${count} frames, H.264, start-up counted`,
    ...{ ours: 1 / ours, peer: 1 / peer, peerName: 'ffmpeg, a process a clip', unit: UNIT, ratio: peer / ours },
    quality: { 'CPU, ms': 1000 * ours, "peer's CPU, ms": 1000 * peer },
  })
}

function difference(ours: Luma, theirs: Luma): Record<string, number | string> {
  const form = ({ count, width, height }: Luma) => `${count} of ${width}x${height}`
  if (form(ours) !== form(theirs)) return { frames: `${form(ours)}, peer's ${form(theirs)}` }
  let [max, sum, equal] = [0, 0, 0]
  for (let i = 0; i < ours.frames.length; i++) {
    const apart = Math.abs(ours.frames[i] - theirs.frames[i])
    if (apart > max) max = apart
    if (apart === 0) equal++
    sum += apart
  }
  const { length } = ours.frames
  return {
    frames: `${form(ours)}, both`,
    'max difference, levels': max,
    'mean difference, levels': sum / length,
    'equal pixels, %': (100 * equal) / length,
  }
}

// ---- The sides.

function ofOurs(): Decoder {
  return {
    name: 'infomotion',
    async time(path, clips) {
      await readClip(path) // processes that stay start now
      return cpuSecondsOfAll(async () => {
        for (let i = 0; i < clips; i++) await readClip(path)
      })
    },
    startUp: async (path, clip) => (await ofProcess([path])) - clip,
    luma: (path) => readClip(path),
  }
}

/** CPU seconds of a process that reads these clips with the library, asked for all at once. */
async function ofProcess(paths: string[]): Promise<number> {
  const program = join(folder, 'read.mjs')
  writeFileSync(
    program,
    `import { readClip } from ${JSON.stringify(import.meta.resolve('#lib/video/index.js'))}
     await Promise.all(${JSON.stringify(paths)}.map((path) => readClip(path)))`,
  )
  return shellSeconds(`'${process.execPath}' '${program}'`)
}

/** Decoded several times within a process and once: the difference is decoding, the rest is starting. */
function ofFfmpeg(): Decoder {
  return {
    name: 'ffmpeg',
    async time(path, clips) {
      const once = await shellSeconds(ffmpegCommand(path, 0))
      return (await shellSeconds(ffmpegCommand(path, clips))) - once
    },
    startUp: async (path, clip) => (await shellSeconds(ffmpegCommand(path, 0))) - clip,
    async luma(path) {
      const { stdout } = await execute(
        ffmpeg,
        [...`-v error -i ${path} -fps_mode passthrough -pix_fmt gray -f yuv4mpegpipe -strict -1 -`.split(' ')],
        { encoding: 'buffer', maxBuffer: 2 ** 30 },
      )
      const head = stdout.toString('latin1', 0, stdout.indexOf('\n'))
      const [width, height] = [' W', ' H'].map((key) => Number.parseInt(head.split(key)[1], 10))
      const size = width * height + 'FRAME\n'.length
      const body = stdout.subarray(head.length + 1)
      const count = body.length / size
      const parts = Array.from({ length: count }, (_, i) => body.subarray(i * size + 6, (i + 1) * size))
      return { frames: Buffer.concat(parts), count, width, height }
    },
  }
}

function ffmpegCommand(path: string, again: number): string {
  return `'${ffmpeg}' -nostdin -v error -threads 1 -stream_loop ${again} -i '${path}' -f null -`
}

/** CPU seconds of a command of the shell and all processes in it; bash tells milliseconds. */
async function shellSeconds(command: string): Promise<number> {
  const { stderr } = await execute('bash', ['-c', `TIMEFORMAT='cpu %3U %3S'; time { ${command}; }`])
  const [, user, system] = /cpu ([\d.]+) ([\d.]+)/.exec(stderr) as RegExpExecArray
  return Number(user) + Number(system)
}

function ofPython(name: string, peer: Peer | undefined): Decoder {
  return {
    name,
    async time(path, clips) {
      if (!peer) return Number.NaN
      return (await peer.ask<{ seconds: number }>({ do: 'decode', path, clips })).seconds
    },
    startUp: async () => (peer ? (await peer.ask<{ startUp: number }>({ do: 'start-up' })).startUp : Number.NaN),
    async luma(path) {
      const out = join(folder, 'theirs')
      const form = await peer!.ask<Omit<Luma, 'frames'>>({ do: 'decode', path, clips: 1, out })
      return { ...form, frames: readFileSync(out) }
    },
  }
}

// ---- The clips.

/** An echo of a made-up patient. */
function echo(index: number, count: number): Luma {
  const patient = drawPatient(5, 'bench', index)
  const scan = scanOf({ ...patient, scan: { ...patient.scan, fps: 50, frames: count } }, 5, 'bench', index)
  const frames = new Uint8Array(count * SIZE * SIZE)
  for (let i = 0; i < count; i++) scan.draw(i, frames.subarray(i * SIZE * SIZE))
  return { frames, count, width: SIZE, height: SIZE }
}

function enlarged(clip: Luma, width: number, height: number): Luma {
  const frames = new Uint8Array(clip.count * width * height)
  const [across, down] = [(clip.width - 1.001) / (width - 1), (clip.height - 1.001) / (height - 1)]
  for (let i = 0, to = 0; i < clip.count; i++) {
    const from = Float32Array.from(
      clip.frames.subarray(i * clip.width * clip.height).subarray(0, clip.width * clip.height),
    )
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) frames[to++] = bilinear(from, clip.width, x * across, y * down)
  }
  return { frames, count: clip.count, width, height }
}
