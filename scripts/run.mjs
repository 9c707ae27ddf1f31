// Builds, then runs a program of scripts/NAME/: `npm run fuzz`, `npm run kill`, each with its options (see its main.ts).
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** V8's young generation grows by tens of MiB over thousands of clips; kept small, what a call leaves behind shows. */
const FLAGS = { soak: ['--max-semi-space-size=2'] }
const [name, ...rest] = process.argv.slice(2)
const root = fileURLToPath(new URL('..', import.meta.url))
const run = (command, ...args) => {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
run('npm', 'run', '--silent', 'compile')
run('node_modules/.bin/tsc', '-p', 'test/tsconfig.json')
run(process.execPath, ...(FLAGS[name] ?? []), `build/test/scripts/${name}/main.js`, ...rest)
