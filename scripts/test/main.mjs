// `npm test`: builds what is out of date, then runs every test, TypeScript and C++ alike (test/native.test.ts runs the
// core's). `npm test -- flow infomap` runs the files whose names contain a word, `npm test -- --fast` all but the slow ones,
// `--jobs N` that many at once (2). One line a file, each failure with its difference, then the skipped tests by name; the
// last line is "N passed, M failed[, K skipped]", counted from the TAP that the tests printed, which is all in build/test.tap.
// A file fails that ends badly, too late, or without a test. INFOMOTION_NO_SKIP=1 makes skipped tests fail.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pMap from 'p-map'
import { build, root } from '../build.mjs'
import { runFile, stopAll } from './file.mjs'
import { reporter } from './reporter.mjs'
import { SLOW } from './slow.mjs'

const LOG = 'build/test.tap'
const { values, positionals: words } = parseArgs({
  allowPositionals: true,
  options: { fast: { type: 'boolean', default: false }, jobs: { type: 'string', default: '2' } },
})
process.chdir(root)
await build('addon', 'library', 'tests', 'core')

// The sources are what counts: a test whose source was deleted lies compiled in build/test/ still.
const names = readdirSync('test', { recursive: true })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => file.slice(0, -'.test.ts'.length))
  .sort()
const strangers = Object.keys(SLOW).filter((name) => !names.includes(name))
if (strangers.length > 0)
  throw new Error(`scripts/test/slow.mjs names tests that are not there: ${strangers.join(', ')}`)
const chosen = names
  .filter((name) => words.length === 0 || words.some((word) => name.includes(word)))
  .filter((name) => !values.fast || !(name in SLOW))
  .sort((a, b) => (SLOW[b] ?? 0) - (SLOW[a] ?? 0)) // the longest first, so that none of them runs alone at the end

mkdirSync('build', { recursive: true })
writeFileSync(LOG, 'TAP version 14\n')
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    stopAll()
    process.exit(signal === 'SIGINT' ? 130 : 143)
  })
const report = reporter(LOG, { strict: process.env.INFOMOTION_NO_SKIP === '1' })
await pMap(chosen, async (name) => report.file(name, await runFile(join('build/test/test', `${name}.test.js`))), {
  concurrency: Number(values.jobs),
})
if (values.fast && words.length === 0) console.log(`left out as slow: ${Object.keys(SLOW).join(', ')}`)
process.exitCode = report.end() ? 0 : 1
