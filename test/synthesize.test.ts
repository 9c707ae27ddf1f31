import t from 'tap'
import type { Clip } from '#lib/dataset/types.js'
import type { Representative, Selection } from '#lib/select/types.js'
import { plainItems, synthesize } from '#lib/synthesize/index.js'

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
  const item = (clip: Clip, weight: number, module: number, rank: number) => {
    const { label, classIndex } = clip
    const video = { kind: 'source' as const, clip }
    return { video, label, classIndex, weight, parents: [clip], module, visitRate: 0.25, rank }
  }
  t.same(await synthesize(clips, selection), {
    selector: 'infomap',
    items: [item(clips[2], 1, 2, 0), item(clips[0], 2, 0, 1), item(clips[1], 1, 1, 0)],
    effectiveSampleSize: 3,
  })
})

t.test('plainItems: clips as they are, in their order, ranked in their classes', async (t) => {
  t.same(
    plainItems(clips).map(({ video, weight, rank }) => [video.kind === 'source' && video.clip, weight, rank]),
    [
      [clips[0], 1, 0],
      [clips[1], 1, 0],
      [clips[2], 1, 1],
      [clips[3], 1, 1],
    ],
  )
})

t.test('synthesize: rows that are not the clips are refused, and so is a method nobody wrote', async (t) => {
  const code = 'INVALID_ARGUMENT'
  await t.rejects(synthesize(clips, select({ index: 4, classIndex: 0, rank: 0 })), { code })
  await t.rejects(synthesize(clips, select({ index: 0, classIndex: 1, rank: 0 })), { code, message: /a\.avi/ })
  await t.rejects(synthesize(clips, select({ index: 3, classIndex: 1, rank: 0 })), { code, message: /train split/ })
  await t.rejects(synthesize(clips, select(), { method: 'none' } as object), { code })
  await t.rejects(synthesize(clips, select(), { signal: AbortSignal.abort() }), { code: 'ABORTED' })
})
