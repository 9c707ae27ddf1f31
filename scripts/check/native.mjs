// The C++ and CUDA sources are formatted as .clang-format says, and clang-tidy finds nothing of what .clang-tidy lists.
// Part of `npm run lint`; `node scripts/check/native.mjs --fix` formats. Both tools come with Debian (scripts/
// debian-packages.sh); without them this is skipped, and says so, but in CI (CI=true or INFOMOTION_NO_SKIP=1) it fails.
// What has passed clang-tidy once, with the same headers and checks, is not looked at again (build/tidy/).
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pMap from 'p-map'
import { libjpegTurbo } from '../libjpeg-turbo.mjs'

process.chdir(fileURLToPath(new URL('../..', import.meta.url)))
const fix = process.argv.includes('--fix')
const strict = process.env.CI === 'true' || process.env.INFOMOTION_NO_SKIP === '1'
const PASSED = 'build/tidy'
const { standard, defines, core, node, video } = JSON.parse(readFileSync('native/sources.json', 'utf8'))
const FLAGS = [
  `-std=c++${standard}`,
  ...defines.map((define) => `-D${define}`),
  '-Inative/core',
  ...[
    'node_modules/node-addon-api',
    'node_modules/node-api-headers/include',
    join(libjpegTurbo(process.arch).LIBJPEG_TURBO_BUILD, 'prefix', 'include'),
  ].flatMap((path) => ['-isystem', path]),
]

if (has('clang-format')) checkFormat()
if (has('clang-tidy') && !fix) await checkTidy()

/** The version of the tool. undefined: it is not there, which was said. */
function has(tool) {
  const { stdout } = spawnSync(tool, ['--version'], { encoding: 'utf8' })
  if (stdout) return stdout
  console.error(`${strict ? 'FAILED' : 'SKIPPED'}: ${tool} is not installed (bash scripts/debian-packages.sh ${tool})`)
  if (strict) process.exitCode = 1
}

function checkFormat() {
  const files = readdirSync('native', { recursive: true }).filter((file) => /\.(h|cc|cu|inc)$/.test(file))
  const paths = files.map((file) => join('native', file))
  const { status } = spawnSync(
    'clang-format',
    ['--style=file', ...(fix ? ['-i'] : ['--dry-run', '-Werror']), ...paths],
    {
      stdio: 'inherit',
    },
  )
  if (status === 0) return
  console.error('Not formatted: node scripts/check/native.mjs --fix')
  process.exitCode = 1
}

async function checkTidy() {
  const common = [has('clang-tidy'), readFileSync('.clang-tidy'), FLAGS.join(' ')]
  const keys = new Map(
    [...core, ...node, ...video.core, ...video.node].map((file) => [
      join('native', file),
      key(join('native', file), common),
    ]),
  )
  mkdirSync(PASSED, { recursive: true })
  for (const old of readdirSync(PASSED)) if (![...keys.values()].includes(old)) rmSync(join(PASSED, old))
  const waiting = [...keys.keys()].filter((path) => !existsSync(join(PASSED, keys.get(path))))
  await pMap(waiting, look, { concurrency: availableParallelism() })

  async function look(path) {
    const { status, output } = await tidy(path)
    if (status === 0) return writeFileSync(join(PASSED, keys.get(path)), '')
    console.error(`${path}: clang-tidy ended with ${status}\n${output}`)
    process.exitCode = 1
  }
}

function tidy(path) {
  return new Promise((resolve, reject) => {
    const child = spawn('clang-tidy', ['--quiet', '--warnings-as-errors=*', path, '--', ...FLAGS])
    let output = ''
    child.stdout.on('data', (data) => (output += data))
    child.stderr.on('data', (data) => (output += data))
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, output }))
  })
}

/** A name for the text of the file, all headers of ours that it includes, and what it is checked with. */
function key(path, common) {
  const hash = createHash('sha256')
  for (const part of common) hash.update(part)
  const seen = new Set()
  add(path)
  return hash.digest('hex').slice(0, 32)

  function add(file) {
    if (seen.has(file)) return
    seen.add(file)
    const text = readFileSync(file, 'utf8')
    hash.update(text)
    for (const [, name] of text.matchAll(/^\s*#include "([^"]+)"/gm)) {
      const found = [join(dirname(file), name), join('native/core', name)].find((candidate) => existsSync(candidate))
      if (found !== undefined) add(found)
    }
  }
}
