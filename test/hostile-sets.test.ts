// What hostile or careless data sets, and folders of results that hold something already, cannot do (SECURITY.md). The
// writer alone is fuzzed in scripts/fuzz/sets.ts; here the command line meets the cases by name.
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { writeClip } from 'infomotion'
import t, { type Test } from 'tap'
import { infomotion, temporary } from './support.js'

t.setTimeout(600_000)

const clips = temporary(t)
const [count, width, height] = [6, 32, 32]

t.before(async () => {
  for (let k = 0; k < 8; k++) {
    const frames = Uint8Array.from({ length: count * width * height }, (_, i) => {
      const [x, y, time] = [i % width, Math.floor(i / width) % height, Math.floor(i / (width * height))]
      return (
        128 + 90 * Math.sin((x * (1 + (k % 3)) + time * (k + 1)) / 4) * Math.cos((y * ((k % 2) + 1) - time * k) / 5)
      )
    })
    await writeClip(join(clips, `t${k}.avi`), { frames, count, width, height }, { fps: 25 })
  }
})

/** A data set in `folder`: a table of clips t0 ... t5, of which t4 and t5 are TEST, and more rows. */
function makeSet(folder: string, more: string[] = [], name = 'list.csv'): string {
  mkdirSync(folder, { recursive: true })
  for (let k = 0; k < 6; k++) writeFileSync(join(folder, `t${k}.avi`), readFileSync(join(clips, `t${k}.avi`)))
  const rows = Array.from({ length: 6 }, (_, k) => `t${k}.avi,${'ab'[k % 2]},${k < 4 ? 'train' : 'test'}`)
  writeFileSync(join(folder, name), `${['path,label,split', ...rows, ...more].join('\n')}\n`)
  return folder
}

const distil = async (...args: string[]) => {
  const options = [
    '--vpc',
    '1',
    '--random-draws',
    '2',
    '--trials',
    '2',
    '--synthesize',
    'none',
    '--until',
    'synthesize',
    '--json',
  ]
  const { status, out, err } = await infomotion(['distill', ...args, ...options], {}, { timeout: 120_000 })
  const said = JSON.parse(out)
  return {
    status,
    err,
    code: said.error?.code as string | undefined,
    message: said.error?.message as string | undefined,
    said,
  }
}

const precious = (t: Test) => {
  const path = join(temporary(t), 'victim')
  writeFileSync(path, 'precious')
  return path
}
const isWhole = (t: Test, victim: string) =>
  t.equal(readFileSync(victim, 'utf8'), 'precious', 'the victim is as it was')

t.test('names that the set needs itself', async (t) => {
  for (const name of [
    'weights.csv',
    'manifest.json',
    'report.html',
    'list.csv',
    'NOTICE.TXT',
    '.infomotion-set.json',
    'cache',
  ]) {
    const victim = precious(t)
    const set = makeSet(join(temporary(t), 'set'), [`${name},a,test`])
    if (!existsSync(join(set, name))) symlinkSync(victim, join(set, name))
    const out = join(temporary(t), 'out')
    const { code, message } = await distil(set, '--out', out)
    t.equal(code, 'DATASET_NAME_CLASH', `${name}: ${message}`)
    isWhole(t, victim)
    t.notOk(existsSync(join(out, 'weights.csv')))
  }
})

t.test('a table that is called like another file of the set', async (t) => {
  for (const name of ['weights.csv', 'Manifest.JSON', 'NOTICE.txt', '.infomotion-set.json']) {
    const out = join(temporary(t), 'out')
    const { code } = await distil(join(makeSet(join(temporary(t), 'set'), [], name), name), '--out', out)
    t.equal(code, 'DATASET_NAME_CLASH', name)
    t.notOk(existsSync(join(out, 'manifest.json')))
  }
  for (const name of ['clips.csv', 'selection.csv']) {
    const out = join(temporary(t), 'out')
    t.equal((await distil(join(makeSet(join(temporary(t), 'set'), [], name), name), '--out', out)).status, 0)
    t.match(readFileSync(join(out, name), 'utf8'), /^path,label,split\n/)
  }
})

