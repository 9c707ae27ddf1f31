import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { withLock } from '#lib/run/lock.js'
import { ShardCache } from '#lib/run/shards.js'
import { toJson, writeWhole } from '#lib/run/store.js'
import { temporary } from './support.js'

const entry = (key: string, ...row: number[]) => ({ key, row: Float32Array.from(row), record: { frames: row.length } })

t.test('shards: what was appended is there after reopening', async (t) => {
  const folder = temporary(t)
  const cache = await ShardCache.open(folder)
  await cache.append([entry('a', 1, 2), entry('b', 3, 4)])
  await cache.append([entry('c', 5, 6)])
  const again = await ShardCache.open(folder)
  t.equal(again.size, 3)
  t.same(again.get('c'), entry('c', 5, 6))
  t.same(again.warnings, [])
  t.same(readdirSync(folder).sort(), ['00000.jsonl', '00000.npy', '00001.jsonl', '00001.npy'])
})

t.test('shards: numbers without their records, and half-written files, are not taken for a shard', async (t) => {
  const folder = temporary(t)
  writeFileSync(join(folder, '00000.npy'), 'half')
  writeFileSync(join(folder, '00000.jsonl.1234.tmp'), '{"rows":1')
  const cache = await ShardCache.open(folder)
  t.equal(cache.size, 0)
  await cache.append([entry('a', 1)])
  t.equal((await ShardCache.open(folder)).size, 1)
})

t.test('shards: a damaged one is named, removed and computed again', async (t) => {
  const folder = temporary(t)
  await (await ShardCache.open(folder)).append([entry('a', 1, 2)])
  await (await ShardCache.open(folder)).append([entry('b', 3, 4)])
  truncateSync(join(folder, '00000.npy'), 100)
  const cache = await ShardCache.open(folder)
  t.equal(cache.get('a'), undefined)
  t.same(cache.get('b')?.row, Float32Array.of(3, 4))
  t.match(cache.warnings, [/^Cache shard 00000 was damaged/])
  t.same(readdirSync(folder).sort(), ['00001.jsonl', '00001.npy'])
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

t.test('lock: a second run is refused, a dead one is taken over, the lock goes with the run', async (t) => {
  const folder = temporary(t)
  await withLock(folder, async () => {
    await t.rejects(
      withLock(folder, async () => {}),
      { code: 'RUN_LOCKED', message: new RegExp(`process ${process.pid}`) },
    )
  })
  t.same(readdirSync(folder), [])
  writeFileSync(join(folder, '.lock'), JSON.stringify({ pid: 2 ** 22 + 1, host: hostname() }))
  t.equal(await withLock(folder, async () => 7), 7)
  await t.rejects(
    withLock(folder, async () => Promise.reject(new Error('x'))),
    { message: 'x' },
  )
  t.same(readdirSync(folder), [])
})
