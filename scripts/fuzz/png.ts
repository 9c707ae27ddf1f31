import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { readLuma } from '#lib/video/images.js'
import { pythonPeer } from '../bench/support.js'

// `npm run fuzz:png -- [--runs N] [--seed S]`: PNG files of every colour type, depth, filter and interlacing, read by this
// package and by Pillow (PyPI, in a cache of its own). Ends with status 1 where grey levels are apart by more than rounding;
// the file lies in build/fuzz/ then.

/** Ours are whole levels; of 16-bit colour Pillow takes the upper byte, where ours are rounded. */
const MAX_APART = 0.75
const MAX_APART_OF_16_BITS = 1.75

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const { values } = parseArgs({
  options: { runs: { type: 'string', default: '2000' }, seed: { type: 'string', default: '1' } },
})
const python = await pythonPeer(['pillow==11.3.0'])
if (!python) {
  console.error('No Python, or no Pillow to be had: nothing was compared.')
  process.exit(1)
}
const folder = mkdtempSync(join(tmpdir(), 'infomotion-png-'))
try {
  const runs = Number(values.runs)
  execFileSync(python, [join(root, 'scripts', 'fuzz', 'png_peer.py'), folder, String(runs), values.seed], {
    stdio: 'inherit',
  })
  let [largest, failures] = [0, 0]
  for (let number = 0; number < runs; number++) {
    const path = join(folder, `${number}.png`)
    const expected = readFileSync(join(folder, `${number}.grey`))
    const [width, height] = [expected.readUInt32LE(0), expected.readUInt32LE(4)]
    const limit = readFileSync(path)[24] === 16 ? MAX_APART_OF_16_BITS : MAX_APART
    let apart = Number.POSITIVE_INFINITY
    let why = ''
    try {
      const found = await readLuma(path)
      why = `${found.width} x ${found.height}, not ${width} x ${height}`
      if (found.width === width && found.height === height)
        apart = Math.max(...Array.from(found.pixels, (level, i) => Math.abs(level - expected.readDoubleLE(8 + 8 * i))))
    } catch (error) {
      why = (error as Error).message
    }
    if (apart > limit) {
      failures++
      mkdirSync(join(root, 'build', 'fuzz'), { recursive: true })
      copyFileSync(path, join(root, 'build', 'fuzz', `png-${values.seed}-${number}.png`))
      console.error(`FAILED ${number}.png: ${Number.isFinite(apart) ? `${apart} levels apart` : why}`)
    } else largest = Math.max(largest, apart)
  }
  console.log(`${runs} files read by both, at most ${largest.toFixed(2)} grey levels apart; ${failures} failed`)
  process.exitCode = failures > 0 || runs === 0 ? 1 : 0
} finally {
  rmSync(folder, { recursive: true, force: true })
}
