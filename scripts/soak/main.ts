import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { soak } from './soak.js'

// `npm run soak -- [--clips 10000] [--warm-up 2000] [--sessions 200] [--bound 32]`: resident memory over many small clips
// (and an ONNX session after each --sessions of them; 0: none) once warm
// may not grow by more than --bound MiB from the first half of the clips to the second.
const { values } = parseArgs({
  options: {
    clips: { type: 'string', default: '10000' },
    'warm-up': { type: 'string', default: '2000' },
    sessions: { type: 'string', default: '200' },
    bound: { type: 'string', default: '32' },
  },
})
const [clips, warmUp, sessionEvery, bound] = [values.clips, values['warm-up'], values.sessions, values.bound].map(
  Number,
)
const folder = mkdtempSync(join(tmpdir(), 'infomotion-soak-'))
try {
  const { first, second } = await soak(join(folder, 'clip.avi'), { clips, warmUp, sessionEvery })
  const grown = second - first
  console.log(`${clips} clips: at most ${first.toFixed(1)} MiB in the first half, ${second.toFixed(1)} in the second`)
  if (!(grown < bound)) {
    console.error(`grew by ${grown.toFixed(1)} MiB, where ${bound} are allowed`)
    process.exitCode = 1
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
