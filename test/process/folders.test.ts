import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writePhantom } from 'infomotion'
import t from 'tap'
import { sha256 } from '#lib/run/store.js'
import { Random } from '#lib/runtime/random.js'
import { cli, fixture, infomotion, needs, root, temporary } from '../support.js'

// What a batch job meets at night: a full disk, a read-only folder, a cache of another version, a second run.

t.setTimeout(600_000)

/** The time that a run took, the one thing in its results that is another at every run. */
const SECONDS = /"seconds": [\d.]+/

const folder = temporary(t)
const data = join(folder, 'phantom')
const cache = join(folder, 'cache')
const whole = join(folder, 'whole')
const vpc = ['--vpc', '2', '--random-draws', '1', '--json']

t.before(async () => {
  await writePhantom(data, { train: 20, test: 10, seed: 6 })
  await infomotion(['distill', data, '--out', whole, '--cache', cache, ...vpc])
})

/** Runs shell lines in a mount namespace of their own, where `disk` is a memory file system of that size. */
function onDisk(disk: string, size: string, lines: string[]): Promise<string[]> {
  mkdirSync(disk, { recursive: true })
  const script = [`mount -t tmpfs -o size=${size} tmpfs ${disk}`, ...lines].join('\n')
  return new Promise((resolve, reject) => {
    execFile('unshare', ['-rm', 'sh', '-c', script], { maxBuffer: 2 ** 26 }, (error, out, err) => {
      if (error && out === '') reject(new Error(err))
      else resolve(out.trim().split('\n'))
    })
  })
}

