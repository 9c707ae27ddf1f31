// Kills runs at random moments and lets them go on: `npm run kill -- [--kills 100] [--seed 1] [--clips 200]`.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const run = (command, ...args) => {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
run('npm', 'run', '--silent', 'compile')
run('node_modules/.bin/tsc', '-p', 'test/tsconfig.json')
run(process.execPath, 'build/test/scripts/kill/main.js', ...process.argv.slice(2))
