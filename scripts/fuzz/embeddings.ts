import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { readEmbeddings } from 'infomotion'
import { pythonPeer } from '../bench/support.js'

// `npm run fuzz:embeddings -- [--runs N] [--seed S]`: embeddings as NumPy, pandas and pyarrow (PyPI, in a cache of their own)
// write them: types, orders, versions, separators, encodings, nestings, codecs, pages. Read by this package they must be the
// same float32 values and ids. Ends with status 1 where they are not; the file lies in build/fuzz/ then.

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const { values } = parseArgs({
  options: { runs: { type: 'string', default: '600' }, seed: { type: 'string', default: '1' } },
})
const python = await pythonPeer(['numpy==1.26.4', 'pandas==2.2.3', 'pyarrow==17.0.0'])
if (!python) {
  console.error('No Python, or no NumPy, pandas and pyarrow to be had: nothing was compared.')
  process.exit(1)
}
const folder = mkdtempSync(join(tmpdir(), 'infomotion-embeddings-'))
try {
  const runs = Number(values.runs)
  execFileSync(python, [join(root, 'scripts', 'fuzz', 'embeddings_peer.py'), folder, String(runs), values.seed], {
    stdio: 'inherit',
  })
  let failures = 0
  for (let number = 0; number < runs; number++) {
    const { file, rows, dim, ids } = JSON.parse(readFileSync(join(folder, `${number}.json`), 'utf8'))
    const why = await differenceOf(join(folder, file), rows, dim, ids, readFileSync(join(folder, `${number}.f32`)))
    if (why === undefined) continue
    failures++
    mkdirSync(join(root, 'build', 'fuzz'), { recursive: true })
    copyFileSync(join(folder, file), join(root, 'build', 'fuzz', `embeddings-${values.seed}-${file}`))
    console.error(`FAILED ${file}: ${why}`)
  }
  console.log(`${runs} files read by both, the same float32 values and ids in ${runs - failures}; ${failures} failed`)
  process.exitCode = failures > 0 || runs === 0 ? 1 : 0
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** What is read otherwise than it was written, in words. */
async function differenceOf(path: string, rows: number, dim: number, ids: string[] | null, expected: Buffer) {
  try {
    const { features, ids: found } = await readEmbeddings(path)
    if (features.rows !== rows || features.dim !== dim)
      return `${features.rows} x ${features.dim}, not ${rows} x ${dim}`
    if (JSON.stringify(found ?? null) !== JSON.stringify(ids)) return `ids ${JSON.stringify(found?.slice(0, 3))}`
    const at = features.values.findIndex((value, i) => !Object.is(value, expected.readFloatLE(4 * i)))
    return at < 0 ? undefined : `value ${at} is ${features.values[at]}, not ${expected.readFloatLE(4 * at)}`
  } catch (error) {
    return (error as Error).message
  }
}