t.test('results inside the data set that they are of, again and again', async (t) => {
  const splits = join(temporary(t), 'splits')
  const batches = join(temporary(t), 'batches')
  for (let k = 0; k < 6; k++) {
    const folders = [join(splits, k < 4 ? 'train' : 'test', 'ab'[k % 2]), join(batches, 'Batch1')]
    for (const folder of folders) {
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, `t${k}.avi`), readFileSync(join(clips, `t${k}.avi`)))
    }
  }
  const rows = Array.from({ length: 6 }, (_, k) => `t${k}.avi,${'ab'[k % 2]},${k < 4 ? 'train' : 'test'}`)
  writeFileSync(join(batches, 'list.csv'), `${['path,label,split', ...rows].join('\n')}\n`)
  for (const set of [splits, batches])
    for (const out of ['out', 'out', 'other']) {
      const { status, message } = await distil(set, '--out', join(set, out), '--cache', join(set, 'cache'))
      t.equal(status, 0, `${set} ${out}: ${message}`)
    }
})

t.test('side files that are links or pipes are left out, and do not hang', async (t) => {
  const victim = precious(t)
  const linked = makeSet(join(temporary(t), 'set'))
  symlinkSync(victim, join(linked, 'phantom.json'))
  const out = join(temporary(t), 'out')
  t.equal((await distil(linked, '--out', out)).status, 0)
  t.notOk(existsSync(join(out, 'phantom.json')), 'a secret is not passed on')
  const piped = makeSet(join(temporary(t), 'set'))
  execFileSync('mkfifo', [join(piped, 'phantom.json'), join(piped, 'pipe.avi')])
  t.equal((await distil(piped, '--out', join(temporary(t), 'out'))).status, 0)
  const row = makeSet(join(temporary(t), 'set'), ['pipe.avi,a,train'])
  execFileSync('mkfifo', [join(row, 'pipe.avi')])
  t.equal((await distil(row, '--out', join(temporary(t), 'out'))).code, 'DATASET_FILES_MISSING')
})

t.test('tracings of a line without end', async (t) => {
  const set = join(temporary(t), 'set')
  mkdirSync(join(set, 'Videos'), { recursive: true })
  const rows = Array.from({ length: 6 }, (_, k) => `t${k},${20 + 40 * (k % 2)},${k < 4 ? 'TRAIN' : 'TEST'}`)
  for (let k = 0; k < 6; k++) writeFileSync(join(set, 'Videos', `t${k}.avi`), readFileSync(join(clips, `t${k}.avi`)))
  writeFileSync(join(set, 'FileList.csv'), `${['FileName,EF,Split', ...rows].join('\n')}\n`)
  writeFileSync(join(set, 'VolumeTracings.csv'), 'FileName,X1\n')
  truncateSync(join(set, 'VolumeTracings.csv'), 700 * 2 ** 20)
  const { code, message } = await distil(set, '--out', join(temporary(t), 'out'))
  t.equal(code, 'DATASET_TABLE_INVALID')
  t.match(message, /line 2 is longer/)
})

t.test('the source, and what was distilled before, are not removed by what is written', async (t) => {
  const project = temporary(t)
  for (const [k, label] of [...'abababab'].entries()) {
    const path = join(project, 'train', label, `t${k}.avi`)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, readFileSync(join(clips, `t${k}.avi`)))
  }
  writeFileSync(join(project, 'weights.csv'), 'class,weight\n')
  const { code } = await distil(join(project, 'train'), '--out', project)
  t.equal(code, 'DATASET_FOLDER_IN_USE')
  t.equal(readdirSync(join(project, 'train', 'a')).length, 4)

  const first = join(temporary(t), 'first')
  t.equal((await distil(join(project, 'train'), '--out', first)).status, 0)
  const again = await distil(join(first, 'train'), '--out', first, '--test-fraction', '0.4')
  t.equal(again.code, 'DATASET_FOLDER_IN_USE', `a distilled set distilled into itself: ${again.message}`)
  t.equal(readdirSync(join(first, 'train', 'a')).length, 1)
})

