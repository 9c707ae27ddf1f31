import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { compare, writePhantom } from 'infomotion'
import { chromium } from 'playwright-core'
import t from 'tap'
import type { Comparison } from '#lib/report/index.js'
import { cli, infomotion, needs, temporary } from './support.js'

// One small phantom set serves all tests of this file.
const shared = join(tmpdir(), `infomotion-compare-${process.pid}`)
const data = join(shared, 'phantom')
const cache = join(shared, 'cache')
t.setTimeout(300_000)
t.before(() => writePhantom(data, { train: 30, test: 15, seed: 3 }))
t.teardown(() => rmSync(shared, { recursive: true, force: true }))

const options = [
  '--selectors',
  'infomap,kmedoids+swap',
  '--vpc',
  '1,2',
  '--seeds',
  '2',
  '--random-draws',
  '3',
  '--synthesize',
  'none',
]
const predictions = (folder: string) => readdirSync(join(folder, 'predictions'))

t.test('one table a budget: every selector, its random partner, all clips', async (t) => {
  const out = temporary(t)
  const { status, out: stdout, err } = await infomotion(['compare', data, '--out', out, ...options, '--json'])
  t.equal(status, 0, err)
  const comparison = JSON.parse(stdout) as Comparison
  t.same(
    comparison.budgets.map(({ student, vpc }) => [student, vpc]),
    [
      ['linear', 1],
      ['linear', 2],
    ],
  )
  t.same([comparison.splits, comparison.synthetic, comparison.classes.length], ['given', true, 5])
  for (const { vpc, evaluation } of comparison.budgets) {
    const rows = evaluation.rows.filter(({ features }) => features === 'motion')
    t.same(
      rows.map(({ selector, clips, runs }) => [selector, clips, runs.length]),
      [
        ['infomap', 5 * vpc, 2],
        ['kmedoids+swap', 5 * vpc, 2],
        ['random', 5 * vpc, 6],
        ['full', 30, 1],
      ],
      'a run a seed, random draws times seeds',
    )
    const [infomap, , random] = rows
    const difference = infomap.balancedAccuracy.mean - random.balancedAccuracy.mean
    t.ok(Math.abs(infomap.differenceToRandom!.mean - difference) < 1e-12)
    t.equal(evaluation.splits, undefined, 'the set has its own split: bootstrap over its test clips')
  }
  const html = readFileSync(join(out, 'comparison.html'), 'utf8')
  t.match(html, /k-medoids, refined/i)
  t.match(html, /synthetic/i)
  const document = JSON.parse(readFileSync(join(out, 'comparison.json'), 'utf8'))
  t.same(document.budgets, comparison.budgets)
  t.notMatch(html + JSON.stringify(document), new RegExp(`${shared}|${out}`), 'no absolute path')
  const text = await infomotion(['compare', data, '--out', out, ...options])
  t.match(text.out, /^vpc +selector +features/m)
  t.match(text.out, /^2 +random x6 +motion +10 /m)
})

t.test('a comparison that was stopped goes on with the student it was at', async (t) => {
  const [out, whole] = [temporary(t), temporary(t)]
  const args = ['compare', data, '--out', out, '--cache', cache, ...options]
  const child = spawn(process.execPath, [cli, ...args])
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += chunk
  })
  const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve(code ?? signal)))
  const watch = setInterval(() => {
    if (!existsSync(join(cache, 'predictions')) || predictions(cache).length < 3) return
    clearInterval(watch) // a second one would not wait for the predictions that is being written
    child.kill('SIGINT')
  }, 5)
  t.equal(await ended, 130, said)
  clearInterval(watch)
  const kept = predictions(cache)
  t.same(
    kept.filter((name) => !/^[0-9a-f]{64}\.npy$/.test(name)),
    [],
    'whole predictions only',
  )
  t.ok(kept.length >= 3 && !existsSync(join(out, 'comparison.json')))
  const times = kept.map((name) => statSync(join(cache, 'predictions', name)).mtimeMs)
  const settings = {
    selectors: ['infomap', 'kmedoids+swap'],
    vpc: [1, 2],
    seeds: 2,
    randomDraws: 3,
    synthesize: 'none' as const,
  }
  const resumed = await compare(data, { out, cache, ...settings })
  t.same(
    kept.map((name) => statSync(join(cache, 'predictions', name)).mtimeMs),
    times,
    'what was answered is not asked again',
  )
  const undisturbed = await compare(data, { out: whole, ...settings })
  t.same(resumed.budgets, undisturbed.budgets)
  // an answer that was damaged is asked again
  writeFileSync(join(cache, 'predictions', kept[0]), 'no array')
  t.same((await compare(data, { out, cache, ...settings })).budgets, undisturbed.budgets)
})

