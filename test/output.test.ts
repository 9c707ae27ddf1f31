// The folder that a run's results go to: what may be replaced there, and that nothing else is touched.
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import {
  claim,
  expectFree,
  expectNotRead,
  inventoryOf,
  isInside,
  listName,
  makeFolderBelow,
  moveIn,
  openOutput,
  removeListed,
  settle,
} from '#lib/run/output.js'
import { openFolder, replaceFile, writeWhole } from '#lib/run/store.js'
import { temporary } from './support.js'

const IN_USE = { code: 'DATASET_FOLDER_IN_USE' }

/** A folder with the given files (text), links ("-> target") and folders (ending with /). */
function folder(t: Test, things: Record<string, string> = {}): string {
  const out = temporary(t)
  for (const [name, text] of Object.entries(things)) {
    mkdirSync(dirname(join(out, name)), { recursive: true })
    if (name.endsWith('/')) mkdirSync(join(out, name), { recursive: true })
    else if (text.startsWith('-> ')) symlinkSync(text.slice(3), join(out, name))
    else writeFileSync(join(out, name), text)
  }
  return out
}

const treeOf = (root: string): string[] =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .map(
      (entry) => `${join(entry.parentPath, entry.name).slice(root.length + 1)}${entry.isSymbolicLink() ? ' ->' : ''}`,
    )
    .sort()

t.test('paths that stay inside', (t) => {
  for (const path of ['a', 'a/b.avi', '..a', 'a..', '.lock', 'a\nb', '-> x']) t.ok(isInside(path), JSON.stringify(path))
  for (const path of ['', '/a', 'a/', 'a//b', '..', 'a/../b', '.', 'a/./b', 'a\0', 3, null])
    t.notOk(isInside(path), JSON.stringify(path))
  t.end()
})

t.test('what somebody else put there is not replaced', async (t) => {
  const elsewhere = folder(t, { 'precious.txt': 'precious' })
  const out = folder(t, {
    'weights.csv': 'mine',
    'Videos/own.avi': 'mine',
    linked: `-> ${elsewhere}`,
    'report.html': `-> ${join(elsewhere, 'precious.txt')}`,
    dangling: '-> nowhere',
    plain: 'a file',
  })
  await expectFree(out, ['manifest.json', 'a/b/c/d.avi'])
  await t.rejects(
    expectFree(out, ['Videos/other.avi']),
    { ...IN_USE, message: /holds Videos\/own.avi/ },
    'beside theirs',
  )
  for (const clash of [
    'weights.csv',
    'Videos/own.avi',
    'linked',
    'linked/new.avi',
    'report.html',
    'dangling',
    'plain/x',
    'Videos',
  ])
    await t.rejects(expectFree(out, ['manifest.json', clash]), IN_USE, clash)
  await claim(out, 'set', 'phantom (echonet)', ['weights.csv', 'Videos/own.avi', 'plain'])
  const inventory = await inventoryOf(out, 'set')
  await expectFree(out, ['weights.csv', 'Videos/own.avi', 'plain/x'], inventory)
  await t.rejects(expectFree(out, ['report.html'], inventory), IN_USE, 'not in the list')
  await t.rejects(makeFolderBelow(out, 'linked/x'), IN_USE)
  await t.rejects(makeFolderBelow(out, 'weights.csv/x'), IN_USE)
  t.equal(await makeFolderBelow(out, 'Videos/a/b'), join(out, 'Videos/a/b'))
  t.same(readdirSync(elsewhere), ['precious.txt'])
})

t.test('the list: what is claimed and what is settled', async (t) => {
  const out = await openOutput(join(folder(t), 'deep', 'out'))
  t.equal(await inventoryOf(out, 'set'), undefined)
  await claim(out, 'set', 'a (csv)', ['b', 'a'])
  await claim(out, 'set', 'a (csv)', ['c'])
  t.same(await inventoryOf(out, 'set'), { from: 'a (csv)', files: ['a', 'b', 'c'] }, 'a run that was killed in between')
  await settle(out, 'set', 'a (csv)', ['c', 'd'])
  t.same(await inventoryOf(out, 'set'), { from: 'a (csv)', files: ['c', 'd'] })
  t.equal(await inventoryOf(out, 'comparison'), undefined, 'another list')
  const list = join(out, listName('set'))
  for (const text of [
    '',
    '{',
    '[]',
    '{"schema":"infomotion.files/1","from":"x","files":["../x"]}',
    '{"schema":"2","files":[]}',
  ]) {
    writeFileSync(list, text)
    await t.rejects(inventoryOf(out, 'set'), IN_USE, text)
  }
})

