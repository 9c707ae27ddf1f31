import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { root } from './support.js'

/** The text of every source file below a folder. */
function sources(folder: string, ending: RegExp): string {
  const files = readdirSync(join(root, folder), { recursive: true }).map(String)
  return files
    .filter((file) => ending.test(file))
    .map((file) => readFileSync(join(root, folder, file), 'utf8'))
    .join('\n')
}

t.test('docs/errors.md lists exactly the codes that the sources throw, and each is tested', async (t) => {
  const code = /(?:new InfomotionError|Status::error|Error)\(\s*['"]([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)['"]/g
  const native = ['native/core', 'native/node', 'native/cuda'].filter((folder) => existsSync(join(root, folder)))
  const text = sources('lib', /\.ts$/) + native.map((folder) => sources(folder, /\.(cc|cu|h)$/)).join('\n')
  const thrown = new Set([...text.matchAll(code)].map(([, name]) => name))
  thrown.add('ABORTED').add('INVALID_ARGUMENT')
  const page = readFileSync(join(root, 'docs/errors.md'), 'utf8')
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| (.*) \| (.*) \|$/gm)]
  const listed = rows.map(([, name]) => name)
  t.same([...thrown].filter((name) => !listed.includes(name)).sort(), [], 'every code is listed')
  t.same(listed.filter((name) => !thrown.has(name)).sort(), [], 'no code is listed that nobody throws')
  t.same(
    rows.filter(([, , cause, cure]) => !cause || !cure).map(([, name]) => name),
    [],
    'each with its cause and cure',
  )
  t.equal(new Set(listed).size, listed.length, 'once')
  const tests = sources('test', /\.test\.ts$|^bad-input.*\.ts$|^process.*\.ts$/) + sources('native/test', /\.cc$/)
  const untested = listed.filter((name) => !new RegExp(`(?<![A-Z_])${name}(?![A-Z_])`).test(tests))
  t.same(untested, [], 'each is provoked by a test')
})

t.test('README: every command and entry it names is there', async (t) => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const { exports, scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  for (const [, entry] of readme.matchAll(/from 'infomotion(\/\w+)?'/g))
    t.ok(exports[`.${entry ?? ''}`], `infomotion${entry ?? ''}`)
  for (const [, script] of readme.matchAll(/npm run ([\w:-]+)/g)) t.ok(scripts[script], `npm run ${script}`)
  const commands = readdirSync(join(root, 'lib/cli')).map((file) => file.replace('.ts', ''))
  for (const [, command] of readme.matchAll(/`infomotion (\w+) /g))
    t.ok(commands.includes(command), `infomotion ${command}`)
})

t.test('scripts/README.md names every npm script, and what lies in scripts/', async (t) => {
  const page = readFileSync(join(root, 'scripts/README.md'), 'utf8')
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const named = new Set(
    [...page.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code.replace(/^npm (run )?/, '').split(' ')[0]),
  )
  t.same(
    Object.keys(scripts).filter((name) => !named.has(name)),
    [],
    'every npm script',
  )
  for (const [, name] of page.matchAll(/npm run ([\w:-]+)/g)) t.ok(scripts[name], `npm run ${name}`)
  const entries = readdirSync(join(root, 'scripts')).filter((name) => name !== 'README.md')
  t.same(
    entries.filter((name) => !new RegExp(`[\`/]${name.replace('.', '\\.')}`).test(page)),
    [],
    'every file and folder',
  )
  for (const command of Object.values<string>(scripts))
    for (const [file] of command.matchAll(/scripts\/[\w/.-]+/g)) t.ok(existsSync(join(root, file)), file)
})
