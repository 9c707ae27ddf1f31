// `npm run fuzz:native -- [--seconds 600 | --runs N] [--target NAME]`: the native readers and the map equation
// (native/fuzz/) under libFuzzer with AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer, each for so many
// seconds, or for so many inputs that are the same every time. Needs clang++. Ends with status 1 at the first failure,
// whose input lies in build/fuzz/; by seconds the corpus grows from run to run.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { build, root } from '../build.mjs'

process.chdir(root)
const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '600' }, runs: { type: 'string' }, target: { type: 'string' } },
})
const { fuzz, video } = JSON.parse(readFileSync('native/sources.json', 'utf8'))
const targets = [...fuzz, ...video.fuzz]
  .map((file) => basename(file, '.cc'))
  .filter((name) => !values.target || name === values.target)
const { seconds, runs } = values
if (targets.length === 0 || ![seconds, runs ?? '1'].every((value) => /^[1-9]\d*$/.test(value))) {
  console.error('Expected --seconds or --runs (a whole number) and --target (a program of native/fuzz/).')
  process.exit(2)
}

await build('fuzz')

/** Frames of a small clip, each behind the byte that makes it a JPEG as luma or as it is stored, and two of them as an AVI. */
function videoSeeds() {
  const file = readFileSync('test/fixtures/video/jpegs.avi', 'latin1')
  const jpegs = file
    .split('00dc')
    .slice(1)
    .map((chunk) => chunk.slice(4))
  const headers = file.slice(0, file.indexOf('00dc'))
  const chunk = (jpeg) => `00dc${String.fromCharCode(jpeg.length & 255, jpeg.length >> 8, 0, 0)}${jpeg}`
  const small = jpegs.map((jpeg) => jpeg.slice(0, 2 * Math.floor(jpeg.length / 2))).sort((a, b) => a.length - b.length)
  return [`\0${small[0]}`, `\x01${small[1]}`, `\x02${headers}${chunk(small[0])}${chunk(small[0])}`]
}

/** Good files, from which the fuzzer makes bad ones; their first byte chooses the reader and the pieces. */
const seeds = {
  video_fuzz: videoSeeds(),
  infomap_reader_fuzz: [
    '\x7e*Vertices 4\n1 "left one"\n2 b 0.5\n*Bipartite 3\n# comment\n1 3 0.1\r\n\n4\t2 2e-3\n',
    '\x02# comment\n1 2\n2 3 0.5\n3 1 1e-3\n10 3000000000 .25\n9007199254740991 1 12345678901234567890\n',
    '\x010:1 0.5 "a" 0\n1:1:1 0.25 "b c" 1\n1:2:1 0 c 2\n2:1 0 d 3\n*Links undirected\n1 2 0.5\n',
    '\x00# node_id module flow\n0 1 0.5\n1 2\n2 2 1e-9\n3 9\n',
  ],
}
for (const target of targets) {
  const corpus = join('build/fuzz', `${target}-corpus${runs ? '-fixed' : ''}`)
  if (runs) rmSync(corpus, { recursive: true, force: true })
  mkdirSync(corpus, { recursive: true })
  for (const [i, text] of (seeds[target] ?? []).entries()) writeFileSync(join(corpus, `seed-${i}`), text, 'latin1')
  console.log(`${target}: ${runs ? `${runs} inputs` : `${seconds} s`}`)
  const options = [
    ...(runs ? ['-seed=1', `-runs=${runs}`] : [`-max_total_time=${seconds}`]),
    '-len_control=0',
    `-max_len=${target === 'video_fuzz' ? 4096 : 2048}`,
    '-timeout=20',
    '-rss_limit_mb=2048',
  ]
  const { status, stderr } = spawnSync(
    join('build/fuzz', target),
    [...options, '-print_final_stats=1', `-artifact_prefix=build/fuzz/${target}-`, corpus],
    { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8', maxBuffer: 2 ** 28 },
  )
  const said = stderr.trimEnd().split('\n')
  if (status !== 0) {
    console.error(said.slice(-60).join('\n'))
    process.exit(1)
  }
  const number = (name) => Number(said.find((line) => line.startsWith(`stat::${name}:`))?.split(/\s+/)[1])
  console.log(`${target}: ${number('number_of_executed_units')} inputs, no failure`)
}
