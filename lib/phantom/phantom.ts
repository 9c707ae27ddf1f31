import { lstat, readdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import { isLeftover, makeFolder, replaceFile } from '../run/store.js'
import { atPath, InfomotionError, throwIfAborted } from '../runtime/errors.js'
import { invalid } from '../runtime/expect.js'
import { native } from '../runtime/native.js'
import { resolveOptions } from '../runtime/option.js'
import { moduleUrl } from '../runtime/package.js'
import type { StageOptions } from '../runtime/progress.js'
import { stringify } from '../vendor/csv.js'
import { PHANTOM, type PhantomOptions } from './options.js'
import { SIZE } from './patient.js'
import type { PhantomRecord, PhantomReply, PhantomTask } from './worker.js'

/** Clips whose true flow is written with the option `flow`: 10 MB each. */
const FLOW_CLIPS = 2

const README = `This data set is SYNTHETIC: it was drawn by "infomotion phantom", no patient was scanned.
It has the layout of EchoNet-Dynamic (FileList.csv, VolumeTracings.csv, Videos/), so that programs written for that can
be tried without it. The ejection fraction is drawn so that the classes <30, 30-40, 40-50, 50-70 and >70 percent are
equally frequent; it shows in the motion, and in nothing else. Do not draw medical conclusions from it.
`

/**
 * Writes a synthetic echocardiography data set in EchoNet-Dynamic's layout: apical four-chamber views of made-up hearts,
 * 112 x 112 pixels, Motion JPEG, 60 to 120 frames at 30 to 80 fps. Speckle moves with the tissue, whose displacement is
 * known in every pixel. EDV, ESV and EF are those of the traced outlines by the method of disks. Made in worker threads.
 *
 * @param dir a new or empty folder, or a phantom data set to be replaced
 * @returns how many clips there are, and for what
 * @throws INVALID_ARGUMENT, PHANTOM_FOLDER_IN_USE, ABORTED
 * @example
 * ```js
 * await writePhantom('phantom', { train: 8, test: 4, seed: 1 })
 * const dataSet = await readDataSet('phantom')
 * ```
 */
export async function writePhantom(
  dir: string,
  options: PhantomOptions = {},
): Promise<{ clips: number; train: number; val: number; test: number }> {
  if (typeof dir !== 'string' || dir === '') throw invalid('the path of a folder', 'dir', dir)
  const { train, test, val, seed, variety, flow } = resolveOptions(PHANTOM, options, 'writePhantom', [
    'signal',
    'onProgress',
  ])
  throwIfAborted(options.signal)
  const out = resolve(dir)
  await clear(out)
  await makeFolder(join(out, 'Videos'))
  const facts = {
    synthetic: true,
    generator: 'infomotion phantom',
    seed,
    train,
    val,
    test,
    ...(variety === 'usual' ? {} : { variety }),
  }
  await replaceFile(join(out, 'phantom.json'), `${JSON.stringify(facts, null, 2)}\n`)
  await replaceFile(join(out, 'README.txt'), README)

  const counts = [
    ['TRAIN', train],
    ['VAL', val],
    ['TEST', test],
  ] as const
  const tasks = counts.flatMap(([split, count]) =>
    Array.from({ length: count }, (_, index): PhantomTask => {
      const name = `phantom-${split.toLowerCase()}-${String(index).padStart(5, '0')}`
      return {
        dir: out,
        seed,
        variety,
        split,
        index,
        name,
        flow: flow && split === 'TRAIN' && index < FLOW_CLIPS,
      }
    }),
  )
  const records = await makeClips(tasks, options)
  await replaceFile(join(out, 'VolumeTracings.csv'), tracings(records))
  await replaceFile(join(out, 'FileList.csv'), fileList(records)) // last: with it the set is complete
  return { clips: records.length, train, val, test }
}

/** What this writes at the top of its folder, and the clips (their flow: folders of that name) below. */
const OWN = ['phantom.json', 'README.txt', 'FileList.csv', 'VolumeTracings.csv', 'Videos', 'Flow']
const OWN_CLIP = /^phantom-(train|val|test)-\d+(\.avi)?$/

/** Empties a folder that holds a phantom data set and nothing else; one that holds anything else is refused. */
async function clear(out: string): Promise<void> {
  const list = (folder: string) =>
    readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
      if (error.code === 'ENOENT') return []
      throw atPath(error, out)
    })
  const names = (await list(out)).filter((name) => !isLeftover(name))
  if (names.length === 0) return
  const foreign = names.includes('phantom.json') ? names.filter((name) => !OWN.includes(name)) : names
  for (const folder of ['Videos', 'Flow'].filter((folder) => names.includes(folder))) {
    const clips = (await lstat(join(out, folder))).isDirectory() ? await list(join(out, folder)) : [folder]
    foreign.push(...clips.filter((name) => !OWN_CLIP.test(name) && !isLeftover(name)).map((name) => join(folder, name)))
  }
  if (foreign.length > 0) {
    throw new InfomotionError(
      'PHANTOM_FOLDER_IN_USE',
      `${out} holds ${foreign.slice(0, 5).join(', ')}, which is no part of a phantom data set. Give a new or empty folder.`,
    )
  }
  for (const name of ['FileList.csv', 'VolumeTracings.csv', 'Videos', 'Flow'])
    await rm(join(out, name), { recursive: true, force: true }).catch((error) => {
      throw atPath(error, out)
    })
}

/** Hands the clips to worker threads one by one; the records come back in the tasks' order. */
async function makeClips(tasks: PhantomTask[], { signal, onProgress }: StageOptions): Promise<PhantomRecord[]> {
  const records = new Array<PhantomRecord>(tasks.length)
  let next = 0
  let done = 0
  const work = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(moduleUrl('phantom/worker.js'))
      let current = -1
      const feed = () => {
        if (next >= tasks.length || signal?.aborted) {
          worker.terminate().then(() => resolve(), reject)
          return
        }
        current = next++
        worker.postMessage(tasks[current])
      }
      worker.on('message', ({ record, failure }: PhantomReply) => {
        if (failure) {
          next = tasks.length // the others stop as well
          worker.terminate()
          reject(new InfomotionError(failure.code, `${tasks[current].name} could not be made: ${failure.message}`))
          return
        }
        records[current] = record
        onProgress?.({ stage: 'phantom', done: ++done, total: tasks.length, unit: 'clips' })
        feed()
      })
      worker.on('error', reject)
      feed()
    })
  await Promise.all(Array.from({ length: Math.min(native().threads, tasks.length) }, work))
  throwIfAborted(signal)
  return records
}

function fileList(records: PhantomRecord[]): string {
  const header = ['FileName', 'EF', 'ESV', 'EDV', 'FrameHeight', 'FrameWidth', 'FPS', 'NumberOfFrames', 'Split']
  const rows = records.map(({ name, ef, esv, edv, fps, frames, split }) => {
    return [name, ef.toFixed(6), esv.toFixed(6), edv.toFixed(6), SIZE, SIZE, fps, frames, split]
  })
  return stringify([header, ...rows])
}

function tracings(records: PhantomRecord[]): string {
  const rows = records.flatMap(({ name, tracings }) =>
    tracings.flatMap(({ frame, lines }) =>
      lines.map((line) => [`${name}.avi`, ...line.map((value) => value.toFixed(4)), frame]),
    ),
  )
  return stringify([['FileName', 'X1', 'Y1', 'X2', 'Y2', 'Frame'], ...rows])
}
