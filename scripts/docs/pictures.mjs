// `node scripts/docs/pictures.mjs`, after `npm run demo`: the pictures of README.md and docs/report.md, taken of the demo's
// report and of a comparison on its data (which is run first where it is missing). Needs Chromium (CHROMIUM_PATH).
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

const root = fileURLToPath(new URL('../..', import.meta.url))
const report = join(root, 'demo', 'distilled', 'report.html')
const comparison = join(root, 'demo', 'comparison')
if (!existsSync(report)) throw new Error(`Expected the demo's report at ${report}: npm run demo makes it.`)
if (!existsSync(join(comparison, 'comparison.html'))) {
  const options = ['--vpc', '2,5', '--seeds', '3', '--random-draws', '5', '--cache', join(root, 'demo/distilled/cache')]
  const args = ['dist/cli.js', 'compare', 'demo/phantom', '--out', comparison, ...options]
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
try {
  // still: otherwise every picture is of another moment of the clips
  const page = await browser.newPage({ viewport: { width: 1100, height: 1130 }, reducedMotion: 'reduce' })
  const take = (name, from) =>
    page.screenshot({ path: join(root, 'docs', name), fullPage: true, clip: { x: 0, width: 1100, ...from } })
  const top = (selector) =>
    page
      .locator(selector)
      .first()
      .evaluate((element) => element.getBoundingClientRect().top)

  await page.goto(pathToFileURL(report).href)
  await page.waitForSelector('#play-all', { state: 'visible' })
  await take('report.png', { y: 0, height: 1035 })
  await take('report-clips.png', { y: await top('#clips'), height: 765 })
  await page.goto(pathToFileURL(join(comparison, 'comparison.html')).href)
  await take('comparison.png', { y: 0, height: 910 })
} finally {
  await browser.close()
}