t.test('without a split of its own, each seed draws another', async (t) => {
  const out = temporary(t)
  const rows = parse(readFileSync(join(data, 'FileList.csv')), { columns: true }) as Record<string, string>[]
  const lines = rows.map(({ FileName, EF }) => `Videos/${FileName}.avi,${Number(EF) < 45 ? 'low' : 'high'}`)
  const table = join(data, 'two.csv')
  writeFileSync(table, ['path,label', ...lines, ''].join('\n'))
  t.teardown(() => rmSync(table))
  const { budgets, splits } = await compare(table, {
    out,
    cache,
    selectors: ['kcenter', 'herding', 'facility', 'pagerank'],
    vpc: [2],
    seeds: 3,
    randomDraws: 2,
    teacher: 0.5,
    weights: 'uniform',
    synthesize: 'none',
  })
  t.equal(splits, 'drawn')
  const [{ evaluation }] = budgets
  t.equal(evaluation.splits, 3)
  const selectors = evaluation.rows.filter(({ features }) => features === 'motion').map(({ selector }) => selector)
  t.same(selectors.slice(0, 5), ['kcenter', 'herding', 'facility', 'pagerank', 'random'])
})

t.test('a CNN student, its controls by channel, and an encoder beside the descriptor', async (t) => {
  const out = temporary(t)
  const plain = { selectors: ['infomap'], vpc: [1], seeds: 1, randomDraws: 1, steps: 2, synthesize: 'none' as const }
  const settings = { out, cache, ...plain }
  const students: ('linear' | 'cnn')[] = ['cnn', 'linear']
  const { budgets } = await compare(data, { ...settings, students, encoder: 'motion-cnn' })
  const seen = (student: string) => {
    const { rows } = budgets.find((budget) => budget.student === student)!.evaluation
    return [...new Set(rows.map(({ features }) => features))]
  }
  t.same(seen('cnn'), ['flow', 'grey+flow', 'grey', 'none'])
  t.same(seen('linear'), ['motion+embedding', 'motion', 'embedding', 'mean-frame', 'deviation', 'none'])
  for (const { evaluation } of budgets)
    for (const { balancedAccuracy } of evaluation.rows) t.ok(balancedAccuracy.mean >= 0 && balancedAccuracy.mean <= 1)
  const again = await compare(data, { ...settings, students, encoder: 'motion-cnn' })
  t.same(again.budgets, budgets, 'from the cache')
  await t.rejects(compare(data, { ...settings, encoder: 'nothing-like-it' }), { code: 'MODEL_NOT_FOUND' })
})

t.test('wrong calls say what was expected', async (t) => {
  const out = temporary(t)
  const wrong: [string[], RegExp][] = [
    [['--selectors', 'magic'], /infomap.*magic/s],
    [['--selectors', 'infomap+magic'], /infomap\+magic/],
    [['--vpc', '0'], /vpc/],
    [['--vpc', '1,,2'], /list/],
    [['--student', 'giant'], /linear.*giant/s],
    [['--teacher', '2'], /teacher/],
    [['--weights', 'heavy'], /heavy/],
    [['--seeds', '0'], /seeds/],
  ]
  for (const [args, message] of wrong) {
    const result = await infomotion(['compare', data, '--out', out, '--json', ...args])
    t.equal(result.status, 2, args.join(' '))
    t.match(JSON.parse(result.out).error, { code: 'INVALID_ARGUMENT', message })
  }
})

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'

t.test('comparison.html in Chromium', needs(existsSync(executablePath), 'Chromium (CHROMIUM_PATH)'), async (t) => {
  const out = temporary(t)
  await compare(data, { out, cache, vpc: [1, 2, 3], seeds: 1, randomDraws: 3, synthesize: 'none' })
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  t.teardown(() => browser.close())
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 390]) {
      const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } })
      const said: string[] = []
      page.on('console', (message) => said.push(message.text()))
      await page.goto(`file://${join(out, 'comparison.html')}`)
      t.equal(await page.locator('.chart > svg').count(), 2)
      const box = await page.locator('.chart > svg').first().boundingBox()
      t.ok(box && box.width >= 520 && box.width <= 760, `a chart ${box?.width} px wide in ${width}`)
      t.equal(await page.locator('.chart').first().locator('.series').count(), 2 * 6, 'line and key a selector')
      t.ok(((await page.evaluate('document.documentElement.scrollWidth')) as number) <= width, 'no sideways scroll')
      t.same(said, [])
      const pictures = process.env.INFOMOTION_PICTURES
      if (pictures)
        await page.screenshot({ path: join(pictures, `comparison-${colorScheme}-${width}.png`), fullPage: true })
      await page.close()
    }
  }
})
