// Runs npm `@mapequation/infomap` (WebAssembly) on link lists: a peer of scripts/bench/infomap.ts, in a process of its
// own. `node infomap-peer.mjs FOLDER`: where the package is installed. One request a line, "seed d|u path"; answers
// JSON: CPU seconds of reading and searching (not of loading the module), the codelength, and by how much the peak
// memory has grown since the module was loaded. Two-level, one trial.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const { run } = createRequire(join(process.argv[2], 'index.js'))('@mapequation/infomap/node')

const ready = process.resourceUsage().maxRSS
for await (const line of createInterface({ input: process.stdin })) {
  const [, seed, direction, path] = /^(\d+) ([du]) (.*)$/.exec(line)
  const before = process.cpuUsage()
  const args = ['--two-level', '--silent', '--num-trials', '1', '--seed', seed, '-o', 'json']
  if (direction === 'd') args.push('--directed')
  const { json } = await run(readFileSync(path, 'utf8'), { args })
  const { user, system } = process.cpuUsage(before)
  const peakKilobytes = process.resourceUsage().maxRSS - ready
  const answer = { seconds: (user + system) / 1e6, codelength: json.codelength, peakKilobytes }
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
