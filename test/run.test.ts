import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import fs from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import t, { type Test } from 'tap'
import { ByteBudget, memoryBudget } from '#lib/run/budget.js'
import { withLock } from '#lib/run/lock.js'
import { ShardCache } from '#lib/run/shards.js'
import { openFolder, readWhole, sha256, sha256OfFile, toJson, writeWhole } from '#lib/run/store.js'
import { needs, temporary } from './support.js'

const entry = (key: string, ...row: number[]) => ({ key, row: Float32Array.from(row), record: { frames: row.length } })

t.test('shards: what was appended is there after reopening', async (t) => {
  const folder = temporary(t)
  const cache = await ShardCache.open(folder, 2)
  await cache.append([entry('a', 1, 2), entry('b', 3, 4)])
  await cache.append([entry('c', 5, 6)])
  const again = await ShardCache.open(folder, 2)
  t.equal(again.size, 3)
  t.same(again.get('c'), entry('c', 5, 6))
  t.same(again.warnings, [])
  t.same(readdirSync(folder).sort(), ['00000.jsonl', '00000.npy', '00001.jsonl', '00001.npy'])
})

t.test('shards: numbers without their records, and half-written files, are not taken for a shard', async (t) => {
  const folder = temporary(t)
  const path = (name: string) => join(folder, name)
  writeFileSync(path('00000.npy'), 'half')
  writeFileSync(path('00001.npy'), 'of a run that is at it')
  writeFileSync(path('00001.jsonl.12345678.tmp'), '{"rows":1')
  for (const name of ['00000.npy', '00002.jsonl.0badf00d.tmp']) {
    writeFileSync(path(name), 'of a run that was killed an hour ago')
    utimesSync(path(name), Date.now() / 1000 - 3600, Date.now() / 1000 - 3600)
  }
  const cache = await ShardCache.open(folder, 1)
  t.same([cache.size, cache.warnings], [0, []])
  t.same(readdirSync(folder).sort(), ['00001.jsonl.12345678.tmp', '00001.npy'], 'what is old is tidied away')
  await cache.append([entry('a', 1)])
  t.equal((await ShardCache.open(folder, 1)).size, 1)
  t.equal(readFileSync(path('00001.npy'), 'utf8'), 'of a run that is at it')
})

t.test('shards: a damaged one is named, removed and computed again', async (t) => {
  const damages: Record<string, (base: string) => void> = {
    'numbers cut short': (base) => truncateSync(`${base}.npy`, 100),
    'a flipped bit in the numbers': (base) => flipBit(`${base}.npy`, 130),
    'a flipped bit in the records': (base) => flipBit(`${base}.jsonl`, readFileSync(`${base}.jsonl`).length - 4),
    'a flipped bit in the checksum': (base) => flipBit(`${base}.jsonl`, 40),
    'no numbers': (base) => rmSync(`${base}.npy`),
    'empty records': (base) => truncateSync(`${base}.jsonl`, 0),
  }
  for (const [what, damage] of Object.entries(damages)) {
    const folder = temporary(t)
    await (await ShardCache.open(folder, 2)).append([entry('a', 1, 2)])
    await (await ShardCache.open(folder, 2)).append([entry('b', 3, 4)])
    damage(join(folder, '00000'))
    const cache = await ShardCache.open(folder, 2)
    t.equal(cache.get('a'), undefined, what)
    t.same(cache.get('b')?.row, Float32Array.of(3, 4))
    if (what === 'no numbers') continue // there is no shard, then
    t.match(cache.warnings, [/^Cache shard 00000 was damaged/], what)
    t.same(readdirSync(folder).sort(), ['00001.jsonl', '00001.npy'])
  }
})

t.test('shards: rows of another length, as another version wrote them, are not taken', async (t) => {
  const folder = temporary(t)
  await (await ShardCache.open(folder, 3)).append([entry('a', 1, 2, 3)])
  const cache = await ShardCache.open(folder, 2)
  t.equal(cache.get('a'), undefined)
  t.match(cache.warnings, [/rows have 3 numbers, not 2/])
})

