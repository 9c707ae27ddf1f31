import { rm } from 'node:fs/promises'
import { join, win32 } from 'node:path'
import { replaceFile, toJson } from '../run/store.js'
import { asInfomotionError, throwIfAborted } from '../runtime/errors.js'
import { expectOptions, invalid } from '../runtime/expect.js'
import type { StageOptions } from '../runtime/progress.js'
import { readClip } from '../video/index.js'
import type { Preview } from './html/clips.js'
import { reportPage } from './html/page.js'
import { reportDocument } from './json.js'
import { filmStrip, STRIP_SOURCE_FRAMES } from './strip.js'
import type { ReportInput, ReportItem } from './types.js'

/** Clips whose frames are embedded, lowest ranks first: a page must stay fit for a browser. */
const MAX_EMBEDDED = 100

/**
 * Writes `report.json` (every number, for programs) and `report.html` (one self-contained page with the clips, for
 * people) into `dir`, which is made if it is absent. The page embeds the frames of at most 100 clips; one that cannot be
 * read is shown without. Names must not be absolute paths; what sentences (warnings, notices, reasons) say is the
 * caller's.
 *
 * @throws INVALID_ARGUMENT where a name of the input is an absolute path; ABORTED
 * @example
 * ```js
 * const { html } = await writeReport('distilled', input) // distilled/report.html
 * ```
 */
export async function writeReport(
  dir: string,
  input: ReportInput,
  options: StageOptions = {},
): Promise<{ json: string; html: string }> {
  expectOptions(options, 'writeReport', ['signal', 'onProgress'])
  const { signal, onProgress } = options
  expectNoAbsolutePaths(input)
  const total = input.items.length
  const embedded = new Set([...input.items].sort((a, b) => a.rank - b.rank).slice(0, MAX_EMBEDDED))
  const previews: Preview[] = []
  for (const item of input.items) {
    previews.push(embedded.has(item) ? await preview(item, signal) : { missing: 'Listed only: later in rank' })
    onProgress?.({ stage: 'report', done: previews.length, total, unit: 'clips' })
  }
  throwIfAborted(signal)
  const paths = { json: join(dir, 'report.json'), html: join(dir, 'report.html') }
  await rm(paths.json, { force: true }) // written last: where it is, the page beside it is of the same run
  await replaceFile(paths.html, reportPage(input, previews))
  await replaceFile(paths.json, toJson(reportDocument(input)))
  return paths
}

async function preview({ file, segment, decoding }: ReportItem, signal?: AbortSignal): Promise<Preview> {
  if (file === undefined) return { missing: 'Frames not embedded' }
  // a mask is found over the whole clip
  const maxFrames = (decoding?.mask ?? 'none') === 'none' ? STRIP_SOURCE_FRAMES : undefined
  try {
    return await filmStrip(await readClip(file, { ...decoding, maxFrames, segment, signal }))
  } catch (thrown) {
    const error = asInfomotionError(thrown)
    if (error.code === 'ABORTED') throw error
    return { missing: `Frames could not be read (${error.code})` }
  }
}

/** The page is passed on more easily than the data: folders of this machine and names of its users stay out. */
function expectNoAbsolutePaths(input: ReportInput): void {
  const names: [string, unknown][] = [
    ['input.dataSet', input.dataSet],
    ...input.items.flatMap(({ path, parents }, i): [string, unknown][] => [
      [`input.items[${i}].path`, path],
      ...parents.map((parent): [string, unknown] => [`input.items[${i}].parents`, parent]),
    ]),
    ...input.skipped.map(({ path }, i): [string, unknown] => [`input.skipped[${i}].path`, path]),
    ...Object.entries(input.options).map(([key, value]): [string, unknown] => [`input.options.${key}`, value]),
  ]
  for (const [name, value] of names) {
    // win32 knows both /data and C:\data
    if (typeof value === 'string' && win32.isAbsolute(value)) throw invalid('no absolute path', name, value)
  }
}
