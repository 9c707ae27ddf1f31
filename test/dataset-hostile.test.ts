import { execFileSync } from 'node:child_process'
import { lstatSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { InfomotionError, type ReadDataSetOptions, readDataSet } from 'infomotion'
import t from 'tap'
import { Random } from '#lib/runtime/random.js'
import { lay, temporary } from './support.js'

// Whatever a table says: a data set that keeps its promises, or an InfomotionError, soon, and nothing on the disk changed.

t.setTimeout(300_000)

const RUNS = 1500
const SEED = 20261130
/** Of CPU time, for a table of a few rows. */
const MAX_SECONDS = 2

const HEADERS = [
  'path',
  'label',
  'split',
  'group',
  'patient',
  'parent',
  'FileName',
  'EF',
  'Split',
  'ESV',
  'EDV',
].concat([
  '',
  ' ',
  'start',
  'end',
  '__proto__',
  'constructor',
  'Path',
  'LABEL',
  'x'.repeat(300),
  'a\u0301',
  '"q',
  'weights',
])
const NAMES = [
  'a',
  'b.avi',
  'c',
  'D.AVI',
  'sub/e',
  'sub\\e.avi',
  './a',
  '../up.avi',
  '/',
  '.',
  '..',
  '',
  'nan',
  'link.avi',
].concat([
  'pipe.avi',
  'loop.avi',
  '/etc/passwd',
  'C:\\a.avi',
  'e\u0301.avi',
  'é',
  '*',
  '~',
  'a\0',
  'a\u200b',
  'f'.repeat(300),
  'Videos/a',
])
const LABELS = [
  '0',
  '1',
  '1.0',
  '01',
  '1e0',
  '1e999',
  '-0',
  '0.3',
  '45',
  '45,5',
  '99.9',
  '101',
  'x',
  'X',
  'x ',
  'é',
  'e\u0301',
].concat([
  'nan',
  'NA',
  'None',
  'none',
  '',
  '\u00a0',
  '\u200b',
  '__proto__',
  'constructor',
  '=1+1',
  '1'.repeat(400),
  'l\u202er',
  '\ud800',
])
const SPLITS = [
  'train',
  'TRAIN',
  'val',
  'test',
  'Test ',
  '0',
  '1',
  '8',
  '9',
  '8.0',
  '9.0',
  'holdout',
  '',
  'nan',
  '__proto__',
  '-1',
  '10',
]
const GROUPS = [
  'p1',
  'P1',
  'p1 ',
  '1',
  '1.0',
  '',
  'nan',
  'a',
  'c',
  'b.avi',
  'a;c',
  ';',
  '|',
  'toString',
  'g'.repeat(200),
]
const ENDS = ['\n', '\r\n', '\r', '\n\n', '\nEMPTY\n']

/** A table of the columns that readers know, filled with what people and attackers write. */
function hostileTable(random: Random): Buffer {
  const pick = <T>(list: readonly T[]): T => list[random.below(list.length)]
  const rare = (one: number) => random.below(one) === 0
  const usual = pick([
    ['path', 'label', 'split'],
    ['FileName', 'EF', 'Split'],
    ['path', 'label', 'group', 'parent'],
    ['path', 'label', 'split', 'patient', 'parent'],
  ])
  const header = [...usual, ...(rare(3) ? [pick(HEADERS), pick(HEADERS)] : [])]
  if (rare(8)) header[random.below(header.length)] = pick(HEADERS)
  const modest = !rare(3) // few kinds of trouble in a table, so that many come through
  const labels = modest ? [pick(LABELS), pick(LABELS), '20', '60'] : LABELS
  const splits = modest ? ['train', 'train', 'test', pick(['val', 'TEST', pick(SPLITS)])] : SPLITS
  const names = modest ? ['a', 'b.avi', 'c', 'D.AVI', 'sub/e', 'é', pick(NAMES)] : NAMES
  const start = random.below(names.length)
  const value = (column: string, row: number) => {
    if (/path|filename/i.test(column)) return rare(9) ? pick(names) : names[(start + row) % names.length]
    if (/split/i.test(column)) return pick(splits)
    if (/group|patient|parent/.test(column)) return pick(GROUPS)
    return pick(labels)
  }
  const rows = Array.from({ length: random.below(names.length) + 1 }, (_, row) =>
    header.map((name) => value(name, row)),
  )
  const delimiter = pick([',', ',', ',', ';', '\t'])
  const quote = (text: string) =>
    rare(4) || text.includes(delimiter) ? `"${rare(30) ? text : text.replaceAll('"', '""')}"` : text
  const end = pick(ENDS).replace('EMPTY', delimiter)
  const ragged = rare(12)
  const lines = [header, ...rows].map(
    (row) => row.map(quote).join(delimiter) + (ragged && rare(3) ? pick([delimiter, `${delimiter}x`]) : ''),
  )
  const text =
    (rare(5) ? '\ufeff' : '') + (rare(20) ? `sep=${delimiter}\n` : '') + lines.join(end) + (rare(3) ? '' : end)
  const bytes = rare(12) ? Buffer.from(`\ufeff${text}`, 'utf16le') : Buffer.from(text, rare(15) ? 'latin1' : 'utf8')
  return rare(20) ? bytes.subarray(0, random.below(bytes.length + 1)) : bytes
}

function hostileOptions(random: Random): ReadDataSetOptions {
  const pick = <T>(...list: T[]): T => list[random.below(list.length)]
  const usual = new Array<undefined>(12).fill(undefined)
  const options = {
    classes: pick(undefined, undefined, 'labels', 'ef5', 'ef2', 'quantile:3', 'edges:1,50'),
    columns: pick(...usual, { label: 'x' }, { parent: 'label' }, { group: 'split' }, { path: 'EF' }),
    efScale: pick(...usual, 100, 1),
    splitValues: pick(...usual, { train: ['0', 'x'], test: '1' }, { test: 'holdout' }),
    allowMissing: pick(undefined, true, true),
    strict: pick(undefined, undefined, true),
    seed: random.below(3),
  }
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as ReadDataSetOptions
}

/** Every file and link below a folder, with what it holds. */
function snapshot(root: string): string {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()
  return names
    .map((name) => `${name} ${lstatSync(join(root, name)).mode} ${lstatSync(join(root, name)).size}`)
    .join('\n')
}

/** What readDataSet promises. Returns what is broken. */
function broken(set: Awaited<ReturnType<typeof readDataSet>>): string | undefined {
  const { clips, classes, layout, source, warnings } = set
  const ids = new Set(clips.map(({ id }) => id))
  if (clips.length === 0 || ids.size !== clips.length) return 'ids are unique'
  if (source.rows.length !== (layout === 'folder' ? 0 : clips.length)) return 'a row for each clip'
  if (new Set(classes).size !== classes.length || classes.includes('')) return 'classes have names of their own'
  if (!clips.some(({ split }) => split === 'train')) return 'there is a TRAIN clip'
  const groups = new Map<string, string>()
  for (const { id, path, split, group, classIndex, label } of clips) {
    if (id === '' || id.split('/').includes('..') || isAbsolute(id)) return `${id} leads out of the folder`
    if (!isAbsolute(path) || !['train', 'val', 'test'].includes(split)) return `${path} ${split}`
    if (!Number.isInteger(classIndex) || !(classIndex in classes) || typeof label !== 'string') return `class of ${id}`
    if ((groups.get(group) ?? split) !== split) return `group ${group} straddles`
    groups.set(group, split)
    if (/^(nan|NA|None|)$/.test(label.trim())) return `${id} has no label`
  }
  if (warnings.some((warning) => typeof warning !== 'string' || warning.length < 10)) return 'warnings are sentences'
  return undefined
}

t.test(`${RUNS} hostile tables`, async (t) => {
  const root = join(temporary(t), 'set')
  const clips = ['a.avi', 'b.avi', 'c.mp4', 'd.avi', 'sub/e.avi', 'e\u0301.avi', 'Videos/a.avi', '../up.avi']
  lay(root, Object.fromEntries(clips.map((name) => [name, name])))
  symlinkSync('sub', join(root, 'link.avi'))
  symlinkSync('loop.avi', join(root, 'loop.avi'))
  execFileSync('mkfifo', [join(root, 'pipe.avi')])
  const outcomes = new Map<string, number>()
  for (let run = 0; run < RUNS; run++) {
    const random = new Random(SEED, 'hostile table', run)
    const name = ['FileList.csv', 'x.csv', 'filelist.CSV'][random.below(3)]
    const table = hostileTable(random)
    const options = hostileOptions(random)
    lay(root, { [name]: table })
    const before = run % 50 === 0 ? snapshot(join(root, '..')) : ''
    const started = process.cpuUsage()
    const fail = (why: string) => t.fail(`run ${run}: ${why}\n${JSON.stringify(options)}\n${table.toString('latin1')}`)
    let outcome = 'read'
    try {
      const wrong = broken(await readDataSet(root, options))
      if (wrong) fail(wrong)
    } catch (error) {
      if (
        !(error instanceof InfomotionError) ||
        !/^(DATASET_|INVALID_ARGUMENT)/.test(error.code) ||
        error.message.length < 20
      )
        fail((error as Error)?.stack ?? String(error))
      outcome = (error as InfomotionError).code
    }
    const { user, system } = process.cpuUsage(started)
    if (user + system > MAX_SECONDS * 1e6) fail(`it took ${(user + system) / 1e6} s of CPU time`)
    if (before !== '' && before !== snapshot(join(root, '..'))) fail('something on the disk changed')
    if (!readFileSync(join(root, name)).equals(table)) fail('the table changed')
    rmSync(join(root, name))
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }
  t.comment(JSON.stringify(Object.fromEntries(outcomes)))
  t.ok((outcomes.get('read') ?? 0) > RUNS / 20, `${outcomes.get('read')} are read`)
  for (const code of [
    'LABELS_UNUSABLE',
    'SPLIT_UNKNOWN',
    'GROUP_STRADDLES',
    'TABLE_INVALID',
    'FILES_MISSING',
    'DUPLICATE',
    'LEAK',
  ])
    t.ok(outcomes.has(`DATASET_${code}`), `some are refused for ${code}`)
})