t.test('removal by the list, one by one, over no link', async (t) => {
  const elsewhere = folder(t, { 'a.avi': 'precious', 'sub/b.avi': 'precious' })
  const out = folder(t, {
    'Videos/a.avi': '1',
    'Videos/b.avi': `-> ${join(elsewhere, 'a.avi')}`,
    'Videos/own.avi': 'mine',
    'train/x/c.avi': '2',
    was: `-> ${elsewhere}`,
    'now-a-folder/x': 'mine',
  })
  const listed = [
    'Videos/a.avi',
    'Videos/b.avi',
    'train/x/c.avi',
    'gone.avi',
    'was/a.avi',
    'was/sub/b.avi',
    'now-a-folder',
  ]
  await removeListed(out, listed)
  t.same(treeOf(out), ['Videos', 'Videos/own.avi', 'now-a-folder', 'now-a-folder/x', 'was ->'])
  t.same(treeOf(elsewhere), ['a.avi', 'sub', 'sub/b.avi'])
})

t.test('a run that reads what it would remove is refused', async (t) => {
  const out = await openOutput(folder(t, { 'train/a/1.avi': 'x', 'own.avi': 'mine' }))
  const link = join(folder(t, { link: `-> ${join(out, 'train/a/1.avi')}`, there: `-> ${out}` }), 'there')
  const inventory = { from: 'x', files: ['train/a/1.avi'] }
  await expectNotRead(out, [join(out, 'own.avi'), join(out, 'absent.avi')], inventory)
  await expectNotRead(out, [join(out, 'train/a/1.avi')], undefined)
  for (const source of [join(out, 'train/a/1.avi'), join(dirname(link), 'link'), join(link, 'train', 'a', '1.avi')])
    await t.rejects(expectNotRead(out, [join(out, 'own.avi'), source], inventory), IN_USE, source)
})

t.test('moved in beside what is there, never over it, the last name last', async (t) => {
  const out = folder(t, { 'Videos/own.avi': 'mine', 'list.csv': 'old' })
  const aside = folder(t, { 'Videos/a.avi': '1', 'train/x/b.avi': '2', 'list.csv': 'new', z: '3' })
  await t.rejects(moveIn(aside, out, ['list.csv']), IN_USE)
  t.equal(readFileSync(join(out, 'list.csv'), 'utf8'), 'old')
  t.ok(existsSync(join(out, 'z')), 'all others are there first')
  t.same(readdirSync(join(out, 'Videos')).sort(), ['a.avi', 'own.avi'])
})

t.test('a result replaces a link; a file that the caller names is written through it', async (t) => {
  const elsewhere = folder(t, { victim: 'precious', named: 'old' })
  const out = folder(t, { result: `-> ${join(elsewhere, 'victim')}`, named: `-> ${join(elsewhere, 'named')}` })
  await replaceFile(join(out, 'result'), 'new')
  t.equal(readFileSync(join(elsewhere, 'victim'), 'utf8'), 'precious')
  t.notOk(lstatSync(join(out, 'result')).isSymbolicLink())
  await writeWhole(join(out, 'named'), 'new')
  t.equal(readFileSync(join(elsewhere, 'named'), 'utf8'), 'new')
  t.ok(lstatSync(join(out, 'named')).isSymbolicLink())
})

t.test("leftovers are ours by their names: a user's own .tmp stays", async (t) => {
  const out = folder(t, {
    'notes.tmp': 'mine',
    'notes.20260131.tmp': 'mine',
    '.partial-20260131/x': 'mine',
    '.partial-mine/x': 'mine',
    'a.npy.0123abcd.tmp': 'ours',
    '.partial-0123abcd/x': 'ours',
  })
  await openFolder(out, { alone: true })
  t.same(treeOf(out), [
    '.partial-20260131',
    '.partial-20260131/x',
    '.partial-mine',
    '.partial-mine/x',
    'notes.20260131.tmp',
    'notes.tmp',
  ])
})
