// Feeds mutated files to the readers: `npm run fuzz -- [--runs 1000000] [--seed 1] [--target avi|csv|network|onnx|npy|flo]`.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const run = (command, ...args) => {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
run('npm', 'run', '--silent', 'compile')
run('node_modules/.bin/tsc', '-p', 'test/tsconfig.json')
run(process.execPath, 'build/test/scripts/fuzz/main.js', ...process.argv.slice(2))