t.test('shards: runs that share a cache do not write over each other', async (t) => {
  const folder = temporary(t)
  const [a, b] = await Promise.all([ShardCache.open(folder, 1), ShardCache.open(folder, 1)])
  await Promise.all(
    Array.from({ length: 40 }, (_, i) => (i % 2 ? a : b).append([entry(`key ${i}`, i), entry(`other ${i}`, -i)])),
  )
  const both = await ShardCache.open(folder, 1)
  t.same([both.size, both.warnings], [80, []])
  for (let i = 0; i < 40; i++) t.same(both.get(`key ${i}`)?.row, Float32Array.of(i))
})

t.test('files are written whole or not at all', async (t) => {
  const folder = temporary(t)
  const path = join(folder, 'deep', 'a.json')
  await writeWhole(path, toJson({ a: 1 }))
  t.equal(readFileSync(path, 'utf8'), '{\n  "a": 1\n}\n')
  writeFileSync(join(folder, 'file'), '')
  await t.rejects(writeWhole(join(folder, 'file', 'b'), ''), { code: /ENOTDIR|EEXIST/ })
  t.same(readdirSync(join(folder, 'deep')), ['a.json'], 'no temporary file is left')
})

t.test('a failure of the system says where, why, and what to do', async (t) => {
  const folder = temporary(t)
  writeFileSync(join(folder, 'file'), '')
  await t.rejects(writeWhole(join(folder, 'file', 'b'), ''), {
    code: /ENOTDIR|EEXIST/,
    message: new RegExp(`^Could not write ${folder}/file/b: .*Choose another path`),
  })
})

t.test('lock: a second run is refused, a dead one is taken over, the lock goes with the run', async (t) => {
  const folder = temporary(t)
  const lock = join(folder, '.lock')
  await withLock(folder, async () => {
    await t.rejects(
      withLock(folder, async () => {}),
      { code: 'RUN_LOCKED', message: new RegExp(`process ${process.pid}`) },
    )
  })
  t.same(readdirSync(folder), [])
  const dead = { pid: 2 ** 22 + 1, host: hostname() }
  writeFileSync(lock, JSON.stringify(dead))
  writeFileSync(join(folder, 'manifest.json.0badf00d.tmp'), 'what it had begun')
  mkdirSync(join(folder, '.partial-0badf00d'))
  t.equal(await withLock(folder, async () => 7), 7)
  t.same(readdirSync(folder), [], 'what it left half-written is gone')
  await t.rejects(
    withLock(folder, async () => Promise.reject(new Error('x'))),
    { message: 'x' },
  )
  t.same(readdirSync(folder), [])

  writeFileSync(lock, JSON.stringify({ ...dead, host: `not-${hostname()}` }))
  await t.rejects(
    withLock(folder, async () => {}),
    { code: 'RUN_LOCKED', message: /not-/ },
    'another machine cannot be asked',
  )
  writeFileSync(lock, '')
  await t.rejects(
    withLock(folder, async () => {}),
    { code: 'RUN_LOCKED', message: /delete .*\.lock/ },
  )
  rmSync(lock)
  execFileSync('mkfifo', [lock])
  await t.rejects(
    withLock(folder, async () => {}),
    { code: 'RUN_LOCKED', message: /delete .*\.lock/ },
    'a pipe says nothing, for ever',
  )
})

t.test(
  'lock: a process number that is used again is not the process',
  needs(existsSync('/proc/self/stat'), 'Linux'),
  async (t) => {
    const folder = temporary(t)
    writeFileSync(join(folder, '.lock'), JSON.stringify({ pid: process.pid, host: hostname(), started: 'before 1' }))
    t.equal(await withLock(folder, async () => 1), 1, 'ours, as every process 1 of a container')
    writeFileSync(join(folder, '.lock'), JSON.stringify({ pid: 1, host: hostname(), started: 'before 1' }))
    t.equal(await withLock(folder, async () => 2), 2, "another's")
  },
)

