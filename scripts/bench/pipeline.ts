import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { distill, writePhantom } from 'infomotion'
import { cpuSeconds, options, type Row, report } from './support.js'

// The whole way on phantom clips, cold cache, then the same again from the cache: CPU seconds of all threads.
const { quick, full } = options()
const [train, test] = quick ? [25, 15] : full ? [400, 200] : [100, 50]
const folder = mkdtempSync(join(tmpdir(), 'infomotion-bench-'))
const reason =
  'no other package goes the whole way; its stages have peers in bench:flow, :features, :infomap, :training'
try {
  const data = join(folder, 'phantom')
  await writePhantom(data, { train, test, seed: 1 })
  const rows: Row[] = []
  for (const name of ['cold', 'cached']) {
    let quality: Row['quality'] = {}
    const ours = await cpuSeconds(async () => {
      const { evaluation, selected } = await distill(data, { out: join(folder, 'out'), vpc: 5, synthesize: 'none' })
      const [infomap] = evaluation!.rows
      quality = {
        selected,
        balancedAccuracy: infomap.balancedAccuracy.mean,
        differenceToRandom: infomap.differenceToRandom!.mean,
      }
    })
    const unit = `s CPU for ${train + test} clips`
    rows.push({ name: `distill, ${name}`, ours, peer: null, peerName: 'none', unit, ratio: null, quality, reason })
  }
  report(rows, {})
} finally {
  rmSync(folder, { recursive: true, force: true })
}
