// `npm run mutants:native -- [--only TEXT]`: how many of the faults in infomap.mjs the C++ tests of the map equation notice.
// Puts each into a copy of native/ (build/mutants/), builds core_test there and runs the tests whose names begin with
// "infomap". A mutant is killed by a test that fails, by a crash, or by tests that take ten times as long. Ends with
// status 1 where one survives. `--only` takes those whose file or text has TEXT in it.
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { MUTANTS } from './infomap.mjs'

process.chdir(fileURLToPath(new URL('../..', import.meta.url)))
const { only } = parseArgs({ options: { only: { type: 'string', default: '' } } }).values
const ROOT = 'build/mutants'
const SOURCES = join(ROOT, 'native')
const BUILD = join(ROOT, 'build')
const ENVIRONMENT = { ...process.env, INFOMOTION_FIXTURES: join(process.cwd(), 'test/fixtures') }

rmSync(SOURCES, { recursive: true, force: true })
mkdirSync(ROOT, { recursive: true })
cpSync('native', SOURCES, { recursive: true })
// Of the programs and tests only what is needed, and compiled twice as fast.
const list = JSON.parse(readFileSync(join(SOURCES, 'sources.json'), 'utf8'))
list.test = list.test.filter((file) => /main|infomap/.test(file))
Object.assign(list, { bench: [], opencv: [], cflags: list.cflags.map((f) => (f === '-O3' ? '-O1' : f)) })
writeFileSync(join(SOURCES, 'sources.json'), JSON.stringify(list))

const cache = spawnSync('ccache', ['--version']).status === 0 ? ['-DCMAKE_CXX_COMPILER_LAUNCHER=ccache'] : []
run('cmake', '-S', SOURCES, '-B', BUILD, '-DCMAKE_BUILD_TYPE=None', '--log-level=WARNING', ...cache)
build('the sources as they are')
const start = performance.now()
const unharmed = await test(600_000)
if (unharmed !== null) throw new Error(`The tests fail without a mutant: ${unharmed}`)
const limit = 10 * (performance.now() - start) + 10_000

const chosen = MUTANTS.filter(({ file, from, to }) => [file, from, to].some((text) => text.includes(only)))
let killed = 0
for (const [i, mutant] of chosen.entries()) {
  const path = join(SOURCES, 'core/infomap', mutant.file)
  const text = readFileSync(path, 'utf8')
  if (text.split(mutant.from).length !== 2) throw new Error(`${mutant.file} does not hold exactly once: ${mutant.from}`)
  writeFileSync(
    path,
    text.replace(mutant.from, () => mutant.to),
  )
  build(`${mutant.file}: ${mutant.to}`)
  const killer = await test(limit)
  writeFileSync(path, text)
  if (killer !== null) killed++
  const change = `${mutant.from} -> ${mutant.to}`.replace(/\s+/g, ' ')
  console.log(
    `${i + 1}/${chosen.length} ${killer === null ? 'SURVIVED' : 'killed'}  ${mutant.file}: ${change}  (${killer ?? ''})`,
  )
}
console.log(`${killed} of ${chosen.length} mutants killed: ${((100 * killed) / chosen.length).toFixed(0)} %`)
process.exitCode = killed === chosen.length ? 0 : 1

function build(what) {
  const { status, stdout } = spawnSync('cmake', ['--build', BUILD, '--parallel', '2', '--target', 'core_test'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (status !== 0) throw new Error(`Does not compile: ${what}\n${stdout.slice(-2000)}`)
}

/** The first test that fails; null: none does. */
function test(milliseconds) {
  return new Promise((resolve) => {
    const child = spawn(join(BUILD, 'core_test'), ['infomap'], {
      env: ENVIRONMENT,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    let killer = null
    const end = (reason) => {
      killer ??= reason
      child.kill('SIGKILL')
    }
    const timer = setTimeout(() => end('took ten times as long'), milliseconds)
    child.stdout.on('data', (data) => {
      output += data
      const failed = /^not ok \d+ - (.*)$/m.exec(output)
      if (failed) end(failed[1])
    })
    child.on('close', (status, signal) => {
      clearTimeout(timer)
      resolve(killer ?? (status === 0 ? null : `ended with ${signal ?? status}`))
    })
  })
}

function run(command, ...args) {
  const { status } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) process.exit(status || 1)
}
