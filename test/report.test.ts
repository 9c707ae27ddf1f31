import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { moduleMap } from 'infomotion/infomap'
import { type Browser, chromium, type Page } from 'playwright-core'
import t from 'tap'
import type { Evaluation, EvaluationRow, Interval, Metrics } from '#lib/evaluate/types.js'
import { html } from '#lib/report/html/html.js'
import { type ReportInput, type ReportItem, writeReport } from '#lib/report/index.js'
import { filmStrip } from '#lib/report/strip.js'
import { encodeNpy } from '#lib/run/npy.js'
import { Random } from '#lib/runtime/random.js'
import { writeClip } from '#lib/video/index.js'
import { decodeJpeg } from '#lib/video/jpeg.js'
import { needs, temporary } from './support.js'

const classes = ['EF < 30', 'EF 30-40', 'EF 40-50', 'EF 50-70', 'EF > 70']
const random = new Random(1, 'report test')

/** A dark disc that beats once a second in speckle of grains of 2 px. */
async function beatingClip(path: string, count: number, fps: number): Promise<string> {
  const side = 112
  const grains = Float32Array.from({ length: (side * side) / 4 }, () => 0.4 + 0.6 * random.uniform())
  const frames = new Uint8Array(count * side * side)
  for (let i = 0; i < frames.length; i++) {
    const x = i % side
    const y = Math.floor(i / side) % side
    const radius = side * (0.22 + 0.08 * Math.cos((2 * Math.PI * Math.floor(i / (side * side))) / fps))
    const luma = Math.hypot(x - side / 2, y - side / 2) < radius ? 30 : 150
    frames[i] = luma * grains[(y >> 1) * (side / 2) + (x >> 1)]
  }
  await writeClip(path, { frames, count, width: side, height: side }, { fps })
  return path
}

/** What a confusion matrix says; the rest of a made-up student follows from it. */
function metrics(confusion: number[][]): Metrics {
  const all = confusion.flat().reduce((a, b) => a + b)
  const recall = confusion.map((row, c) => row[c] / row.reduce((a, b) => a + b))
  const f1 = confusion.map((row, c) => {
    const predicted = confusion.reduce((sum, other) => sum + other[c], 0)
    return (2 * row[c]) / (predicted + row.reduce((a, b) => a + b))
  })
  const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length
  const accuracy = confusion.reduce((sum, row, c) => sum + row[c], 0) / all
  return { accuracy, balancedAccuracy: mean(recall), macroF1: mean(f1), auc: 0.5 + mean(recall) / 2, recall, confusion }
}

const around = (mean: number, half: number): Interval => ({ mean, low: mean - half, high: mean + half })

/** A student that puts `hits` of each class's 20 test clips right and spreads the others beside it. */
function row(
  selector: string,
  features: string,
  clips: number,
  hits: number[][],
  difference?: Interval,
): EvaluationRow {
  const runs = hits.map((right) =>
    metrics(
      right.map((n, c) => {
        const counts = classes.map(() => 0)
        counts[c] = n
        const beside = [c - 1, c + 1].filter((k) => k >= 0 && k < classes.length)
        for (let k = 0; k < 20 - n; k++) counts[beside[k % beside.length]]++
        return counts
      }),
    ),
  )
  const mean = (key: 'accuracy' | 'balancedAccuracy' | 'macroF1') =>
    runs.reduce((sum, run) => sum + run[key], 0) / runs.length
  const result = {
    ...{ selector, features, clips, runs },
    accuracy: around(mean('accuracy'), 0.09),
    balancedAccuracy: around(mean('balancedAccuracy'), 0.085),
    macroF1: around(mean('macroF1'), 0.09),
    auc: around(runs[0].auc!, 0.04),
  }
  return difference ? { ...result, differenceToRandom: difference } : result
}

