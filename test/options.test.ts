import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Command } from 'commander'
import { type CompareOptions, type DistillOptions, distill, type SelectOptions, writeClip } from 'infomotion'
import t, { type Test } from 'tap'
import { addCommand } from '#lib/cli/options.js'
import { READING } from '#lib/dataset/options.js'
import { command } from '#lib/options/command.js'
import { compareCommand } from '#lib/options/compare.js'
import { DISTILL, distillCommand } from '#lib/options/distill.js'
import { METHOD } from '#lib/options/method.js'
import { COMMANDS, optionsPage } from '#lib/options/page.js'
import { flag, integer, type Kind, list, map, number, numberBetween, oneOf, parts, text } from '#lib/runtime/kinds.js'
import { option, resolveOptions } from '#lib/runtime/option.js'
import { cli, infomotion, root, temporary } from './support.js'

t.setTimeout(120_000)

// One list of options: what the library fills in, what the command line takes and says, and docs/options.md.

/** Twelve clips of two classes, as a folder for each. */
async function makeClips(t: Test): Promise<string> {
  const folder = temporary(t)
  for (let i = 0; i < 12; i++) {
    const [speed, size] = [i % 2, 32]
    const grey = (at: number) =>
      128 +
      100 * Math.sin(((at % size) + i - speed * Math.floor(at / size ** 2)) / 4) * Math.cos(((at >> 5) % size) / 4)
    const frames = Uint8Array.from({ length: 4 * size * size }, (_, at) => grey(at))
    await writeClip(
      join(folder, ['still', 'moving'][speed], `${i}.avi`),
      { frames, count: 4, width: size, height: size },
      { fps: 25 },
    )
  }
  return folder
}

const optionsIn = (out: string) => JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')).options

t.test('a default changed in the table is the default of the library, of the command line and of --help', async (t) => {
  const clips = await makeClips(t)
  const work = temporary(t)
  const changes = [
    {
      table: 'options/method.js',
      name: 'METHOD',
      option: 'neighbours',
      flag: '--neighbours <n>',
      options: METHOD,
      value: 3,
    },
    {
      table: 'options/method.js',
      name: 'METHOD',
      option: 'weights',
      flag: '--weights <name>',
      options: METHOD,
      value: 'prior',
    },
    {
      table: 'options/distill.js',
      name: 'DISTILL',
      option: 'selector',
      flag: '--selector <name>',
      options: DISTILL,
      value: 'herding',
    },
    {
      table: 'dataset/options.js',
      name: 'READING',
      option: 'testFraction',
      flag: '--test-fraction <x>',
      options: READING,
      value: 0.4,
    },
  ]
  const shared = { vpc: 1, synthesize: 'none', until: 'synthesize', cache: join(work, 'cache') } as const
  await distill(clips, { ...shared, out: join(work, 'before') })
  const before = optionsIn(join(work, 'before'))
  for (const change of changes) {
    const entry = (change.options as Record<string, { default?: unknown }>)[change.option]
    const was = entry.default
    t.same(before[change.option], was, `${change.option} was ${was}`)
    entry.default = change.value
    try {
      const out = join(work, change.option)
      await distill(clips, { ...shared, out })
      t.same(optionsIn(out), { ...before, [change.option]: change.value }, `${change.option}: the library`)
    } finally {
      entry.default = was
    }
    const patch = join(work, `${change.option}.mjs`)
    const url = pathToFileURL(join(root, 'dist', change.table)).href
    const set = `${change.name}.${change.option}.default = ${JSON.stringify(change.value)}`
    writeFileSync(patch, `import { ${change.name} } from ${JSON.stringify(url)}\n${set}\n`)
    const out = join(work, `${change.option}-cli`)
    const args = [
      'distill',
      clips,
      '--vpc',
      '1',
      '--synthesize',
      'none',
      '--until',
      'synthesize',
      '--cache',
      shared.cache,
      '--out',
      out,
    ]
    await run(patch, args)
    t.same(optionsIn(out), { ...before, [change.option]: change.value }, `${change.option}: the command line`)
    const help = await run(patch, ['distill', '--help'])
    const part = help.replace(/\s+/g, ' ').split(` ${change.flag} `)[1]
    t.match(part, new RegExp(`^[^<]*\\(default: ${change.value}\\)`), `${change.option}: --help`)
  }
})

