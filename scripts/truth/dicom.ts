import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { InfomotionError } from '#lib/runtime/errors.js'
import { readClip } from '#lib/video/index.js'
import { pythonPeer } from '../bench/support.js'

// `npm run truth:dicom`: pydicom's own test files (PyPI), read by this package and by pydicom. Says how many both read, and how
// far they are apart; which only one reads, and why the other does not. Ends with status 1 where grey levels are apart.

/** Whole levels here, parts of levels there; JPEGs of 12 bits differ by one of their own levels besides. */
const MAX_APART = 1.5

/** Known to be apart: what pydicom clips to red, green and blue before it is luma. */
const CLIPPED = ['SC_rgb_jpeg.dcm']

const PACKAGES = ['pydicom==3.0.2', 'numpy', 'pillow', 'pylibjpeg', 'pylibjpeg-libjpeg', 'pylibjpeg-openjpeg']

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const python = await pythonPeer([...PACKAGES, 'pylibjpeg-rle', 'pyjpegls'])
if (!python) {
  console.error('No Python, or no pydicom to be had: nothing was compared.')
  process.exit(1)
}
const folder = mkdtempSync(join(tmpdir(), 'infomotion-dicom-'))
const tally = { 'read by both': 0, 'refused by both': 0, 'read here only': 0, 'read there only': 0, apart: 0 }
try {
  const out = execFileSync(python, [join(root, 'scripts', 'truth', 'dicom_peer.py'), folder], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  })
  for (const [number, line] of out.trim().split('\n').entries()) {
    const { path, shape, refused } = JSON.parse(line)
    const tell = (kind: keyof typeof tally, why: string) => {
      tally[kind]++
      if (kind !== 'read by both' && kind !== 'refused by both') console.log(`${kind}: ${basename(path)}: ${why}`)
    }
    const ours = await readClip(path).catch((error: InfomotionError) => error)
    if (ours instanceof Error) {
      tell(shape ? 'read there only' : 'refused by both', `${ours.message.replace(path, 'it')} (${ours.code})`)
      continue
    }
    if (!shape) {
      tell('read here only', refused)
      continue
    }
    const bytes = Uint8Array.from(readFileSync(join(folder, `${number}.luma`)))
    const theirs = new Float32Array(bytes.buffer)
    const isSameShape = `${[ours.count, ours.height, ours.width]}` === `${shape}`
    const most = isSameShape
      ? ours.frames.reduce((most, level, i) => Math.max(most, Math.abs(level - theirs[i])), 0)
      : 255
    const isApart = most > MAX_APART && !CLIPPED.includes(basename(path))
    tell(isApart ? 'apart' : 'read by both', `${most.toFixed(2)} levels`)
  }
  console.log(
    Object.entries(tally)
      .map(([kind, files]) => `${files} ${kind}`)
      .join(', '),
  )
  process.exitCode = tally.apart > 0 || tally['read by both'] === 0 ? 1 : 0
} finally {
  rmSync(folder, { recursive: true, force: true })
}
