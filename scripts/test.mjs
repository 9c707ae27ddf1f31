// `npm test`: builds everything and runs every test, TypeScript and C++ alike (test/native.test.ts runs the core's).
// `npm test -- flow infomap` runs the named files only. Skipped tests are named; INFOMOTION_NO_SKIP=1 makes them fail.
// The last line is "N passed, M failed[, K skipped]", counted from the TAP that the tests printed.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Parser } from 'tap-parser'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const output = 'build/test.tap'
const run = (command, ...args) => spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status
const must = (command, ...args) => {
  if (run(command, ...args) !== 0) process.exit(1)
}

must('npm', 'run', '--silent', 'compile')
rmSync('build/test', { recursive: true, force: true }) // a deleted test must not run on
rmSync('build/test.tsbuildinfo', { force: true })
must('node_modules/.bin/tsc', '-p', 'test/tsconfig.json')
must('cmake', '-S', 'native', '-B', 'build/core', '-DCMAKE_BUILD_TYPE=Release', '--log-level=WARNING')
must('cmake', '--build', 'build/core', '--parallel', '2')

const wanted = process.argv.slice(2)
const files = readdirSync('build/test/test', { recursive: true })
  .filter((file) => file.endsWith('.test.js'))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .map((file) => join('build/test/test', file))
  .sort()
mkdirSync('build', { recursive: true })
rmSync(output, { force: true })
const status = run('node_modules/.bin/tap', `--output-file=${output}`, ...files)

const asserts = Parser.parse(existsSync(output) ? readFileSync(output, 'utf8') : '', { flat: true })
  .filter(([event]) => event === 'assert')
  .map(([, result]) => result)
const skipped = asserts.filter(({ skip }) => skip)
const failed = asserts.filter(({ ok, skip, todo }) => !ok && !skip && !todo)
for (const { fullname, name, skip } of skipped)
  console.log(`SKIPPED ${[fullname, name].filter(Boolean).join(' > ')}: ${skip}`)
const passed = asserts.length - skipped.length - failed.length
const strict = process.env.INFOMOTION_NO_SKIP === '1' && skipped.length > 0
if (strict) console.log(`${skipped.length} tests were skipped where none may be (INFOMOTION_NO_SKIP=1)`)
console.log(`${passed} passed, ${failed.length} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`)
process.exitCode = status !== 0 || failed.length > 0 || passed === 0 || strict ? 1 : 0
