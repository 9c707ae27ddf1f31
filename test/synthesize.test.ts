import t from 'tap'
import type { Clip } from '#lib/dataset/types.js'
import type { Representative, Selection } from '#lib/select/types.js'
import { synthesize } from '#lib/synthesize/index.js'

const clip = (name: string, classIndex: number, split: Clip['split'] = 'train'): Clip => ({
  id: `${name}.avi`,
  path: `/data/Videos/${name}.avi`,
  label: String(classIndex),
  classIndex,
  split,
  group: name,
})
const clips = [clip('a', 0), clip('b', 1), clip('c', 0), clip('d', 1, 'test')]

const select = (...representatives: Pick<Representative, 'index' | 'classIndex' | 'rank'>[]): Selection => ({
  selector: 'infomap',
  representatives: representatives.map((r) => ({ ...r, weight: 1 + r.rank, module: r.index, flow: 0.25 })),
  classes: [],
  warnings: [],
  effectiveSampleSize: representatives.length,
})

t.test('synthesize: the selected clips as they are, by class and rank', async (t) => {
  const selection = select(
    { index: 1, classIndex: 1, rank: 0 },
    { index: 0, classIndex: 0, rank: 1 },
    { index: 2, classIndex: 0, rank: 0 },
  )
  t.same(await synthesize(clips, selection, { method: 'none' }), [
    { clip: clips[2], weight: 1, module: 2, flow: 0.25, rank: 0 },
    { clip: clips[0], weight: 2, module: 0, flow: 0.25, rank: 1 },
    { clip: clips[1], weight: 1, module: 1, flow: 0.25, rank: 0 },
  ])
})

t.test('synthesize: rows that are not the clips are refused, and so is a method nobody wrote', async (t) => {
  const code = 'INVALID_ARGUMENT'
  await t.rejects(synthesize(clips, select({ index: 4, classIndex: 0, rank: 0 })), { code })
  await t.rejects(synthesize(clips, select({ index: 0, classIndex: 1, rank: 0 })), { code, message: /a\.avi/ })
  await t.rejects(synthesize(clips, select({ index: 3, classIndex: 1, rank: 0 })), { code, message: /train split/ })
  await t.rejects(synthesize(clips, select(), { method: 'match' as 'none' }), { code })
  await t.rejects(synthesize(clips, select(), { signal: AbortSignal.abort() }), { code: 'ABORTED' })
})