/** The command line, with a module loaded before it. */
function run(first: string, args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, NODE_OPTIONS: '' }
    execFile(process.execPath, ['--import', first, cli, ...args], { env }, (error, out) => {
      if (error) reject(error)
      else resolve(out)
    })
  })
}

t.test('docs/options.md is what the tables say, and has every command', async (t) => {
  const page = readFileSync(join(root, 'docs/options.md'), 'utf8')
  t.equal(page, optionsPage(), 'npm run docs:options')
  const files = readdirSync(join(root, 'lib/cli')).map((file) => file.replace('.ts', ''))
  const commands = files.filter((name) => name !== 'options' && name !== 'output')
  t.same(COMMANDS.map(({ name }) => name).sort(), commands.sort())
  const { out } = await infomotion(['--help'])
  for (const { name } of COMMANDS) t.match(out, new RegExp(`^  ${name} `, 'm'))
})

t.test('--help: required options are marked, options are grouped, names come from their lists', async (t) => {
  const { out } = await infomotion(['distill', '--help'])
  const help = out.replace(/\s+/g, ' ')
  t.match(
    help,
    /What and where: -n, --vpc <n> videos per class \(required\) -o, --out <dir> .*? \(required\) Data set:/,
  )
  t.match(help, /--weights <name> .*?: uniform, voronoi, visit-rate, prior, inverse \(default: voronoi\)/)
  t.match(help, /--components <n> .*? \(default: 32\)/)
  t.equal(help.match(/\(required\)/g)?.length, 2)
})

