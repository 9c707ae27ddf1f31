import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { exampleNames } from './examples/surroundings.js'
import { root } from './support.js'

// Every example of the documentation runs: the ```js blocks of README.md, of docs/, and of the doc comments in lib/. Each
// is a module of its own; what it names without importing it is found as test/examples/surroundings.ts says.

const folder = join(root, 'build', 'examples') // inside the package, so that 'infomotion' is this one

interface Example {
  file: string
  line: number
  code: string
}

function examplesIn(file: string): Example[] {
  const text = readFileSync(join(root, file), 'utf8')
  const block = file.endsWith('.ts') ? /^ *\* ```js\n(.*?)^ *\* ```/gms : /^```js\n(.*?)^```/gms
  return [...text.matchAll(block)].map((match) => ({
    file,
    line: text.slice(0, match.index).split('\n').length,
    code: file.endsWith('.ts') ? match[1].replace(/^ *\* ?/gm, '') : match[1],
  }))
}

const under = (place: string, ending: string) =>
  readdirSync(join(root, place), { recursive: true })
    .map(String)
    .filter((file) => file.endsWith(ending))
    .sort()
    .map((file) => join(place, file))

t.setTimeout(600_000)

t.test('every example of the documentation runs', async (t) => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  process.chdir(folder)
  const examples = [
    'README.md',
    ...under('docs', '.md').filter((file) => !file.startsWith('docs/api')),
    ...under('lib', '.ts'),
  ].flatMap(examplesIn)
  t.ok(examples.length > 50, `${examples.length} examples`)
  const names = await exampleNames()
  const said = console.log
  console.log = () => {} // stdout is for TAP
  t.teardown(() => {
    console.log = said
  })
  for (const [i, { file, line, code }] of examples.entries()) {
    for (const name in names.everywhere) Reflect.set(globalThis, name, names.everywhere[name])
    const own = await names.of(file)
    for (const name in own) Reflect.set(globalThis, name, own[name])
    const module = join(folder, `${i}.mjs`)
    writeFileSync(module, code)
    await t.resolves(import(pathToFileURL(module).href), `${file}:${line}`)
  }
})
