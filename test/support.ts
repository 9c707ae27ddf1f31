import { type ExecFileOptions, execFile, execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { Clip } from '#lib/dataset/types.js'
import { walkAvi } from '#lib/video/avi.js'
import { encodeJpegs } from '#lib/video/jpeg.js'

/** The repository's root (the tests run compiled, from build/test/test/). */
export const root = fileURLToPath(new URL('../../../', import.meta.url))

/** A file of test/fixtures/. */
export const fixture = (...parts: string[]) => join(root, 'test', 'fixtures', ...parts)

/**
 * A file of the reference data that may not be packaged (`../shared/reference`, or INFOMOTION_REFERENCE), or undefined
 * where it is absent: tests then call `t.skip` through {@link needs}.
 */
export function reference(...parts: string[]): string | undefined {
  const path = join(process.env.INFOMOTION_REFERENCE ?? join(root, '..', 'shared', 'reference'), ...parts)
  return existsSync(path) ? path : undefined
}

/** Why a test cannot run here, as tap's options: loud, and fatal in CI (scripts/test/main.mjs counts and names skips). */
export function needs(present: unknown, what: string): { skip?: string } {
  return present ? {} : { skip: `needs ${what}` }
}

/** Whether ffmpeg can be run. */
export const hasFfmpeg = () => spawnSync('ffmpeg', ['-version']).status === 0

/** The frames of a file's first video stream as ffmpeg gives them, one after the other, as full-range luma. */
export function byFfmpeg(path: string): Buffer {
  const output = ['-map', '0:v:0', '-fps_mode', 'passthrough', '-pix_fmt', 'gray', '-f', 'rawvideo', '-']
  return spawnSync('ffmpeg', ['-v', 'error', '-i', path, ...output], { maxBuffer: 2 ** 28 }).stdout
}

/** How far grey levels lie apart: infinitely where there are not as many. */
export function apart(a: Uint8Array, b: Uint8Array): { most: number; mean: number } {
  if (a.length !== b.length) return { most: Number.POSITIVE_INFINITY, mean: Number.POSITIVE_INFINITY }
  let [most, sum] = [0, 0]
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i])
    most = Math.max(most, difference)
    sum += difference
  }
  return { most, mean: sum / a.length }
}

/** The ffmpeg that is run where a test puts a script in its place. */
const realFfmpeg = () => execFileSync('sh', ['-c', 'command -v ffmpeg'], { encoding: 'utf8' }).trim()

/**
 * Sets FFMPEG_PATH to a script for the duration of a test; "$@" are its arguments, "$real" is ffmpeg. Asked for its version it
 * says `version`, or its own.
 */
export function asFfmpeg(t: Test, lines: string, version?: string): void {
  const path = join(temporary(t), 'ffmpeg')
  const says = version ? `echo ffmpeg version ${version} Copyright` : 'exec "$real" -version'
  writeFileSync(path, `#!/bin/bash\nreal=${realFfmpeg()}\nif [ "$1" = -version ]; then ${says}; exit; fi\n${lines}\n`, {
    mode: 0o755,
  })
  setFfmpeg(t, path)
}

/** Sets FFMPEG_PATH for the duration of a test. */
export function setFfmpeg(t: Test, path: string): void {
  const before = process.env.FFMPEG_PATH
  process.env.FFMPEG_PATH = path
  t.teardown(() => {
    if (before === undefined) delete process.env.FFMPEG_PATH
    else process.env.FFMPEG_PATH = before
  })
}

/** Makes a film with ffmpeg: a test picture that moves. */
export function film(
  path: string,
  options = '-c:v libx264 -pix_fmt yuv420p',
  { frames = 40, input = 'rate=25' } = {},
): string {
  const source = `-f lavfi -i testsrc=size=96x64:${input} -frames:v ${frames}`
  mkdirSync(dirname(path), { recursive: true })
  execFileSync('ffmpeg', `-v error -y ${source} ${options}`.split(' ').concat(path))
  return path
}

/** Equal bytes: a comparison that does not print a million numbers. */
export const equalBytes = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0

/** A clip of waves that move `speed` pixels a frame. */
export function waves(count: number, width = 48, height = 32, speed = 1) {
  const frames = new Uint8Array(count * width * height)
  for (let f = 0, i = 0; f < count; f++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) frames[i++] = 128 + 90 * Math.sin((x + speed * f) / 6) * Math.cos(y / 9)
  return { frames, count, width, height }
}

/** A grey JPEG of its own. */
export async function greyJpeg(pixels: Uint8Array, width: number, height: number, quality = 90): Promise<Buffer> {
  return Buffer.from((await encodeJpegs({ pixels, width, height, channels: 1, quality }))[0])
}

/** Where the frames of an AVI lie in it. */
export async function chunksIn(file: Buffer): Promise<{ start: number; end: number }[]> {
  const { chunks } = await walkAvi(file)
  return Array.from({ length: chunks.length / 2 }, (_, i) => ({ start: chunks[2 * i], end: chunks[2 * i + 1] }))
}

/** The only TRAIN clip of its class and group. */
export const clipOf = (path: string, id = path): Clip => ({
  ...{ id, path, label: 'a', classIndex: 0, split: 'train', group: id },
})

/** The command line, as it ships. */
export const cli = join(root, 'dist/cli.js')

/** Runs the command line: exit status (or the signal it died of), stdout, stderr. */
export function infomotion(
  args: string[],
  env = {},
  options: ExecFileOptions = {},
): Promise<{ status: number | string; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [cli, ...args],
      { env: { ...process.env, ...env }, maxBuffer: 2 ** 26, ...options, encoding: 'utf8' },
      (error, out, err) => resolve({ status: error ? (error.code ?? error.signal ?? -1) : 0, out, err }),
    )
  })
}

/** A fresh folder, removed at the test's end. */
export function temporary(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'infomotion-test-'))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** Writes files, empty ones where only the name is given. Returns `root`. */
export function lay(root: string, files: Record<string, string | Buffer>): string {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), content)
  }
  return root
}
