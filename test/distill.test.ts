import { type ChildProcess, spawn } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { distill, readDataSet, writePhantom } from 'infomotion'
import { decodeModel } from 'infomotion/onnx'
import t from 'tap'
import { cli, infomotion, temporary } from './support.js'

// One small phantom set serves all tests of this file: 30 clips to distil, 15 to test on.
const shared = join(tmpdir(), `infomotion-distill-${process.pid}`)
const data = join(shared, 'phantom')
const cache = join(shared, 'cache')
t.setTimeout(300_000)
t.before(() => writePhantom(data, { train: 30, test: 15, seed: 3 }))
t.teardown(() => rmSync(shared, { recursive: true, force: true }))

t.test('the whole way: contract, layout, manifest, report', async (t) => {
  const out = temporary(t)
  const { status, out: stdout } = await infomotion([
    'distill',
    data,
    '--out',
    out,
    '--vpc',
    '2',
    '--synthesize',
    'none',
    '--cache',
    cache,
    '--json',
  ])
  t.equal(status, 0)
  const result = JSON.parse(stdout)
  t.equal(result.classes.length, 5)
  for (const { name, clips, modules, selected, codelength } of result.classes) {
    t.same([clips, selected], [6, 2], name)
    t.ok(modules >= 1 && codelength > 0, name)
  }
  t.equal(result.selected, 10)
  t.equal(result.majority.accuracy, 0.2)
  t.ok(result.seconds > 0)
  const selectors = result.evaluation.rows.map(
    ({ selector, features }: Record<string, string>) => `${selector} ${features}`,
  )
  for (const row of [
    'infomap motion',
    'kmedoids motion',
    'random motion',
    'full motion',
    'majority none',
    'full deviation',
  ])
    t.ok(selectors.includes(row), row)
  t.ok(result.evaluation.rows[0].differenceToRandom, 'paired difference to random')
  t.equal(
    result.evaluation.rows.find((row: { selector: string }) => row.selector === 'random')?.runs.length,
    10,
    'ten random draws',
  )

  // EchoNet's layout: selected clips are TRAIN, TEST stays, and the reader of the source reads it
  const again = await readDataSet(out)
  t.equal(again.layout, 'echonet')
  t.same([again.clips.length, again.clips.filter(({ split }) => split === 'test').length], [25, 15])
  const rows = (path: string) => parse(readFileSync(path), { columns: true }) as Record<string, string>[]
  const source = new Map(rows(join(data, 'FileList.csv')).map((row) => [row.FileName, row]))
  for (const row of rows(join(out, 'FileList.csv'))) t.same(row, source.get(row.FileName), 'rows as in the source')
  for (const { id, split } of again.clips)
    t.equal(
      lstatSync(join(out, 'Videos', id)).isSymbolicLink(),
      split === 'test',
      `${id}: selected copied, test linked`,
    )

  const text = readFileSync(join(out, 'manifest.json'), 'utf8')
  const manifest = JSON.parse(text)
  t.equal(manifest.items.length, 10)
  for (const item of manifest.items) {
    const row = source.get(item.path.replace('.avi', ''))!
    t.same([item.label, row.Split], [row.EF, 'TRAIN'])
    t.ok(item.weight > 0 && item.flow > 0 && item.rank >= 0 && item.sha256.length === 64)
  }
  for (const name of new Set(manifest.items.map((item: { class: string }) => item.class))) {
    const weights = manifest.items
      .filter((item: { class: string }) => item.class === name)
      .map((item: { weight: number }) => item.weight)
    t.ok(Math.abs(weights.reduce((a: number, b: number) => a + b) / 2 - 1) < 1e-9, `${name}: mean weight 1`)
  }
  const html = readFileSync(join(out, 'report.html'), 'utf8')
  t.equal(manifest.dataSet.synthetic, true)
  t.match(html, /synthetic/i)
  t.notMatch(
    text + html + readFileSync(join(out, 'report.json'), 'utf8'),
    new RegExp(`${shared}|${out}`),
    'no absolute path',
  )
  t.ok(existsSync(join(out, 'student.onnx')))
  t.same(
    readdirSync(out).filter((name) => /^\.(?!infomotion-set)|tmp|partial/.test(name)),
    [],
    'nothing half-written is left',
  )
})

