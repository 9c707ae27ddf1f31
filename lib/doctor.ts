import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { encodeModel, GraphBuilder } from './onnx/index.js'
import { type DeviceReport, devices } from './runtime/device.js'
import { InfomotionError } from './runtime/errors.js'
import { native } from './runtime/native.js'
import { withSession } from './runtime/onnx.js'
import { require } from './runtime/package.js'
import { libc, versions } from './runtime/versions.js'
import { decodeWithFfmpeg, FFMPEG_CURE, ffmpegVersion } from './video/ffmpeg.js'
import { decodeJpeg, encodeJpegs } from './video/jpeg.js'
import { sourceOf } from './video/source.js'

/** Something that the package uses: whether it is here, whether it works, and what to do if not. */
export interface Finding {
  name: string
  /** `works`: it was tried; `absent`: not installed, nor required; `broken`: it does not work, or is required and not installed. */
  status: 'works' | 'absent' | 'broken'
  version?: string
  /** What needs it. */
  use: string
  /** `infomotion distill DATASET` needs it. */
  required: boolean
  /** What is wrong, as it says itself. */
  reason?: string
  /** The command that mends it. */
  cure?: string
}

/** What a machine has for infomotion. */
export interface Diagnosis {
  /** Nothing is broken. */
  healthy: boolean
  versions: Record<string, string>
  /** "linux-x64, glibc 2.36". */
  platform: string
  /** Of the addon's vector code: the best that the processor has, or INFOMOTION_ISA; absent where the addon does not load. */
  instructionSet?: string
  /** What computes; absent where the addon does not load. */
  devices?: DeviceReport
  findings: Finding[]
}

type Outcome = Pick<Finding, 'status' | 'version' | 'reason' | 'cure'>

/**
 * Looks at the machine and tries everything that infomotion uses: the addon, JPEG in it, ONNX Runtime, ffmpeg, the
 * optional packages, GPUs. Nothing is installed or changed. The first call of a process takes a second or two.
 *
 * @example
 * ```js
 * import { doctor } from 'infomotion'
 * const { healthy, findings } = await doctor()
 * for (const { name, status, cure } of findings) console.log(name, status, cure ?? '')
 * ```
 */
export async function doctor(): Promise<Diagnosis> {
  const tried = await Promise.all(
    CHECKS.map(async ({ attempt, ...check }): Promise<Finding> => {
      const outcome = await attempt()
      const lacking = check.required && outcome.status === 'absent'
      return { ...check, ...outcome, ...(lacking && { status: 'broken', reason: 'not installed' }) }
    }),
  )
  const addon = tried[0].status === 'works'
  return {
    healthy: tried.every(({ status }) => status !== 'broken'),
    versions: versions(),
    platform: [`${process.platform}-${process.arch}`, libc()].filter(Boolean).join(', '),
    ...(addon && { instructionSet: native().isa, devices: await devices() }),
    findings: tried,
  }
}

/** What is looked at, in this order; the addon first. */
const CHECKS: (Pick<Finding, 'name' | 'use' | 'required'> & { attempt: () => Promise<Outcome> })[] = [
  { name: 'addon', use: 'flow, features, graphs, communities, selection', required: true, attempt: tryAddon },
  { name: 'libjpeg-turbo', use: 'Motion JPEG clips, JPEG images', required: true, attempt: tryJpeg },
  { name: 'onnxruntime-node', use: 'students, encoders', required: true, attempt: tryOnnxRuntime },
  { name: 'ffmpeg', use: 'clips of other formats than Motion JPEG', required: false, attempt: tryFfmpeg },
  {
    name: 'opencv4nodejs',
    use: 'its Mat as frames and flow',
    required: false,
    attempt: () => tryPackage('opencv4nodejs', 'npm install opencv4nodejs@npm:@u4/opencv4nodejs@7'),
  },
  {
    name: 'usearch',
    use: 'approximate neighbours of large sets',
    required: false,
    attempt: () => tryPackage('usearch', 'npm install usearch@2'),
  },
  {
    name: 'hyparquet',
    use: 'embeddings in Parquet',
    required: false,
    attempt: () => tryPackage('hyparquet', 'npm install hyparquet'),
  },
]

