// `npm run mutants -- [--sample 400] [--minutes 60] [--seed 1] [--jobs 2] [--rooms select,evaluate,dataset]`: what the tests
// of a room would not notice. Stryker's instrumenter puts every mutant (a + b -> a - b, an empty block, ...) of the rooms into
// one copy of lib/ in build/mutants/, behind a switch; that is compiled once, and the room's tests run once for each mutant of
// a seeded sample, with the switch set. Prints the survivors and the score, killed of tried; all of it is in
// build/mutants/report.json. Texts are left as they are: most are messages, whose wording no test should hold.
// Stryker is no dependency: 67 packages, installed outside the repository by the first run (the last version for Node 20).
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pMap from 'p-map'
import { build, root } from '../build.mjs'
import { fromRegistry } from '../registry.mjs'

/** The tests of a room, the quickest first: a mutant that one kills is not shown to the next. */
const TESTS = {
  select: ['select-weights', 'select', 'select-baselines', 'bad-input'],
  evaluate: ['evaluate'],
  dataset: ['dataset', 'bad-input', 'errors'],
}
const text = (value) => ({ type: 'string', default: value })
const { values } = parseArgs({
  options: {
    sample: text('400'),
    minutes: text('60'),
    seed: text('1'),
    jobs: text('2'),
    rooms: text(Object.keys(TESTS).join()),
  },
})
const [sample, minutes, seed, jobs] = [values.sample, values.minutes, values.seed, values.jobs].map(Number)
const rooms = values.rooms.split(',')
const unknown = rooms.filter((room) => !Object.hasOwn(TESTS, room))
if (unknown.length > 0 || ![sample, minutes, seed, jobs].every((value) => value > 0)) {
  console.error(
    `Expected --sample, --minutes, --seed, --jobs (numbers) and --rooms of ${Object.keys(TESTS).join(', ')}.`,
  )
  process.exit(2)
}
const started = performance.now()
const elapsed = () => (performance.now() - started) / 60_000
const folder = join(root, 'build', 'mutants')

await build('addon', 'library', 'tests')
const packages = fromRegistry('stryker', { '@stryker-mutator/instrumenter': '9.6.1' })
const { Instrumenter } = await import(join(packages, '@stryker-mutator/instrumenter/dist/src/index.js'))
copyProject()
const mutants = await instrument()
execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder, '--noCheck', '--incremental', 'false'], {
  stdio: 'inherit',
})

const limits = {}
for (const test of new Set(rooms.flatMap((room) => TESTS[room]))) {
  const { ended, seconds } = await runTest(test, undefined, 600)
  if (ended !== 'passed') throw new Error(`${test} fails without a mutant: see npm test -- ${test}`)
  limits[test] = 10 + 5 * seconds
}
const drawn = shuffled(mutants, seed).slice(0, sample)
console.log(`${mutants.length} mutants in ${rooms.join(', ')}; ${drawn.length} drawn (seed ${seed})`)
const tried = []
await pMap(drawn, tryMutant, { concurrency: jobs })
report()

async function tryMutant(mutant) {
  if (elapsed() > minutes) return
  let ended = 'survived'
  for (const test of TESTS[mutant.room]) {
    const run = await runTest(test, mutant.id, limits[test])
    if (run.ended === 'passed') continue
    ended = `${run.ended} by ${test}`
    break
  }
  tried.push({ ...mutant, ended })
  if (ended === 'survived') console.log(`SURVIVED ${said(mutant)}`)
}

function runTest(test, id, limit) {
  return new Promise((resolve) => {
    const begun = performance.now()
    const env = { ...process.env, TAP: '1', TAP_BAIL: '1', TAP_TIMEOUT: '600' }
    if (id !== undefined) env.__STRYKER_ACTIVE_MUTANT__ = id
    const file = join(folder, 'build/test/test', `${test}.test.js`)
    const child = spawn(process.execPath, [file], { cwd: folder, env, stdio: 'ignore', detached: true })
    let late = false
    const timer = setTimeout(() => {
      late = true
      process.kill(-child.pid, 'SIGKILL') // with what the test started
    }, 1000 * limit)
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({
        ended: late ? 'timed out' : code === 0 ? 'passed' : 'killed',
        seconds: (performance.now() - begun) / 1000,
      })
    })
  })
}

function report() {
  writeFileSync(join(folder, 'report.json'), JSON.stringify({ seed, mutants: mutants.length, tried }, null, 2))
  if (tried.length < drawn.length) console.log(`${drawn.length - tried.length} not tried within ${minutes} minutes`)
  for (const room of [...rooms, '']) {
    const all = tried.filter((mutant) => room === '' || mutant.room === room)
    const survived = all.filter(({ ended }) => ended === 'survived').length
    const score = ((100 * (all.length - survived)) / all.length).toFixed(1)
    console.log(`${room || 'all'}: ${all.length - survived} of ${all.length} killed, score ${score} %`)
  }
}

/** Where, which kind, and what stands there instead. */
function said({ file, line, column, kind, original, replacement }) {
  const short = (code) => (code.length > 60 ? `${code.slice(0, 57)}...` : code).replace(/\s+/g, ' ')
  return `${file}:${line}:${column} ${kind}: ${short(original)} -> ${short(replacement)}`
}

/** A copy of the project that its own tests find in place of this one. */
function copyProject() {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, 'build'), { recursive: true })
  for (const name of ['package.json', 'tsconfig.json', 'lib', 'build/test'])
    cpSync(join(root, name), join(folder, name), { recursive: true })
  for (const name of ['node_modules', 'models', 'test', 'docs', 'native', 'build/Release'])
    symlinkSync(join(root, name), join(folder, name))
}

/** Writes the rooms with all their mutants into the copy, and lists those. */
async function instrument() {
  const files = rooms.flatMap((room) =>
    readdirSync(join(folder, 'lib', room), { recursive: true })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join('lib', room, name)),
  )
  const sources = files.map((name) => ({ name, mutate: true, content: readFileSync(join(folder, name), 'utf8') }))
  const quiet = new Proxy({}, { get: () => () => false })
  const options = { plugins: null, ignorers: [], excludedMutations: ['StringLiteral'], noHeader: false }
  const done = await new Instrumenter(quiet).instrument(sources, options)
  for (const { name, content } of done.files) writeFileSync(join(folder, name), content)
  const originals = new Map(sources.map(({ name, content }) => [name, content.split('\n')]))
  return done.mutants
    .filter(({ status }) => status !== 'Ignored')
    .map(({ id, fileName, location: { start, end }, mutatorName, replacement }) => {
      const lines = originals.get(fileName).slice(start.line, end.line + 1)
      lines[lines.length - 1] = lines.at(-1).slice(0, end.column)
      lines[0] = lines[0].slice(start.column)
      const at = { file: fileName, line: start.line + 1, column: start.column + 1 }
      return { id, room: fileName.split('/')[1], ...at, kind: mutatorName, original: lines.join('\n'), replacement }
    })
}

/** Fisher and Yates's shuffle by xorshift32: the same sample for the same seed. */
function shuffled(items, seed) {
  const result = [...items]
  let state = seed >>> 0
  for (let i = result.length - 1; i > 0; i--) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    const j = (state >>> 0) % (i + 1)
    ;[result[i], result[j]] = [result[j], result[i]]
  }
  return result
}
