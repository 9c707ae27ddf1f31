import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { readClip } from 'infomotion'
import { decodeNpy } from '#lib/run/npy.js'
import { pythonPeer } from '../bench/support.js'

// `npm run fuzz:nifti -- [--runs N] [--seed S]`: NIfTI files of every type, byte order, version and scale, written and read by
// nibabel (PyPI, in a cache of its own), and read by this package. Ends with status 1 where grey levels are apart by more than
// rounding; the file lies in build/fuzz/ then.

const MAX_APART = 0.51

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const { values } = parseArgs({
  options: { runs: { type: 'string', default: '500' }, seed: { type: 'string', default: '1' } },
})
const python = await pythonPeer(['numpy==2.2.6', 'nibabel==5.3.2'])
if (!python) {
  console.error('No Python, or no nibabel to be had: nothing was compared.')
  process.exit(1)
}

/** What the grey levels of numbers should be, as docs/formats.md says. `whole`: the type is one of whole numbers. */
function greyOf(numbers: Float64Array, whole: boolean, bytes: boolean): number[] {
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)]
  if (bytes || (low >= 0 && high <= 255 && (whole || high > 1))) return Array.from(numbers)
  if (!whole && low >= 0 && high <= 1) return Array.from(numbers, (value) => 255 * value)
  const integers = whole && low >= 0 && numbers.every(Number.isInteger)
  const [black, white] = integers ? [0, 2 ** Math.ceil(Math.log2(high + 1)) - 1] : [low, high]
  return Array.from(numbers, (value) => (white > black ? (255 * (value - black)) / (white - black) : 0))
}

const folder = mkdtempSync(join(tmpdir(), 'infomotion-nifti-'))
try {
  const runs = Number(values.runs)
  const peer = join(root, 'scripts', 'fuzz', 'nifti_peer.py')
  execFileSync(python, [peer, folder, String(runs), values.seed], { stdio: 'inherit' })
  let [largest, failures] = [0, 0]
  for (let number = 0; number < runs; number++) {
    const name = existsSync(join(folder, `${number}.nii`)) ? `${number}.nii` : `${number}.nii.gz`
    const { data, shape } = decodeNpy(readFileSync(join(folder, `${number}.npy`)))
    let apart = Number.POSITIVE_INFINITY
    let why = ''
    try {
      const clip = await readClip(join(folder, name), { fps: 30 })
      why = `${clip.count} frames of ${clip.width} x ${clip.height}, not ${shape}`
      if (`${[clip.count, clip.height, clip.width]}` === `${shape}`) {
        const kinds = [true, false].flatMap((whole) =>
          [true, false].map((bytes) => greyOf(data as Float64Array, whole, bytes)),
        )
        // the type is not in the .npy: one of the rules must hold for the whole clip
        const off = (grey: number[]) =>
          Math.max(...grey.map((g, i) => Math.abs(Math.min(Math.max(g, 0), 255) - clip.frames[i])))
        apart = Math.min(...kinds.map(off))
      }
    } catch (error) {
      why = (error as Error).message
    }
    if (apart > MAX_APART) {
      failures++
      mkdirSync(join(root, 'build', 'fuzz'), { recursive: true })
      copyFileSync(join(folder, name), join(root, 'build', 'fuzz', `nifti-${values.seed}-${name}`))
      console.error(`FAILED ${name}: ${Number.isFinite(apart) ? `${apart} levels apart` : why}`)
    } else largest = Math.max(largest, apart)
  }
  console.log(`${runs} files read by both, at most ${largest.toFixed(2)} grey levels apart; ${failures} failed`)
  process.exitCode = failures > 0 || runs === 0 ? 1 : 0
} finally {
  rmSync(folder, { recursive: true, force: true })
}
