import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { pathToFileURL } from 'node:url'
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

const page = (file: string) => readFileSync(join(root, file), 'utf8')
const below = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true })
    .map((file) => join(folder, String(file)))
    .filter((file) => file.endsWith('.md') && !file.startsWith('docs/api'))

/** All that people read; docs/api is generated, and not in the repository. */
const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', ...below('docs'), ...below('models')]

/** Markdown without its code blocks. */
const prose = (text: string) => text.replace(/^```.*?^```/gms, '')

/** The anchor of a heading, as GitHub makes it. */
const anchor = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-')

t.test('every link of the documentation leads somewhere', async (t) => {
  const dead: string[] = []
  let links = 0
  for (const from of pages) {
    for (const [, link] of prose(page(from)).matchAll(/\]\(([^)\s]+)\)/g)) {
      links++
      if (/^https?:/.test(link)) continue
      const [path, fragment] = link.split('#')
      const target = path === '' ? from : normalize(join(dirname(from), path))
      const headings = () => [...prose(page(target)).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchor(heading))
      if (!existsSync(join(root, target)) || (fragment && !headings().includes(fragment))) dead.push(`${from}: ${link}`)
    }
  }
  t.same(dead, [])
  t.ok(links > 30, `${links} links`)
  const contents = page('docs/README.md')
  const missing = below('docs').filter((file) => file !== 'docs/README.md' && !contents.includes(`](${file.slice(5)})`))
  t.same(missing, [], 'docs/README.md lists every page')
})

t.test('README and CONTRIBUTING: every command, entry, script and path that they name is there', async (t) => {
  const { exports, scripts } = JSON.parse(page('package.json'))
  const commands = readdirSync(join(root, 'lib/cli')).map((file) => file.replace('.ts', ''))
  for (const file of pages.filter((name) => name !== 'CHANGELOG.md')) {
    const text = page(file)
    const unknown = [
      ...[...text.matchAll(/from '(infomotion(?:\/\w+)?)'/g)].filter(
        ([, at]) => !exports[at.replace('infomotion', '.')],
      ),
      ...[...text.matchAll(/npm run (?:--silent )?([\w:-]*\w)/g)].filter(([, script]) => !scripts[script]),
      ...[...text.matchAll(/`(?:npx )?infomotion (\w+)/g)].filter(([, command]) => !commands.includes(command)),
      ...[...text.matchAll(/\b(?:node|bash) ((?:scripts|dist)\/[\w/.-]+)/g)].filter(
        ([, at]) => !existsSync(join(root, at)),
      ),
    ]
    t.same(
      unknown.map(([all]) => all),
      [],
      file,
    )
  }
  // `lib/flow/`, `test/support.ts`, ...: paths in code quotes; NAME and * stand for any
  const floors = 'lib|native|test|scripts|docs|models'
  const paths = [...prose(page('CONTRIBUTING.md')).matchAll(new RegExp(`\`((?:${floors})/[\\w/.-]*)\``, 'g'))]
    .map(([, path]) => path)
    .filter((path) => !/[A-Z]{3}/.test(path) && path !== 'docs/api/')
  t.ok(paths.length > 20, `${paths.length} paths`)
  t.same(
    paths.filter((path) => !existsSync(join(root, path))),
    [],
    'CONTRIBUTING.md',
  )
})

t.test('README is short, and its numbers and those of docs/ are the stored measurements', async (t) => {
  t.ok(page('README.md').trimEnd().split('\n').length <= 120, 'at most 120 lines')
  const tables = await import(pathToFileURL(join(root, 'scripts/docs/tables.mjs')).href)
  const { curve } = await import(pathToFileURL(join(root, 'scripts/docs/evidence.mjs')).href)
  const stored = tables.measurements()
  for (const file of tables.PAGES)
    t.equal(
      tables.withTables(file, page(file), stored),
      page(file),
      `${file}: node scripts/docs/tables.mjs writes it anew`,
    )
  t.equal(page('docs/evidence.svg'), curve(tables.measurements().evidence), 'the picture')
  const used = tables.PAGES.map((file: string) => page(file)).join('\n')
  for (const name in stored.benchmarks) t.match(used, `<!-- bench:${name} -->`, `docs/benchmarks/${name}.json is shown`)

  // one number of each kind changed: the tables follow it
  const flow = stored.benchmarks.flow.rows
  const fastest = flow.find(({ ratio }: { ratio: number }) => ratio > 9)
  fastest.ratio = 12.34
  const wanted = { student: 'linear', tiling: 'plain', vpc: 1, selector: 'infomap' }
  const row = stored.evidence.lung.rows.find((one: Record<string, unknown>) =>
    Object.entries(wanted).every(([key, value]) => one[key] === value),
  )
  row.accuracy = { mean: 12.34, low: 5, high: 19.99 }
  row.aboveRandom = { mean: -3.21, low: -5, high: -1 }
  const readme = tables.withTables('README.md', page('README.md'), stored)
  t.match(readme, '4.3 to 12.3')
  t.match(readme, '| 12.3 [5.0, 20.0] |')
  t.match(tables.withTables('docs/evidence.md', page('docs/evidence.md'), stored), '12.3; **-3.2 [-5.0, -1.0]**')
  t.match(tables.withTables('docs/benchmarks.md', page('docs/benchmarks.md'), stored), '| 12.34 |')
  t.throws(() => tables.withTables('X.md', '<!-- bench:none -->\n<!-- /bench:none -->', stored), /X\.md.*bench:none/)
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