function canMount(): boolean {
  try {
    execFileSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const clip = () => join(data, 'Videos', readdirSync(join(data, 'Videos'))[0])
const run = (...args: string[]) => `${process.execPath} ${cli} ${args.join(' ')} 2>/dev/null`
const mountable = needs(canMount(), 'mount namespaces (unshare -rm)')

t.test('a full disk: a named error, nothing half-written, and the same command goes on', mountable, async (t) => {
  const disk = join(folder, 'disk')
  const out = join(disk, 'out')
  const list = (what: string) => `ls -A ${what} 2>/dev/null | tr '\\n' ' '; echo`
  const distil = run('distill', data, '--out', out, ...vpc)
  const warm = run('distill', data, '--out', out, '--cache', cache, ...vpc)
  const said = await onDisk(disk, '64k', [
    distil, // no room for the features
    list(`${out} ${out}/cache/*`),
    `rm -r ${out}; mount -o remount,size=1m ${disk}`,
    warm, // no room for the clips
    list(out),
    `mount -o remount,size=64m ${disk}`,
    warm,
    `cat ${out}/manifest.json | sha256sum`,
    list(out),
  ])
  for (const failure of [said[0], said.find((line, i) => i > 0 && line.startsWith('{"error'))!]) {
    const { code, message } = JSON.parse(failure).error
    t.equal(code, 'ENOSPC')
    t.match(message, /^Could not write .*the disk is full. Free space, then run the same command again/)
  }
  const left = said.slice(0, -3).filter((line) => !line.startsWith('{'))
  t.notMatch(left.join(' '), /manifest|FileList|report|student|jsonl|\.tmp|partial|\.lock/, 'nothing half-written')
  const digest = execFileSync('sha256sum', { input: readFileSync(join(whole, 'manifest.json')), encoding: 'utf8' })
  t.ok(said.includes(digest.trim()), 'the manifest of a run that had room')
  t.equal(said.at(-1)!.trim(), readdirSync(whole).sort().join(' '))
})

t.test('a full disk: no command leaves half a file', mountable, async (t) => {
  const disk = join(folder, 'small')
  const network = join(folder, 'ring.txt')
  writeFileSync(network, Array.from({ length: 10_000 }, (_, i) => `${i} ${(i + 1) % 10_000}`).join('\n'))
  const said = await onDisk(disk, '64k', [
    run('flow', clip(), '-o', join(disk, 'a.npy'), '--json'),
    run('compare', data, '--out', disk, '--cache', cache, '--vpc', '1', '--selectors', 'infomap', ...vpc.slice(2)),
    run('phantom', join(disk, 'p'), '--train', '1', '--test', '0', '--json'),
    // tables of 400 KB
    run('infomap', network, '--two-level', '-N', '1', '--tree', join(disk, 'a.tree'), '--json'),
    run(
      'infomap',
      network,
      '--two-level',
      '-N',
      '1',
      '--map',
      join(disk, 'a.svg'),
      '--clu',
      join(disk, 'b.clu'),
      '--json',
    ),
    `find ${disk} -type f | grep -v -e phantom.json -e README.txt -e comparison.html -e .infomotion-comparison.json; echo end`,
  ])
  t.equal(said.length, 6, said.join('\n'))
  for (const line of said.slice(0, -1)) {
    const { code, message } = JSON.parse(line).error
    t.match({ code, message }, { code: 'ENOSPC', message: /the disk is full/ })
  }
  t.equal(said.at(-1), 'end')
})

t.test('read-only: a folder is refused by name, a complete cache serves', mountable, async (t) => {
  const disk = join(folder, 'read-only')
  const network = fixture('networks', 'ring_of_cliques_30x5.txt')
  const said = await onDisk(disk, '64m', [
    `mkdir ${disk}/out; cp -r ${cache} ${disk}/cache; mount -o remount,ro ${disk}`,
    run('distill', data, '--out', join(folder, 'from-read-only'), '--cache', join(disk, 'cache'), ...vpc),
    run('distill', data, '--out', join(disk, 'out'), ...vpc),
    run('compare', data, '--out', join(disk, 'new', 'out'), '--json'),
    run('phantom', join(disk, 'new', 'phantom'), '--train', '1', '--test', '0', '--json'),
    run('flow', clip(), '-o', join(disk, 'a.npy'), '--json'),
    run('flow', clip(), '--colour', '-o', join(disk, 'new', 'a.avi'), '--json'),
    run('infomap', network, '--tree', join(disk, 'a.tree'), '--json'),
    run('infomap', network, '--map', join(disk, 'new', 'a.svg'), '--json'),
  ])
  t.equal(JSON.parse(said[0]).selected, 10)
  t.equal(said.length, 8)
  for (const line of said.slice(1)) {
    const { code, message } = JSON.parse(line).error
    t.equal(code, 'EROFS')
    t.match(message, /^Could not write .*read-only\/.*: the file system is read-only. Choose another folder/)
  }
})

t.test('a place where no folder can be: a named error', async (t) => {
  symlinkSync('loop', join(folder, 'loop'))
  for (const [out, code] of [
    ['/proc/none/out', 'ENOENT'],
    [join(clip(), 'out'), 'ENOTDIR'],
    [clip(), 'EEXIST'],
    [join(folder, 'x'.repeat(300)), 'ENAMETOOLONG'],
    [join(folder, 'loop', 'out'), 'ELOOP'],
  ]) {
    const { status, out: said } = await infomotion(['distill', data, '--out', out, ...vpc], {}, { timeout: 30_000 })
    t.equal(status, 1)
    t.match(JSON.parse(said).error, { code, message: /^Could not write .*Choose another/ })
  }
})

t.test("a folder of somebody else's: refused before any work, and left as it was", async (t) => {
  for (const [name, theirs] of [
    ['report.html', join(folder, 'theirs')],
    ['FileList.csv', join(folder, 'theirs too')],
  ]) {
    mkdirSync(theirs)
    writeFileSync(join(theirs, name), 'not ours')
    const { out } = await infomotion(['distill', data, '--out', theirs, ...vpc])
    t.match(JSON.parse(out).error, { code: 'DATASET_FOLDER_IN_USE', message: new RegExp(`holds ${name}, which`) })
    t.same(readdirSync(theirs), [name])
    t.equal(readFileSync(join(theirs, name), 'utf8'), 'not ours')
  }
})

t.test('nobody listens: no stack trace, no success where the result was lost', async (t) => {
  const command = `${process.execPath} ${cli} infomap ${fixture('networks', 'ring_of_cliques_30x5.txt')} --json`
  const status = (redirected: string) => {
    const { status, stderr } = spawnSync('sh', ['-c', `${command} ${redirected}`], { encoding: 'utf8' })
    return `${status} ${/\n +at /.test(stderr)}`
  }
  t.equal(status('> /dev/full'), '1 false')
  t.equal(status('2> /dev/full'), '0 false')
  t.equal(status('2>&- >&-'), '0 false')
  t.equal(status('| true'), '0 false')
})

t.test('what is no file is written to, not replaced; a link stays one', async (t) => {
  const network = fixture('networks', 'ring_of_cliques_30x5.txt')
  const [target, link] = [join(folder, 'target.clu'), join(folder, 'link.clu')]
  symlinkSync(target, link)
  writeFileSync(target, 'what was there')
  for (const clu of [link, '/dev/null', '/dev/full']) {
    const { out } = await infomotion(['infomap', network, '-N', '1', '--clu', clu, '--json'])
    t.equal(JSON.parse(out).error?.code, clu === '/dev/full' ? 'ENOSPC' : undefined)
  }
  t.ok(lstatSync(link).isSymbolicLink())
  t.match(readFileSync(target, 'utf8'), /\n1 \d 0\.\d+\n/)
  t.ok(lstatSync('/dev/null').isCharacterDevice())
  const piped = `${run('infomap', network, '-N', '1', '--silent', '--clu', '/dev/stdout')} | cat`
  const out = execFileSync('sh', ['-c', piped], { encoding: 'utf8' })
  const lines = (text: string) => text.slice(text.indexOf('# node_id'))
  t.equal(lines(out), lines(readFileSync(target, 'utf8')))
})

t.test('a cache that another version wrote is left alone', async (t) => {
  const other = join(folder, 'other-cache')
  for (const name of ['0123456789ab', 'volumes-0123456789ab', 'predictions', join('embeddings', '0123456789ab')]) {
    mkdirSync(join(other, name), { recursive: true })
    writeFileSync(join(other, name, '00000.jsonl'), '{"version":99}\n')
    writeFileSync(join(other, name, '00000.npy'), 'what another version wrote')
  }
  const out = join(folder, 'other')
  const result = await infomotion(['distill', data, '--out', out, '--cache', other, '--until', 'synthesize', ...vpc])
  t.equal(result.status, 0, result.err)
  t.notMatch(JSON.parse(result.out).warnings.join(' '), /damaged|computed again/)
  t.equal(readFileSync(join(other, '0123456789ab', '00000.npy'), 'utf8'), 'what another version wrote')
  const manifest = (folder: string) => readFileSync(join(folder, 'manifest.json'), 'utf8')
  t.equal(manifest(out), manifest(whole))
})

t.test('two runs on one folder: the second is refused, the first does not notice', async (t) => {
  const out = join(folder, 'locked')
  const first = spawn(process.execPath, [cli, 'distill', data, '--out', out, ...vpc], { stdio: 'ignore' })
  const end = new Promise<number | null>((resolve) => first.on('close', resolve))
  while (!existsSync(join(out, '.lock'))) await new Promise((resolve) => setTimeout(resolve, 5))
  for (const command of ['distill', 'compare']) {
    const second = await infomotion([command, data, '--out', out, ...vpc])
    t.equal(second.status, 1)
    t.match(JSON.parse(second.out).error, { code: 'RUN_LOCKED', message: new RegExp(`process ${first.pid} on `) })
  }
  t.equal(await end, 0)
  t.equal(readFileSync(join(out, 'manifest.json'), 'utf8'), readFileSync(join(whole, 'manifest.json'), 'utf8'))
})

t.test('same seed, same bytes for 1, 2 and 4 threads', async (t) => {
  const network = join(folder, 'network.txt')
  const random = new Random(4, 'network')
  const pair = (i: number) => `${i % 400} ${i % 3 ? random.below(400) : (i + 20 * random.below(20)) % 400}`
  writeFileSync(network, Array.from({ length: 4000 }, (_, i) => pair(i)).join('\n'))
  const graph = `
    import { similarityGraph } from 'infomotion/graph'
    const values = Float32Array.from({ length: 3000 * 16 }, (_, i) => Math.sin(i * i))
    console.log(JSON.stringify(await similarityGraph({ rows: 3000, dim: 16, values }, { k: 7 })))`

  /** What every command that computes in threads writes, by file. */
  const written = async (threads: string): Promise<Record<string, string>> => {
    const out = join(folder, `threads-${threads}`)
    const env = { INFOMOTION_THREADS: threads }
    const cached = ['--cache', join(out, 'cache')]
    const selectors = ['--selectors', 'infomap+swap,kmedoids', '--seeds', '2']
    for (const args of [
      ['distill', data, '--out', out, ...cached, ...vpc],
      ['compare', data, '--out', out, ...cached, ...selectors, ...vpc],
      ['phantom', join(out, 'phantom'), '--train', '5', '--test', '2', '--seed', '9'],
      ['flow', clip(), '-o', join(out, 'flow.npy')],
      ['infomap', network, '--num-threads', threads, '--clu', join(out, 'a.clu'), '--tree', join(out, 'a.tree')],
      ['infomap', network, '-d', '-2', '--num-threads', threads, '--clu', join(out, 'directed.clu')],
    ]) {
      const { status, err } = await infomotion(args, env)
      t.equal(status, 0, `${args[0]}, ${threads} threads ${status ? err : ''}`)
    }
    const clips = readdirSync(join(out, 'phantom', 'Videos')).map((name) => join('phantom', 'Videos', name))
    const tables = ['FileList.csv', 'VolumeTracings.csv'].map((name) => join('phantom', name))
    const results = ['manifest.json', 'weights.csv', 'student.onnx', 'comparison.json', 'flow.npy']
    const files = [...results, ...clips, ...tables, 'a.clu', 'a.tree', 'directed.clu']
    const bytes = files.map((name) => [name, sha256(readFileSync(join(out, name), 'latin1').replace(SECONDS, ''))])
    const node = ['--input-type=module', '-e', graph]
    bytes.push(['graph', sha256(execFileSync(process.execPath, node, { cwd: root, env: { ...process.env, ...env } }))])
    return Object.fromEntries(bytes)
  }
  const one = await written('1')
  t.equal(Object.keys(one).length, 18)
  t.same(await written('2'), one)
  t.same(await written('4'), one)
})
