// Builds, then runs a program: `node scripts/run.mjs FOLDER[/NAME] [OPTIONS]`. It is scripts/FOLDER/NAME.ts, compiled, or
// scripts/FOLDER/NAME.mjs; NAME is main where it is left out. The npm scripts name what there is, and so does README.md here.
// What the build says goes to stderr: stdout is the program's alone (`npm run bench:flow -- --json`).
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { build, root } from './build.mjs'

process.env.ORT_DISABLE_TELEMETRY ??= '1' // see lib/runtime/onnx-host.ts; some peers of the benchmarks are ONNX Runtime itself
/** V8's young generation grows by tens of MiB over thousands of clips; kept small, what a call leaves behind shows. */
const FLAGS = { soak: ['--max-semi-space-size=2'] }
const [name = '', ...rest] = process.argv.slice(2)
const program = name.includes('/') ? name : `${name}/main`
const plain = existsSync(join(root, 'scripts', `${program}.mjs`))
if (!plain && !existsSync(join(root, 'scripts', `${program}.ts`))) {
  console.error(`Expected FOLDER or FOLDER/NAME, a program of scripts/ (see scripts/README.md), got ${name || 'none'}.`)
  process.exit(2)
}
await build('addon', 'library')
if (!plain) await build('tests')
const file = plain ? `scripts/${program}.mjs` : `build/test/scripts/${program}.js`
const { status } = spawnSync(process.execPath, [...(FLAGS[name] ?? []), file, ...rest], { cwd: root, stdio: 'inherit' })
process.exitCode = status ?? 1