t.test('errors on the command line speak of options as they are typed', async (t) => {
  const net = join(root, 'test/fixtures/networks/ring_of_cliques_30x5.txt')
  const distill = (...args: string[]) => ['distill', 'none', '--out', 'x', '--vpc', '5', ...args]
  const cases: [string[], RegExp][] = [
    [
      distill('--weights', 'voronoy'),
      /one of uniform, .* for --weights but received "voronoy"\. Did you mean "voronoi"\?$/,
    ],
    [distill('--seed', '-1'), /for --seed but received -1\.$/],
    [distill('--trials', '1.5'), /^Expected an integer for --trials but received "1\.5"\.$/],
    [distill('--test-fraction', '2'), /for --test-fraction but received 2\.$/],
    [distill('--descriptor-weight', '0'), /for --descriptor-weight but received 0\.$/],
    [distill('--path-column', ''), /^Expected a column's name for --path-column but received ""\.$/],
    [distill('--neigbours', '3'), /Did you mean --neighbours\?/],
    [['distill', '', '--out', 'x', '--vpc', '5'], /^Expected the path of a data set for <dataset> but received ""\.$/],
    [['distill', 'none', '--vpc', '5'], /^Expected --out <dir>, which is required: folder of /],
    [
      ['compare', 'none', '--out', 'x', '--student', 'linear,lineer'],
      /for --student but received "lineer"\. Did you mean "linear"/,
    ],
    [['compare', 'none', '--out', 'x', '--vpc', '1,0'], /for --vpc but received 0\.$/],
    [
      ['compare', 'none', '--out', 'x', '--vpc', '1,,2'],
      /^Expected a list like a,b,c for --vpc but received "1,,2"\.$/,
    ],
    [['infomap', net, '--num-trials', '0'], /for --num-trials but received 0\.$/],
    [
      ['infomap', net, '--entropy-corrected', '--entropy-correction-strength', '-1'],
      /for --entropy-correction-strength but/,
    ],
    [['infomap', net, '--output', 'clu,tre'], /for --output but received "tre"\. Did you mean "tree"\?$/],
    [['flow', 'a.avi', '-o', 'x.npy', '--max-flow', '5'], /for --max-flow but received 5\.$/],
    [['phantom', 'x', '--test', '-1'], /for --test but received -1\.$/],
    [['probe', 'x', '--backend', 'mpeg'], /for --backend but received "mpeg"\. Did you mean "mjpeg"\?$/],
  ]
  for (const [args, message] of cases) {
    const { status, out } = await infomotion([...args, '--json'], {}, { cwd: temporary(t) })
    const { error } = JSON.parse(out)
    t.match({ status, ...error }, { status: 2, code: 'INVALID_ARGUMENT', message }, args.join(' '))
    t.notMatch(error.message, /of type/)
  }
})

/** What a command line gives the library. */
async function given(facts: typeof distillCommand | typeof compareCommand, ...args: string[]): Promise<unknown> {
  let found: unknown
  const program = new Command().exitOverride()
  addCommand(program, facts as typeof distillCommand, async (operands, options) => {
    found = { operands, options }
  })
  await program.parseAsync(['node', 'infomotion', facts.name, ...args])
  return found
}

t.test('the command line gives the library what was typed, and nothing else', async (t) => {
  const few = ['data', '--out', 'o', '-n', '3']
  t.same(await given(distillCommand, ...few), { operands: ['data'], options: { out: 'o', vpc: 3 } })
  const columns = ['--path-column', 'Clip', '--group-column', 'Patient']
  const more = [...columns, '--allow-missing', '--encoder', 'a.onnx', '--embedding-weight', '.5', '--steps', '40']
  t.same(await given(distillCommand, ...few, ...more), {
    operands: ['data'],
    options: {
      ...{ out: 'o', vpc: 3, columns: { path: 'Clip', group: 'Patient' }, allowMissing: true, encoder: 'a.onnx' },
      ...{ embeddingWeight: 0.5, steps: 40 },
    },
  })
  const lists = ['-n', '1, 2', '--student', 'linear,cnn', '--selectors', 'random,herding+swap']
  t.same(await given(compareCommand, 'data', '--out', 'o', ...lists), {
    operands: ['data'],
    options: { out: 'o', vpc: [1, 2], students: ['linear', 'cnn'], selectors: ['random', 'herding+swap'] },
  })
  t.same(await given(distillCommand, ...few, '--weights', 'flow'), {
    operands: ['data'],
    options: { out: 'o', vpc: 3, weights: 'visit-rate' },
  })
})

t.test('old names of options and values are taken for a version, with a warning', async (t) => {
  const options = {
    rate: option(number(0, 1), { default: 0.5, help: 'a rate', was: ['speed', 'pace'] }),
    rules: option(list(oneOf(['new', 'same'], { old: 'new' })), { default: ['same'], help: 'rules' }),
    seen: option(flag(), { default: true, help: 'whether', was: ['shown'] }),
  }
  const resolve = (given: object) => {
    const warnings: string[] = []
    return [resolveOptions(options, given, 'it', [], (warning) => warnings.push(warning)), warnings]
  }
  t.same(resolve({}), [{ rate: 0.5, rules: ['same'], seen: true }, []])
  t.same(resolve({ pace: 0.1, rules: ['same', 'old'] }), [
    { rate: 0.1, rules: ['same', 'new'], seen: true },
    [
      'pace is now called rate; the old name is taken for this version only.',
      'rules "old" is now called "new"; the old name is taken for this version only.',
    ],
  ])
  const told = once(process, 'warning')
  resolveOptions(options, { pace: 0.1 }, 'it')
  t.match(await told, [{ name: 'DeprecationWarning', message: /^pace is now called rate/ }], 'where nobody listens')
  t.throws(() => resolve({ pace: 0.1, rate: 0.2 }), { message: /pace is now called rate, and both are given/ })
  t.throws(() => resolve({ pace: 2 }), { message: /for rate but received 2/ })
  t.throws(() => resolve({ pacee: 2 }), { message: /Known options: rate, rules, seen\./ })

  let found: unknown
  const program = new Command().exitOverride()
  const facts = command({ name: 'go', help: 'go', operands: [], options })
  addCommand(program, facts, async (_, options) => {
    found = options
  })
  const said: string[] = []
  const { write } = process.stderr
  process.stderr.write = ((line: string) => said.push(line)) as unknown as typeof write
  try {
    await program.parseAsync(['node', 'it', 'go', '--speed', '0.25', '--rules', 'old', '--no-shown'])
  } finally {
    process.stderr.write = write
  }
  t.same(found, { rate: 0.25, rules: ['new'], seen: false })
  t.match(said, [
    /warning: --speed is now called --rate; the old/,
    /warning: --rules "old" is now called "new"; the old/,
  ])
  t.notMatch(program.commands[0].helpInformation(), /--speed|--pace/)
})

t.test('kinds: what they read, and what they refuse', async (t) => {
  const taken = (kind: Kind<unknown, never>, typed: string) => kind.check(kind.parse(typed, '--it'), 'it')
  t.same(taken(integer(0, 9), '7'), 7)
  t.same(taken(number(), '-2.5e1'), -25)
  t.same(taken(numberBetween(0, 1), '0.5'), 0.5)
  t.same(taken(text('dir', 'a folder'), 'a b'), 'a b')
  t.same(taken(list(integer(1)), '3, 4,5'), [3, 4, 5])
  t.same(taken(map(integer(0)), 'train=0, val=1,test=2'), { train: 0, val: 1, test: 2 })
  t.same(taken(map(oneOf(['a', 'b']), ['x', 'y']), 'x=a,y=b'), { x: 'a', y: 'b' })
  const wrong: [Kind<unknown, never>, string][] = [
    ...[integer(0, 9), number(0, 9), numberBetween(0, 9)].map((kind): [Kind<number>, string] => [kind, '10']),
    [numberBetween(0, 1), '0'],
    [text('dir', 'a folder'), ''],
    [list(integer(1)), '1,0'],
    [map(integer(0)), 'train'],
    [map(integer(0)), '=1'],
    [map(integer(0)), 'a=1,a=2'],
    [map(integer(0)), 'a=-1'],
    [map(integer(0), ['train', 'test']), 'trian=1'],
    [map(integer(0)), 'a=1,,b=2'],
    [oneOf(['a', 'b']), 'constructor'],
  ]
  for (const [kind, typed] of wrong)
    t.throws(() => taken(kind, typed), { code: 'INVALID_ARGUMENT' }, `${kind.range}: ${typed}`)
  for (const value of [1, 'true', null, {}]) t.throws(() => flag().check(value, 'it'), { code: 'INVALID_ARGUMENT' })
  for (const value of [null, [], {}, 'a=1', 7])
    t.throws(() => map(integer()).check(value, 'it'), { code: 'INVALID_ARGUMENT' })
  for (const value of [null, { Path: 'a' }, { path: '' }, 7])
    t.throws(() => parts({ path: 'a column' }, 'a name').check(value, 'it'), { code: 'INVALID_ARGUMENT' })
})

t.test('types of the options come from the table', async (t) => {
  const least: DistillOptions = { out: 'o', vpc: 1 }
  const full: Required<Pick<DistillOptions, 'weights' | 'until' | 'columns'>> = {
    weights: 'flow',
    until: 'train',
    columns: { path: 'a' },
  }
  const lists: CompareOptions = { out: 'o', vpc: [1], students: ['cnn'], seeds: 2 }
  const selection: SelectOptions = { perClass: 1, quota: 'equal', weights: 'visit-rate' }
  // @ts-expect-error: required
  const missing: DistillOptions = { out: 'o' }
  // @ts-expect-error: no such stage
  const stage: DistillOptions = { ...least, until: 'end' }
  // @ts-expect-error: distill has one budget
  const budgets: DistillOptions = { ...least, vpc: [1, 2] }
  // @ts-expect-error: no such student
  const student: CompareOptions = { out: 'o', students: ['resnet'] }
  t.ok([least, full, lists, selection, missing, stage, budgets, student])
})
