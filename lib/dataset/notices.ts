import type { DataSet, SetItem } from './types.js'

/** What a loader must know of composed videos, with the lines that cut them. */
const COMPOSED_NOTICE = `The training videos of this set are composed: each holds several clips, its tiles, and is no sample itself. A loader
must cut them out and bring each to its own size and rate; manifest.json has the places, labels and weights.
  In Python:
    for item in json.load(open('manifest.json'))['items']:
        video = read_grey(item['file'])  # [frames, height, width]
        for tile in item.get('tiles', []):
            x, y, w, h, start, end = (tile['place'][k] for k in ('x', 'y', 'width', 'height', 'from', 'to'))
            size = (tile['width'], tile['height'])
            clip = [cv2.resize(f, size) for f in video[start:end, y:y+h, x:x+w]]  # tile['fps'], tile['label'], tile['weight']
  In JavaScript: const { items } = await readDistilled(folder, { tiles: true })
  As plain clips with a table: infomotion export FOLDER --tiles --out DIR`

/** What must stand wherever a set or a part of it is shown or passed on: terms of use, and how its videos are to be read. */
export function noticesOf({ notice }: DataSet, items: readonly SetItem[] = []): string[] {
  const composed = items.some(({ video }) => video.kind === 'made' && video.tiling)
  return [...(notice ? [notice] : []), ...(composed ? [COMPOSED_NOTICE] : [])]
}
