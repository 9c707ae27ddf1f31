// Runs one benchmark of scripts/bench/: `npm run bench:flow -- [--json] [--quick | --full]`.
// With --json stdout is the one JSON document; what the build says goes to stderr.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

process.env.ORT_DISABLE_TELEMETRY ??= '1' // see lib/runtime/onnx-host.ts; some peers are ONNX Runtime itself
const [name, ...rest] = process.argv.slice(2)
const root = fileURLToPath(new URL('..', import.meta.url))
const run = (command, args, stdout) => {
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', stdout, 'inherit'] })
  if (status !== 0) process.exit(status ?? 1)
}
run('npm', ['run', '--silent', 'compile'], process.stderr)
run('node_modules/.bin/tsc', ['-p', 'test/tsconfig.json'], process.stderr)
run(process.execPath, [`build/test/scripts/bench/${name}.js`, ...rest], 'inherit')
