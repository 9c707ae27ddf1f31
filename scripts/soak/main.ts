import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { soakClips } from './clips.js'
import { soak } from './soak.js'

// `npm run soak -- [--clips 10000] [--warm-up 2000] [--sessions 200] [--reads 2000] [--outside 600] [--bound 32]`: resident
// memory over many small clips (and an ONNX session after each --sessions of them; 0: none), then over --reads reads of a clip
// of each format and --outside of those that ffmpeg decodes, once warm may not grow by more than --bound MiB from the first
// half to the second.
const { values } = parseArgs({
  options: {
    clips: { type: 'string', default: '10000' },
    'warm-up': { type: 'string', default: '2000' },
    sessions: { type: 'string', default: '200' },
    reads: { type: 'string', default: '2000' },
    outside: { type: 'string', default: '600' },
    bound: { type: 'string', default: '32' },
  },
})
const number = (name: keyof typeof values) => Number(values[name])
const folder = mkdtempSync(join(tmpdir(), 'infomotion-soak-'))
try {
  const [clips, reads, outside] = [number('clips'), number('reads'), number('outside')]
  const given = { clips, warmUp: number('warm-up'), sessionEvery: number('sessions') }
  if (clips > 0) tell(`${clips} clips`, await soak(join(folder, 'clip.avi'), given))
  if (reads > 0) tell(`${reads} reads of each format`, await soakClips(folder, { reads, outside }))
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function tell(what: string, { first, second }: { first: number; second: number }): void {
  console.log(`${what}: at most ${first.toFixed(1)} MiB in the first half, ${second.toFixed(1)} in the second`)
  const grown = second - first
  if (grown < number('bound')) return
  console.error(`grew by ${grown.toFixed(1)} MiB, where ${values.bound} are allowed`)
  process.exitCode = 1
}
