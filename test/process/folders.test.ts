import { execFile, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writePhantom } from 'infomotion'
import t from 'tap'
import { cli, infomotion, needs, temporary } from '../support.js'

// What a batch job meets at night: a full disk, a read-only folder, a cache of another version, a second run.

t.setTimeout(600_000)

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
  const clip = join(data, 'Videos', readdirSync(join(data, 'Videos'))[0])
  const said = await onDisk(disk, '64k', [
    run('flow', clip, '-o', join(disk, 'a.npy'), '--json'),
    run('compare', data, '--out', disk, '--cache', cache, '--vpc', '1', '--selectors', 'infomap', ...vpc.slice(2)),
    run('phantom', join(disk, 'p'), '--train', '1', '--test', '0', '--json'),
    `find ${disk} -type f | grep -v -e phantom.json -e README.txt -e comparison.html; echo end`,
  ])
  t.equal(said.length, 4, said.join('\n'))
  for (const line of said.slice(0, 3)) t.equal(JSON.parse(line).error?.code, 'ENOSPC', line)
  t.equal(said[3], 'end')
})

t.test('read-only: a folder is refused by name, a complete cache serves', mountable, async (t) => {
  const disk = join(folder, 'read-only')
  const said = await onDisk(disk, '64m', [
    `mkdir ${disk}/out; cp -r ${cache} ${disk}/cache; mount -o remount,ro ${disk}`,
    run('distill', data, '--out', join(disk, 'out'), ...vpc),
    run('distill', data, '--out', join(folder, 'from-read-only'), '--cache', join(disk, 'cache'), ...vpc),
  ])
  const { code, message } = JSON.parse(said[0]).error
  t.equal(code, 'EROFS')
  t.match(message, /^Could not write .*read-only\/out: the file system is read-only. Choose another folder/)
  t.equal(JSON.parse(said[1]).selected, 10)
})

t.test('a cache that another version wrote is left alone', async (t) => {
  const other = join(folder, 'other-cache')
  for (const name of ['0123456789ab', 'volumes-0123456789ab', 'answers', join('embeddings', '0123456789ab')]) {
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
  const results = await Promise.all(
    [{ INFOMOTION_THREADS: '1' }, { INFOMOTION_THREADS: '2' }, { INFOMOTION_THREADS: '4' }].map(async (env, i) => {
      const out = join(folder, `threads-${i}`)
      const run = await infomotion(['distill', data, '--out', out, '--cache', join(out, 'cache'), ...vpc], env)
      t.equal(run.status, 0, run.err)
      return ['manifest.json', 'weights.csv', 'student.onnx'].map((name) => readFileSync(join(out, name), 'latin1'))
    }),
  )
  t.same(results[1], results[0])
  t.same(results[2], results[0])
})