t.test('a run into a folder of results', async (t) => {
  const set = makeSet(join(temporary(t), 'set'))
  const out = join(temporary(t), 'out')
  t.equal((await distil(set, '--out', out)).status, 0)
  writeFileSync(join(out, 'notes.tmp'), 'mine')
  const before = readdirSync(out).sort()
  t.equal((await distil(set, '--out', out)).status, 0, 'again')
  t.same(readdirSync(out).sort(), before, 'what is mine stays')

  const other = makeSet(join(temporary(t), 'other'), [], 'clips.csv')
  const { code, message } = await distil(other, '--out', out)
  t.equal(code, 'DATASET_FOLDER_IN_USE', "another data set's results are not mixed with it")
  t.match(message, /holds results of set \(csv\), and this is other \(csv\)/)
  t.same(readdirSync(out).sort(), before)
})

t.test('links in the folder of results are not followed', async (t) => {
  const set = makeSet(join(temporary(t), 'set'))
  const [victim, elsewhere] = [precious(t), temporary(t)]
  for (const [name, target] of [
    ['manifest.json', victim],
    ['weights.csv', victim],
    ['t0.avi', victim],
    ['cache', elsewhere],
    ['report.html', 'nowhere'],
  ]) {
    const out = join(temporary(t), 'out')
    mkdirSync(out)
    symlinkSync(target, join(out, name))
    t.equal((await distil(set, '--out', out)).code, 'DATASET_FOLDER_IN_USE', name)
    t.equal(readlinkSync(join(out, name)), target)
  }
  isWhole(t, victim)
  t.same(readdirSync(elsewhere), [])
  const link = join(temporary(t), 'link')
  symlinkSync(elsewhere, link)
  t.equal((await distil(set, '--out', link)).status, 0, '--out itself may be a link')
  t.ok(existsSync(join(elsewhere, 'manifest.json')))
})

t.test('a comparison replaces what a comparison wrote', async (t) => {
  const set = makeSet(join(temporary(t), 'set'))
  const out = join(temporary(t), 'out')
  mkdirSync(out)
  writeFileSync(join(out, 'comparison.html'), 'mine')
  const options = ['--vpc', '1', '--seeds', '1', '--random-draws', '1', '--selectors', 'kmedoids', '--json']
  const { out: said } = await infomotion(['compare', set, '--out', out, ...options])
  t.match(JSON.parse(said).error, { code: 'DATASET_FOLDER_IN_USE', message: /holds comparison.html/ })
  t.equal(readFileSync(join(out, 'comparison.html'), 'utf8'), 'mine')
})

t.test('control characters of labels and names do not reach a terminal', async (t) => {
  const label = 'a\x1b]0;x\x07\x1b[2J'
  const set = makeSet(join(temporary(t), 'set'), [`gone\x1b[31m.avi,${label},train`])
  writeFileSync(join(set, 'list.csv'), readFileSync(join(set, 'list.csv'), 'utf8').replaceAll(',a,', `,${label},`))
  const args = [
    'distill',
    set,
    '--out',
    join(temporary(t), 'out'),
    '--vpc',
    '1',
    '--until',
    'features',
    '--allow-missing',
  ]
  for (const more of [[], ['--json'], ['--classes', `x${label}`]]) {
    const { out, err } = await infomotion([...args, ...more], { NO_COLOR: '1', FORCE_COLOR: undefined })
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    t.notMatch(out + err, /[\x00-\x08\x0b-\x1f\x7f-\x9f]/, more.join(' '))
  }
})
