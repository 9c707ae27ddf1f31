import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
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

t.test('docs/errors.md lists exactly the codes that the sources throw', async (t) => {
  const code = /(?:new InfomotionError|Status::error|Error)\(\s*['"]([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)['"]/g
  const text = sources('lib', /\.ts$/) + sources('native/core', /\.(cc|h)$/) + sources('native/node', /\.(cc|h)$/)
  const thrown = new Set([...text.matchAll(code)].map(([, name]) => name))
  thrown.add('ABORTED').add('INVALID_ARGUMENT')
  const listed = [...readFileSync(join(root, 'docs/errors.md'), 'utf8').matchAll(/^\| `([A-Z_]+)`/gm)].map(
    ([, name]) => name,
  )
  t.same([...thrown].filter((name) => !listed.includes(name)).sort(), [], 'every code is listed')
  t.same(listed.filter((name) => !thrown.has(name)).sort(), [], 'no code is listed that nobody throws')
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

t.test('README: the examples that need no data run', async (t) => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const examples = [...readme.matchAll(/^```js\n(.*?)^```/gms)].map(([, code]) => code)
  const alone = examples.filter((code) => !code.includes('EchoNet'))
  t.same([examples.length, alone.length], [3, 2])
  for (const code of alone)
    t.equal(
      execFileSync(process.execPath, ['--input-type=module', '--eval', code], { cwd: root, encoding: 'utf8' }),
      '',
    )
})