t.test('same seed, same bytes, for any number of threads and from a cold cache', async (t) => {
  const manifests = []
  for (const threads of ['1', '4']) {
    const out = temporary(t)
    const { status } = await infomotion(
      ['distill', data, '-o', out, '-n', '2', '--synthesize', 'none', '--until', 'synthesize', '--json'],
      {
        INFOMOTION_THREADS: threads,
      },
    )
    t.equal(status, 0)
    manifests.push(readFileSync(join(out, 'manifest.json'), 'utf8'))
  }
  t.equal(manifests[1], manifests[0])
})

t.test('refined by swaps, weighted by visit rate, with a teacher, a CNN as student', async (t) => {
  const out = temporary(t)
  const notes: string[] = []
  const result = await distill(data, {
    onNote: (note) => notes.push(note),
    ...{
      out,
      cache,
      vpc: 2,
      refine: 'swap',
      weights: 'visit-rate',
      teacher: 0.5,
      student: 'cnn',
      steps: 2,
      randomDraws: 1,
      synthesize: 'none',
    },
    until: 'evaluate',
  })
  const selectors = result.evaluation!.rows.filter(({ features }) => features === 'flow').map((row) => row.selector)
  t.same(selectors, ['infomap+swap', 'infomap', 'kmedoids', 'graph-coverage', 'random+swap', 'random', 'full'])
  t.ok(result.effectiveSampleSize! >= 5 && result.effectiveSampleSize! <= 10)
  const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'))
  t.equal(manifest.selector, 'infomap+swap')
  t.match(manifest.options, { refine: 'swap', weights: 'visit-rate', teacher: 0.5, student: 'cnn' })
  const said = (pattern: RegExp) => t.equal(notes.filter((note) => pattern.test(note)).length, 1, `${pattern}`)
  said(/sees 16 frames over .* s of a clip at a time, since .* again about every/)
  said(/flow alone: fewer than 200 TRAIN clips/)
  // 1 + 4 others + 1 draw, of two other channels 1 + 1 draw, and all of TRAIN three times
  said(/Student cnn: 13 of them to train, 26 steps in all at \d+ ms here: about \d+ s/)
  const student = decodeModel(readFileSync(join(out, 'student.onnx')))
  t.same([...student.outputs.keys()], ['probabilities', 'embedding'])
})

t.test('a distilled set drawn at random is one draw more', async (t) => {
  const { evaluation } = await distill(data, {
    ...{ out: temporary(t), cache, vpc: 1, selector: 'random', synthesize: 'none', randomDraws: 3, until: 'evaluate' },
  })
  const [random, kMedoids] = evaluation!.rows
  t.same([random.selector, random.runs.length, kMedoids.selector], ['random', 4, 'kmedoids'])
  t.equal(new Set(random.runs.map((run) => JSON.stringify(run))).size, 4, 'four other draws')
})

t.test('--until stops after its stage', async (t) => {
  const out = temporary(t)
  const early = await distill(data, { out, cache, vpc: 2, until: 'features' })
  t.same([early.selected, early.classes[0].modules, early.evaluation], [0, null, undefined])
  const communities = await distill(data, { out, cache, vpc: 2, until: 'infomap' })
  t.ok(communities.classes[0].codelength! > 0)
  t.equal(communities.classes[0].selected, null)
  t.notOk(existsSync(join(out, 'manifest.json')))
})

t.test('Ctrl-C stops with 130, and the same command goes on from the cache', async (t) => {
  const out = temporary(t)
  const child: ChildProcess = spawn(process.execPath, [
    cli,
    'distill',
    data,
    '-o',
    out,
    '-n',
    '2',
    '--until',
    'features',
  ])
  let said = ''
  child.stderr!.on('data', (chunk) => {
    said += chunk
  })
  const cache = join(out, 'cache')
  const begun = () =>
    existsSync(cache) && readdirSync(cache, { recursive: true }).some((name) => `${name}`.endsWith('00000.jsonl'))
  const timer = setInterval(() => {
    if (!begun()) return // as soon as the first shard is whole
    clearInterval(timer)
    child.kill('SIGINT')
  }, 20)
  const [status, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.on('close', (code, signal) => resolve([code, signal]))
  })
  clearInterval(timer)
  t.same([status, signal], [130, null], said)
  const folder = join(cache, readdirSync(cache)[0])
  const shards = readdirSync(folder)
  t.ok(shards.includes('00000.jsonl'), 'what was done is kept')
  t.same(
    shards.filter((name) => name.endsWith('.tmp')),
    [],
  )
  const done = readFileSync(join(folder, '00000.npy'))
  await distill(data, { out, vpc: 2, until: 'features' })
  t.same(readFileSync(join(folder, '00000.npy')), done, 'and not computed again')
  t.ok(readdirSync(folder).includes('00001.jsonl'))
})