const evaluation: Evaluation = {
  student: 'linear softmax on motion features',
  testClips: 100,
  chance: 0.2,
  rows: [
    row('infomap', 'motion', 25, [[14, 9, 10, 12, 15]], around(0.083, 0.06)),
    row('kmedoids', 'motion', 25, [[13, 9, 9, 12, 15]], around(0.063, 0.065)),
    row(
      'random',
      'motion',
      25,
      Array.from({ length: 10 }, (_, i) => [12, 8, 7 + (i % 3), 10, 13 - (i % 2)]),
    ),
    row('full', 'motion', 200, [[17, 13, 12, 15, 18]]),
    row('full-balanced', 'motion', 200, [[18, 13, 12, 14, 18]]),
    row('infomap', 'mean-frame', 25, [[4, 5, 4, 5, 4]]),
    row('full', 'mean-frame', 200, [[4, 4, 5, 4, 4]]),
    row('infomap', 'deviation', 25, [[9, 6, 6, 8, 9]]),
    row('full', 'deviation', 200, [[11, 7, 8, 9, 11]]),
    { ...row('majority', 'none', 0, [[0, 0, 0, 20, 0]]), auc: around(0.5, 0) },
  ],
  warnings: ['The test clips are of 12 groups only: the intervals are likely too narrow.'],
}

/** A ring of modules, each smaller than the one before. */
function map(title: string, modules: number): string {
  const flow = Float64Array.from({ length: modules }, (_, m) => (2 * (modules - m)) / (modules * (modules + 1)))
  const sources = Uint32Array.from(flow.keys())
  const links = { sources, targets: sources.map((m) => (m + 1) % modules), flow: flow.map((f) => f / 9) }
  return moduleMap({ flow, exit: links.flow }, links, { title })
}

function input(items: ReportItem[], more: Partial<ReportInput> = {}): ReportInput {
  return {
    dataSet: 'phantom-echo',
    layout: 'echonet',
    synthetic: true,
    selector: 'infomap',
    effectiveSampleSize: 22.5,
    classes: classes.map((name, c) => ({
      name,
      clips: [31, 38, 42, 52, 37][c],
      modules: [4, 6, 7, 9, 5][c],
      merged: [4, 5, 5, 5, 5][c],
      selected: 5,
      codelength: 4.1 + 0.173 * c,
      isolated: c === 2 ? 1 : 0,
    })),
    maps: classes.map((name, c) => map(name, [4, 6, 7, 9, 5][c])),
    items,
    evaluation,
    majority: { class: 'EF 50-70', accuracy: 0.2 },
    skipped: [{ path: '0XDAMAGED.avi', reason: 'VIDEO_EMPTY: no frames' }],
    warnings: ['Class "EF < 30" has 4 modules for 5 clips: quotas follow the square root of flow.'],
    notices: [],
    timings: [
      { stage: 'features', seconds: 21.4, cpuSeconds: 40.1 },
      { stage: 'infomap', seconds: 0.31, cpuSeconds: 0.31 },
      { stage: 'evaluate', seconds: 8.02, cpuSeconds: 15.5 },
    ],
    options: { vpc: 5, seed: 1, neighbours: 10, classes: 'ef5', strict: false },
    versions: { node: '20.19.0', infomotion: '0.1.0' },
    ...more,
  }
}

const named = (path: string) => ({ path, parents: [path] })

/** Five clips a class; as the frames differ little in what a page makes of them, all share three files. */
async function phantomItems(dir: string, perClass = 5): Promise<ReportItem[]> {
  const files = await Promise.all(
    [35, 50, 80].map((fps) => beatingClip(join(dir, `${fps}.avi`), Math.round(fps * 2.2), fps)),
  )
  return classes.flatMap((name, c) =>
    Array.from({ length: perClass }, (_, rank) => ({
      ...named(`0X${(0x1a2b3c + 7919 * (perClass * c + rank)).toString(16).toUpperCase()}.avi`),
      label: (22.4 + 11.3 * c + 1.7 * rank).toFixed(1),
      class: name,
      weight: 0.4 + 0.3 * rank,
      module: rank,
      visitRate: 0.031 / (rank + 1),
      rank,
      file: files[(c + rank) % files.length],
    })),
  )
}

