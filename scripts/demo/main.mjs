// `npm run demo`: writes a phantom echo data set, distils it to 5 clips a class, trains and evaluates a student on
// them, and writes the report. Everything lands in demo/ and comes from a seed.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('../..', import.meta.url)))
const started = Date.now()
const infomotion = (...args) => {
  console.error(`$ infomotion ${args.join(' ')}`)
  const { status } = spawnSync(process.execPath, ['dist/cli.js', ...args], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
infomotion('phantom', 'demo/phantom', '--train', '200', '--test', '100', '--seed', '1')
infomotion('distill', 'demo/phantom', '--out', 'demo/distilled', '--vpc', '5')
console.error(`demo done in ${((Date.now() - started) / 1000).toFixed(0)} s; open demo/distilled/report.html`)