t.test('damaged clips are skipped by name, --strict refuses them, missing ones fail', async (t) => {
  const folder = temporary(t)
  mkdirSync(join(folder, 'Videos'))
  const names = readdirSync(join(data, 'Videos'))
  const lines = ['path,label,split']
  names.slice(0, 9).forEach((name, i) => {
    copyFileSync(join(data, 'Videos', name), join(folder, 'Videos', name))
    lines.push(`${name},${i % 2 ? 'a' : 'b'},${i < 6 ? 'train' : 'test'}`)
  })
  writeFileSync(join(folder, 'Videos', names[2]), 'no video at all')
  writeFileSync(join(folder, 'clips.csv'), `${lines.join('\n')}\n`)
  const options = ['--vpc', '2', '--synthesize', 'none', '--until', 'select', '--json']
  const loose = await infomotion(['distill', folder, '--out', join(folder, 'out'), ...options])
  t.equal(loose.status, 0, loose.err)
  const { skipped, warnings } = JSON.parse(loose.out)
  t.equal(skipped.length, 1)
  t.equal(skipped[0].path, names[2])
  t.match(warnings.join('\n'), /1 clips were skipped/)
  const strict = await infomotion(['distill', folder, '--out', join(folder, 'out'), '--strict', ...options])
  t.equal(strict.status, 1)
  t.equal(JSON.parse(strict.out).error.code, 'CLIPS_SKIPPED')
  const small = await infomotion([
    'distill',
    folder,
    '--out',
    join(folder, 'out'),
    '--vpc',
    '9',
    '--synthesize',
    'none',
    '--until',
    'select',
    '--json',
  ])
  t.match(
    JSON.parse(small.out).warnings.join('\n'),
    /fewer than the 9 asked for/,
    'a class smaller than its quota gives all it has',
  )
  rmSync(join(folder, 'Videos', names[0]))
  const missing = await infomotion(['distill', folder, '--out', join(folder, 'out'), ...options])
  t.equal(JSON.parse(missing.out).error.code, 'DATASET_FILES_MISSING')
  t.match(JSON.parse(missing.out).error.message, new RegExp(names[0]))
})

t.test('the command line: one JSON document, exit codes', async (t) => {
  const wrong: [string[], number, string][] = [
    [['distill', join(data, 'nowhere'), '--out', temporary(t), '--vpc', '2', '--json'], 1, 'DATASET_NOT_FOUND'],
    [['distill', data, '--out', temporary(t), '--vpc', 'two', '--json'], 2, 'INVALID_ARGUMENT'],
    [['distill', data, '--out', temporary(t), '--vpc', '0', '--json'], 2, 'INVALID_ARGUMENT'],
    [['distill', data, '--out', temporary(t), '--vpc', '2', '--until', 'tomorrow', '--json'], 2, 'INVALID_ARGUMENT'],
    [['distill', data, '--json'], 2, 'INVALID_ARGUMENT'],
    [['frobnicate', '--json'], 2, 'INVALID_ARGUMENT'],
    [['--json', 'probe', join(data, 'FileList.csv.avi')], 1, 'VIDEO_NOT_FOUND'],
  ]
  for (const [args, status, code] of wrong) {
    const result = await infomotion(args)
    t.equal(result.status, status, args.join(' '))
    t.equal(JSON.parse(result.out).error.code, code)
  }
  const people = await infomotion(['probe', join(data, 'Videos', readdirSync(join(data, 'Videos'))[0])], {
    NO_COLOR: '1',
  })
  t.equal(people.status, 0)
  t.notOk((people.out + people.err).includes('\x1b'), 'NO_COLOR')
  const help = await infomotion(['distill', '--help'])
  t.same([help.status, /--vpc/.test(help.out)], [0, true])
})