async function tryAddon(): Promise<Outcome> {
  try {
    native()
    return { status: 'works', version: versions().infomotion }
  } catch (error) {
    return { status: 'broken', reason: (error as Error).message }
  }
}

async function tryJpeg(): Promise<Outcome> {
  try {
    const pixels = new Uint8Array(64).fill(128)
    const [jpeg] = await encodeJpegs({ pixels, width: 8, height: 8, channels: 1, quality: 90 })
    const [grey] = (await decodeJpeg(jpeg)).pixels
    if (grey !== 128) return { status: 'broken', reason: `grey 128 came back as ${grey}` }
    return { status: 'works', version: native().jpegLibrary }
  } catch (error) {
    return { status: 'broken', reason: firstLine(error) }
  }
}

async function tryOnnxRuntime(): Promise<Outcome> {
  const g = new GraphBuilder('doctor')
  g.output(g.node('Relu', [g.input('x', [2])], {}, 'y'))
  try {
    const x = { type: 'float32' as const, data: Float32Array.of(-1, 1), dims: [2] }
    const { y } = await withSession(encodeModel(g.build()), [], (session) => session.run({ x }))
    if (y.data[0] !== 0 || y.data[1] !== 1) return { status: 'broken', reason: `Relu gave ${y.data}` }
    return { status: 'works', version: packageVersion('onnxruntime-node') }
  } catch (error) {
    const absent =
      error instanceof InfomotionError && error.code === 'ONNXRUNTIME_MISSING' && !found('onnxruntime-node')
    const cure = 'ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node'
    return { status: absent ? 'absent' : 'broken', cure, ...(!absent && { reason: firstLine(error) }) }
  }
}

/** Versions differ in what they can be told: it decodes two frames as it would any clip. */
async function tryFfmpeg(): Promise<Outcome> {
  const luma = Uint8Array.from({ length: 2 * 64 }, (_, i) => 2 * i)
  const marked = (frame: number) => [Buffer.from('FRAME\n'), luma.subarray(64 * frame, 64 * (frame + 1))]
  const clip = Buffer.concat([Buffer.from('YUV4MPEG2 W8 H8 F25:1 Ip A1:1 Cmono\n'), ...marked(0), ...marked(1)])
  let version: string | undefined
  try {
    version = await ffmpegVersion()
    const source = await sourceOf(clip, { name: 'a clip of two frames' })
    const { frames, fps } = await decodeWithFfmpeg(source, { signal: AbortSignal.timeout(30_000) })
    if (fps !== 25 || Buffer.compare(frames, luma) !== 0)
      return { status: 'broken', version, reason: 'two grey frames came back as others', cure: FFMPEG_CURE }
    return { status: 'works', version }
  } catch (error) {
    const absent = (error as NodeJS.ErrnoException).code === 'ENOENT' && !process.env.FFMPEG_PATH
    const reason = error instanceof InfomotionError && error.code === 'ABORTED' ? 'it does not end' : firstLine(error)
    return { status: absent ? 'absent' : 'broken', version, cure: FFMPEG_CURE, ...(!absent && { reason }) }
  }
}

/** A package that users may install beside this one, loaded in a process of its own: what it says or does there stays there. */
async function tryPackage(name: string, cure: string): Promise<Outcome> {
  const path = found(name)
  if (!path) return { status: 'absent', cure }
  try {
    await promisify(execFile)(process.execPath, ['-e', `require(${JSON.stringify(path)})`], { timeout: 30_000 })
    return { status: 'works', version: packageVersion(name) }
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string }
    const said = stderr?.split('\n').find((line) => /Error/.test(line)) ?? message
    return { status: 'broken', version: packageVersion(name), reason: said.trim(), cure }
  }
}

function found(name: string): string | undefined {
  try {
    return require.resolve(name)
  } catch {
    return undefined
  }
}

function packageVersion(name: string): string | undefined {
  try {
    return (require(`${name}/package.json`) as { version: string }).version
  } catch {
    return undefined // one that does not export its package.json
  }
}

const firstLine = (error: unknown) => (error instanceof Error ? error.message : String(error)).split('\n')[0]