t.test('markup: what is interpolated is escaped, in text and in attributes', async (t) => {
  const evil = `"><script>alert('x')</script>&\``
  const made = html`<p title="${evil}">${[evil, html`<b>${evil}</b>`]}</p>`.text
  t.notMatch(made, /<script|alert\('/)
  t.equal(made.match(/</g)?.length, 4, 'only the template has tags')
  t.equal(html`${0}${false}${undefined}${null}`.text, '0')
})

t.test('film strip: at most 48 frames of 112 px, for two seconds, at the speed of life', async (t) => {
  const clip = (count: number, width: number, height: number, fps: number) => ({
    ...{ count, width, height, fps, backend: 'mjpeg' as const, damagedFrames: 0, warnings: [] },
    frames: Uint8Array.from({ length: count * width * height }, (_, i) => Math.floor(i / (width * height)) % 256),
  })
  const { jpeg, ...fast } = await filmStrip(clip(175, 32, 24, 50))
  t.same(fast, { width: 32, height: 24, frames: 48, columns: 8, fps: 25 })
  t.same([...jpeg.subarray(0, 2)], [0xff, 0xd8])
  const { jpeg: _, ...wide } = await filmStrip(clip(5, 640, 480, 10))
  t.same(wide, { width: 112, height: 84, frames: 5, columns: 5, fps: 10 })
})

t.test('film strips are of frames as the features saw them', async (t) => {
  const folder = temporary(t)
  const file = join(folder, 'clip.npy')
  const [width, height, count] = [64, 48, 12]
  const frames = Uint8Array.from({ length: count * width * height }, (_, i) => {
    const [x, y, f] = [i % width, Math.floor(i / width) % height, Math.floor(i / width / height)]
    if (x >= 12 && x < 52 && y >= 6 && y < 40) return 60 + ((x * 7919 + y * 104729 + f * 15485863) % 61)
    return y >= 44 && x > 20 && x < 40 ? 200 : 0 // a line of letters
  })
  writeFileSync(file, encodeNpy(frames, [count, height, width]))
  const [item] = await phantomItems(folder, 1)
  const pageOf = async (decoding?: ReportItem['decoding']) => {
    const dir = join(folder, String(decoding?.mask))
    const { html, json } = await writeReport(dir, input([{ ...item, file, decoding }]))
    t.notMatch(readFileSync(json, 'utf8'), /decoding/)
    return readFileSync(html, 'utf8')
  }
  const [plain, masked] = [await pageOf(), await pageOf({ mask: 'sector', fps: 12 })]
  t.match(plain, /data-fps="30"/)
  t.match(masked, /data-fps="12"/)
  const jpegOf = (page: string) => Buffer.from(/data:image\/jpeg;base64,([^"]+)/.exec(page)?.[1] ?? '', 'base64')
  const brightest = async (page: string) => {
    const { pixels, width: across } = await decodeJpeg(jpegOf(page))
    return Math.max(...Array.from({ length: 20 }, (_, x) => pixels[46 * across + 20 + x]))
  }
  t.ok((await brightest(plain)) > 150 && (await brightest(masked)) < 30, 'letters are masked')
})

t.test('report.json: every number, keys in their order, no absolute path', async (t) => {
  const dir = temporary(t)
  const items = await phantomItems(dir, 1)
  const paths = await writeReport(join(dir, 'out'), input(items))
  const text = readFileSync(paths.json, 'utf8')
  const report = JSON.parse(text)
  t.same(
    Object.keys(report).join(' '),
    'schema dataSet selector effectiveSampleSize summary classes items majority evaluation skipped clipWarnings warnings notices timings options versions',
  )
  t.same(report.evaluation, JSON.parse(JSON.stringify(evaluation)))
  t.same(
    Object.keys(report.items[0]).join(' '),
    'path label class weight module flow visitRate rank parents',
    'and the visit rate also by its older name',
  )
  t.equal(report.items[0].flow, report.items[0].visitRate)
  t.same(Object.keys(report.options), ['classes', 'neighbours', 'seed', 'strict', 'vpc'])
  t.same(report.summary, [
    '5 clips chosen from 200 in 5 classes train a better student than a random choice of as many: ' +
      '+8.3 points of balanced accuracy (95 % interval +2.3 to +14.3).',
    'Balanced accuracy on 100 test clips: 60.0 %. Beside it: random selection 50.4 %, ' +
      'k-medoids 58.0 % (+6.3 points to random), all training clips 75.0 %, chance 20.0 %.',
    'Plain accuracy: 60.0 %; always answering the majority class (EF 50-70) has 20.0 %.',
  ])
  t.notOk(text.includes(dir), 'report.json names no folder of this machine')
  t.notOk(readFileSync(paths.html, 'utf8').includes(dir), 'report.html names no folder of this machine')
  await t.rejects(writeReport(dir, input([{ ...items[0], path: items[0].file! }])), { code: 'INVALID_ARGUMENT' })
  await t.rejects(writeReport(dir, input([{ ...items[0], parents: [dir] }])), { code: 'INVALID_ARGUMENT' })
  await t.rejects(writeReport(dir, input([], { options: { cache: dir } })), { code: 'INVALID_ARGUMENT' })
  await t.rejects(writeReport(dir, input(items), { signal: AbortSignal.abort() }), { code: 'ABORTED' })
})

t.test('summary: an interval over zero is no win, and without students there is no number', async (t) => {
  const dir = temporary(t)
  const summary = async (more: Partial<ReportInput>): Promise<string[]> =>
    JSON.parse(readFileSync((await writeReport(dir, input([], more))).json, 'utf8')).summary
  const [first, ...others] = evaluation.rows
  const unsure = { ...first, differenceToRandom: around(0.02, 0.05) }
  t.match((await summary({ evaluation: { ...evaluation, rows: [unsure, ...others] } }))[0], 'cannot be told from one')
  const worse = { ...first, differenceToRandom: around(-0.06, 0.05) }
  t.match((await summary({ evaluation: { ...evaluation, rows: [worse, ...others] } }))[0], 'train a worse student')
  t.same(await summary({ evaluation: undefined }), [
    '0 clips chosen from 200 in 5 classes. No student was evaluated in this run.',
  ])
})

t.test('made clips are told from clips of the source, with what they are made of', async (t) => {
  const dir = temporary(t)
  const [first, ...others] = await phantomItems(dir, 1)
  const made = { ...first, kind: 'made' as const, parents: ['a.avi', 'b.avi'], targets: [0.5, 0.5, 0, 0, 0] }
  const paths = await writeReport(dir, input([made, ...others]))
  const report = JSON.parse(readFileSync(paths.json, 'utf8'))
  t.match(report.items[0], { kind: 'made', parents: ['a.avi', 'b.avi'], targets: made.targets })
  t.match(report.summary[0], /^5 clips, 1 of them made, distilled from 200 in 5 classes train a better/)
  const page = readFileSync(paths.html, 'utf8')
  t.match(page, /<dt>Made of<\/dt><dd class="path">a\.avi, b\.avi<\/dd>/)
  t.equal(page.match(/Made of/g)?.length, 1)
  t.equal(page.match(/data-frames=/g)?.length, 5, 'all can be played')
})

t.test('report.html: text from the data stays text', async (t) => {
  const dir = temporary(t)
  const evil = `</script><img src=x onerror="alert(1)">'"`
  const item = {
    ...{ path: evil, label: evil, class: evil, weight: 1, module: 0, visitRate: 0.1, rank: 0 },
    ...{ parents: [evil], kind: 'made' as const },
  }
  const page = await writeReport(
    dir,
    input([item], {
      dataSet: evil,
      classes: [{ name: evil, clips: 9, modules: 2, merged: 2, selected: 1, codelength: 1, isolated: 0 }],
      majority: { class: evil, accuracy: 0.2 },
      ...{ warnings: [evil], notices: [evil], skipped: [{ path: evil, reason: evil }] },
      clipWarnings: [{ path: evil, kind: evil, text: evil }],
      ...{
        timings: [{ stage: evil, seconds: 1, cpuSeconds: 1 }],
        options: { [evil]: evil },
        versions: { [evil]: evil },
      },
    }),
  )
  const text = readFileSync(page.html, 'utf8')
  t.equal(text.match(/<script/g)?.length, 1)
  t.equal(text.match(/<img/g), null)
  t.notMatch(text, /onerror="/)
})

t.test('report.html: stands alone, and says what the data are', async (t) => {
  const dir = temporary(t)
  const items = await phantomItems(dir)
  const write = async (more: Partial<ReportInput>) =>
    readFileSync((await writeReport(dir, input(items, more))).html, 'utf8')
  const page = await write({})
  t.equal(page.match(/<svg [^>]*class="module-map"/g)?.length, 5, 'a map of the modules of each class')
  t.notMatch(await write({ maps: undefined }), /module-map"/)
  t.notMatch(
    page,
    /(src|href)="?(https?:|\/)|url\(|@import|\son[a-z]+=|\sstyle=/,
    'no address, no inline handler or style',
  )
  const policy = page.replaceAll('&#39;', "'")
  t.match(policy, /default-src 'none'; img-src data:; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; base-uri/)
  t.match(page, /after<\/em> InfoMotion \(arXiv 2512\.09422\)/)
  t.notMatch(page, /reproduc/)
  t.match(page, 'cannot be compared', 'the paper\u2019s accuracy stands only with this')
  t.match(page, 'Synthetic phantom data: drawn by a program')
  t.match(await write({ synthetic: false }), 'must not be passed on')
  t.notMatch(await write({ synthetic: false, items: [] }), 'must not be passed on')
  t.ok(
    page.length > 25 * 48 * 500 && page.length < 6e6,
    `25 clips of 48 frames in ${(page.length / 1e6).toFixed(1)} MB`,
  )
  const broken = await write({ items: [{ ...items[0], file: join(dir, 'missing.avi') }] })
  t.match(broken, 'Frames could not be read (VIDEO_NOT_FOUND)')
  const file = join(dir, 'tiny.avi')
  await writeClip(file, { frames: new Uint8Array(128), count: 2, width: 8, height: 8 }, { fps: 10 })
  const many = await write({
    items: Array.from({ length: 102 }, (_, rank) => ({ ...items[0], rank: 101 - rank, file })),
  })
  t.equal(many.match(/<canvas/g)?.length, 100, 'a page has a bound')
  t.equal(many.match(/Listed only/g)?.length, 2)
})

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'

t.test('report.html in Chromium', needs(existsSync(executablePath), 'Chromium (CHROMIUM_PATH)'), async (t) => {
  const dir = temporary(t)
  const { html: path } = await writeReport(dir, input(await phantomItems(dir, 2)))
  const flags =
    '--no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update --disable-sync'
  const browser = await chromium.launch({ executablePath, args: flags.split(' ') })
  t.teardown(() => browser.close())

  t.test('plays, and breaks no policy', async (t) => {
    const { page, said } = await open(browser, path)
    await page.waitForSelector('#play-all', { state: 'visible' })
    t.equal(await page.locator('canvas:visible').count(), 10)
    await page.locator('#clips').scrollIntoViewIfNeeded()
    const first = page.locator('button.screen').first()
    await first.scrollIntoViewIfNeeded()
    const before = await pixels(page)
    t.ok(
      before.every(({ deviation }) => deviation > 10),
      'no canvas is blank',
    )
    await page.waitForFunction((sum) => sumOfFirst() !== sum, before[0].sum, { timeout: 5000 })
    await page.getByRole('button', { name: 'Pause all' }).press('Enter')
    const paused = (await pixels(page))[0].sum
    await page.waitForTimeout(200)
    t.equal((await pixels(page))[0].sum, paused, 'a paused clip stands')
    await first.press('ArrowRight')
    t.not((await pixels(page))[0].sum, paused, 'an arrow key steps')
    await first.press('Space')
    t.equal(await first.getAttribute('aria-pressed'), 'true')
    t.equal(await page.locator('#play-all').textContent(), 'Pause all')
    t.same(said, [], 'nothing on the console')
    await page.close()
  })

  t.test('shows first frames without scripts', async (t) => {
    const page = await browser.newPage({ javaScriptEnabled: false })
    await page.goto(`file://${path}`)
    const strip = await page.locator('button.screen img').first().boundingBox()
    t.same([strip?.width, strip?.height], [112, 112])
    t.equal(await page.locator('canvas:visible, #play-all:visible').count(), 0)
    await page.close()
  })

  t.test('stands still where the reader wants less motion', async (t) => {
    const { page } = await open(browser, path, { reducedMotion: 'reduce' })
    await page.getByRole('button', { name: 'Play all' }).waitFor()
    t.equal(await page.locator('button.screen[aria-pressed="true"]').count(), 0)
    await page.close()
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 1024, 390]) {
      t.test(`reads well: ${colorScheme}, ${width} px`, async (t) => {
        const { page, said } = await open(browser, path, { colorScheme, viewport: { width, height: 900 } })
        await page.waitForSelector('#play-all', { state: 'visible' })
        t.ok(
          ((await page.evaluate('document.documentElement.scrollWidth')) as number) <= width,
          'the page does not scroll sideways',
        )
        if (width >= 1024) {
          const wide = "[...document.querySelectorAll('.scroll')].filter((e) => e.scrollWidth > e.clientWidth).length"
          t.equal(await page.evaluate(wide), 0, 'nor does a table')
        }
        t.same(await poorContrast(page), [], 'text stands out from its ground by 4.5 to 1')
        t.same(said, [])
        const pictures = process.env.INFOMOTION_PICTURES
        if (pictures) {
          mkdirSync(pictures, { recursive: true })
          await page.screenshot({ path: join(pictures, `report-${colorScheme}-${width}.png`), fullPage: true })
        }
        await page.close()
      })
    }
  }
})

/** Runs in the page. */
declare function sumOfFirst(): number

async function open(browser: Browser, path: string, options: Parameters<Browser['newPage']>[0] = {}) {
  const page = await browser.newPage(options)
  const said: string[] = []
  page.on('console', (message) => said.push(message.text()))
  page.on('pageerror', (error) => said.push(error.message))
  page.on('request', (request) => {
    if (!/^(file|data):/.test(request.url())) said.push(`asked for ${request.url()}`)
  })
  await page.goto(`file://${path}`)
  await page.evaluate(`
    globalThis.lumas = (canvas) => {
      const { width, height } = canvas
      const copy = Object.assign(document.createElement('canvas'), { width, height })
      const context = copy.getContext('2d', { willReadFrequently: true })
      context.drawImage(canvas, 0, 0)
      const { data } = context.getImageData(0, 0, width, height)
      return Array.from({ length: data.length / 4 }, (_, i) => data[4 * i])
    }
    globalThis.sumOfFirst = () => lumas(document.querySelector('canvas')).reduce((a, b) => a + b)
  `)
  return { page, said }
}

/** What the canvases show: the sum of the lumas, and their standard deviation. */
function pixels(page: Page): Promise<{ sum: number; deviation: number }[]> {
  return page.evaluate(`[...document.querySelectorAll('canvas')].map((canvas) => {
    const values = lumas(canvas)
    const sum = values.reduce((a, b) => a + b)
    const mean = sum / values.length
    return { sum, deviation: Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length) }
  })`)
}

/** Texts whose contrast ratio (WCAG 2.2) to the ground behind them is below 4.5. */
function poorContrast(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    const paint = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', { willReadFrequently: true })
    const rgba = (color) => {
      paint.clearRect(0, 0, 1, 1)
      paint.fillStyle = color
      paint.fillRect(0, 0, 1, 1)
      return [...paint.getImageData(0, 0, 1, 1).data]
    }
    const luminance = (color) => {
      const [r, g, b] = rgba(color).map((v) => (v / 255 <= 0.04045 ? v / 3294.6 : ((v / 255 + 0.055) / 1.055) ** 2.4))
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const ground = (element) => {
      for (let e = element; e; e = e.parentElement) {
        const color = getComputedStyle(e).backgroundColor
        if (rgba(color)[3] === 255) return color
      }
      return 'white'
    }
    const poor = []
    for (const element of document.querySelectorAll('body *')) {
      const text = [...element.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data.trim()).join('')
      if (!text || element.closest('script, noscript, svg')) continue
      const [high, low] = [luminance(getComputedStyle(element).color), luminance(ground(element))].sort((a, b) => b - a)
      const ratio = (high + 0.05) / (low + 0.05)
      if (ratio < 4.5) poor.push(element.className + ' "' + text.slice(0, 30) + '" ' + ratio.toFixed(2))
    }
    return [...new Set(poor)]
  })()`)
}