t.test(
  'lock: a thread that was terminated holds it no more',
  needs(existsSync('/proc/self/stat'), 'Linux'),
  async (t) => {
    const folder = temporary(t)
    const code = `
    import { withLock } from ${JSON.stringify(new URL('../../../dist/run/lock.js', import.meta.url).href)}
    import { parentPort } from 'node:worker_threads'
    await withLock(${JSON.stringify(folder)}, () => { parentPort.postMessage('mine'); return new Promise(() => setInterval(() => {}, 1000)) })`
    const thread = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`))
    await once(thread, 'message')
    await t.rejects(
      withLock(folder, async () => {}),
      { code: 'RUN_LOCKED' },
    )
    await thread.terminate()
    t.equal(await withLock(folder, async () => 3), 3)
  },
)

t.test('lock: of many that find a dead lock at once, one at a time gets it', async (t) => {
  const folder = temporary(t)
  const lock = join(folder, '.lock')
  for (let round = 0; round < 30; round++) {
    writeFileSync(lock, JSON.stringify({ pid: 2 ** 22 + 1, host: hostname() }))
    let inside = 0
    let most = 0
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, () =>
        withLock(folder, async () => {
          most = Math.max(most, ++inside)
          await new Promise((resolve) => setTimeout(resolve, 20))
          inside--
        }),
      ),
    )
    const refused = results.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
    t.equal(most, 1, `round ${round}: one at a time, ${refused.length} refused`)
    for (const { reason } of refused) if (reason.code !== 'RUN_LOCKED') t.fail(String(reason.stack))
  }
  t.same(readdirSync(folder), [])
})

t.test(
  'lock: of another container, of another start of the machine, of another machine',
  needs(existsSync('/proc/self/ns/pid'), 'Linux'),
  async (t) => {
    const folder = temporary(t)
    const path = join(folder, '.lock')
    let mine = {} as Record<string, string>
    await withLock(folder, async () => {
      mine = JSON.parse(readFileSync(path, 'utf8'))
    })
    const [boot] = mine.started.split(' ')
    const dead = { ...mine, pid: 2 ** 22 + 1, machine: 'this one' }
    const machineHere = existsSync('/etc/machine-id') ? readFileSync('/etc/machine-id', 'utf8').trim() : ''
    const cases: [string, object, boolean][] = [
      ['a process of this container that is gone', dead, true],
      ['a process of another container', { ...dead, space: 'pid:[1]' }, false],
      ['process 1 of another container', { ...dead, pid: 1, space: 'pid:[1]', started: `${boot} 1` }, false],
      ['of another boot, on who knows which machine', { ...dead, machine: undefined, started: 'before 1' }, false],
      ['of another machine of this name', { ...dead, machine: 'another', started: 'before 1' }, false],
      ['of nobody knows when', { ...dead, started: undefined }, false],
    ]
    if (machineHere)
      cases.push([
        'of before this machine was started',
        { ...dead, machine: machineHere, space: 'x', started: 'b 1' },
        true,
      ])
    for (const [what, holder, gone] of cases) {
      writeFileSync(path, JSON.stringify(holder))
      const outcome = await withLock(folder, async () => 'taken over').catch(({ code }) => code)
      t.equal(outcome, gone ? 'taken over' : 'RUN_LOCKED', what)
      t.equal(existsSync(path), !gone)
    }
  },
)

/** Replaces a function of node:fs/promises for the duration of a test. */
function replaced<K extends 'open'>(t: Test, name: K, by: (original: (typeof fs)[K]) => (typeof fs)[K]): void {
  const original = fs[name]
  t.teardown(() => {
    fs[name] = original
    syncBuiltinESMExports()
  })
  fs[name] = by(original)
  syncBuiltinESMExports()
}

t.test('shards: one that cannot be read just now is an error by name, and stays', async (t) => {
  const folder = temporary(t)
  await (await ShardCache.open(folder, 2)).append([entry('a', 1, 2)])
  const before = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1'))
  let [code, end] = ['', '']
  replaced(
    t,
    'open',
    (original) =>
      ((path: string, ...rest: []) => {
        if (code && String(path).endsWith(end))
          return Promise.reject(Object.assign(new Error(`${code}: trouble`), { code }))
        return original(path, ...rest)
      }) as never,
  )
  for (end of ['.npy', '.jsonl'])
    for (code of ['EACCES', 'EIO', 'EMFILE', 'ESTALE', 'ENOMEM', 'ETIMEDOUT']) {
      await t.rejects(
        ShardCache.open(folder, 2),
        { code, message: /^Could not read .*00000.*again|folder/ },
        `${code} ${end}`,
      )
      t.same(
        readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1')),
        before,
      )
    }
  code = 'ENOENT' // another run has found it damaged just before
  t.same((await ShardCache.open(folder, 2)).warnings, [])
  code = ''
  t.equal((await ShardCache.open(folder, 2)).size, 1)
})

t.test("another run's young files survive a wrong clock, here or in the system", async (t) => {
  const folder = temporary(t)
  const young = ['00000.npy', '00001.npy.0badf00d.tmp', '.partial-0badf00d']
  for (const name of young) writeFileSync(join(folder, name), 'of a run that is at it')
  writeFileSync(join(folder, '00007.npy'), 'of a run that was killed')
  utimesSync(join(folder, '00007.npy'), Date.now() / 1000 - 3600, Date.now() / 1000 - 3600)
  const { now } = Date
  t.teardown(() => {
    Date.now = now
  })
  for (const ahead of [3600e3, 20 * 365 * 86400e3, -3600e3]) {
    Date.now = () => now() + ahead
    await ShardCache.open(folder, 1)
    await openFolder(folder)
    t.same(readdirSync(folder).sort(), [...young].sort())
  }
})

/** A signal that fires, and keeps the process waiting for it. */
function soon(): AbortSignal {
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 30)
  return controller.signal
}

t.test('files only: a pipe, a device, a folder are refused by name, and a signal ends the waiting', async (t) => {
  const folder = temporary(t)
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  for (const read of [readWhole, sha256OfFile] as ((path: string) => Promise<unknown>)[]) {
    await t.rejects(read(pipe), { code: 'EINVAL', message: /is a pipe, not a file/ })
    await t.rejects(read('/dev/zero'), { code: 'EINVAL', message: /is a device, not a file/ })
    await t.rejects(read(folder), { code: 'EINVAL', message: /is a folder, not a file/ })
    await t.rejects(read(join(folder, 'none')), { code: 'ENOENT' })
  }
  const path = join(folder, 'a')
  writeFileSync(path, Buffer.alloc(3e6, 'abc'))
  t.equal(await sha256OfFile(path), sha256(readFileSync(path)))
  const shards = join(folder, 'shards')
  await (await ShardCache.open(shards, 2)).append([entry('a', 1, 2)])
  rmSync(join(shards, '00000.npy'))
  execFileSync('mkfifo', [join(shards, '00000.npy')])
  await t.rejects(ShardCache.open(shards, 2), { code: 'EINVAL', message: /Could not read .*00000.* is a pipe/ })
  await t.rejects(sha256OfFile(path, AbortSignal.abort()), { code: 'ABORTED' })
  replaced(t, 'open', () => () => new Promise(() => {})) // a disk that does not answer
  await t.rejects(readWhole(path, soon()), { code: 'ABORTED' })
})

t.test('a budget of bytes: what does not fit waits, what never fits runs alone, nothing waits for ever', async (t) => {
  const budget = new ByteBudget(100)
  let [inside, most] = [0, 0]
  const task = async (wishes: number[]) => {
    const share = budget.open()
    for (const bytes of wishes) {
      await share.grow(bytes)
      inside += bytes
      most = Math.max(most, inside)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    inside -= share.bytes
    share.close()
  }
  await Promise.all(Array.from({ length: 12 }, () => task([60])))
  t.equal(most, 60, 'one after the other')
  most = 0
  await Promise.all(Array.from({ length: 12 }, () => task([30])))
  t.equal(most, 90, 'three at once')
  most = 0
  await Promise.all([task([10]), task([500]), task([20]), task([500])])
  t.equal(most, 500, 'alone')
  most = 0
  await Promise.all(Array.from({ length: 6 }, () => task([10, 20, 40, 40])))
  t.ok(most <= 100 + 110, `grown step by step: ${most}, one task beyond the budget at most`)
  t.equal(inside, 0)

  const [a, b, c] = [budget.open(), budget.open(), budget.open()]
  await a.grow(90)
  await t.rejects(b.grow(50, soon()), { code: 'ABORTED' })
  b.close()
  await c.grow(10)
  a.close()
  await c.grow(90)
  t.ok(memoryBudget() > 2 ** 20 && memoryBudget() < 2 ** 50)
})

function flipBit(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[at] ^= 1
  writeFileSync(path, bytes)
}
