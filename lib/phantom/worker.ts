import { join } from 'node:path'
import { parentPort } from 'node:worker_threads'
import { writeWhole } from '../run/store.js'
import { asInfomotionError } from '../runtime/errors.js'
import { writeClip } from '../video/index.js'
import { drawPatient, SIZE, type Variety } from './patient.js'
import { type Scan, scanOf, trueFlow } from './render.js'
import { diskVolume, type Tracing, traceScan } from './tracing.js'

/** One clip to make. */
export interface PhantomTask {
  dir: string
  seed: number
  variety: Variety
  split: 'TRAIN' | 'VAL' | 'TEST'
  /** Number within its split. */
  index: number
  /** File name without ending. */
  name: string
  /** Writes the true flow of every pair of frames too. */
  flow: boolean
}

/** What the tables say of it. */
export interface PhantomRecord {
  name: string
  split: 'TRAIN' | 'VAL' | 'TEST'
  /** Percent; ml. */
  ef: number
  esv: number
  edv: number
  fps: number
  frames: number
  /** End systole first, as EchoNet's loader expects: it takes the last of the two for the larger one. */
  tracings: Tracing[]
}

export type PhantomReply =
  | { record: PhantomRecord; failure?: undefined }
  | { record?: undefined; failure: { code: string; message: string } }

async function makeClip(task: PhantomTask): Promise<PhantomRecord> {
  const patient = drawPatient(task.seed, task.split, task.index, task.variety)
  const scan = scanOf(patient, task.seed, task.split, task.index)
  const { fps, mmPerPixel } = patient.scan
  const count = scan.phases.length
  const frames = new Uint8Array(count * SIZE * SIZE)
  for (let frame = 0; frame < count; frame++) scan.draw(frame, frames.subarray(frame * SIZE * SIZE))
  const path = join(task.dir, 'Videos', `${task.name}.avi`)
  await writeClip(path, { frames, count, width: SIZE, height: SIZE }, { fps })
  if (task.flow) await writeFlow(scan, join(task.dir, 'Flow', task.name))
  const { systole, diastole } = traceScan(scan)
  const esv = diskVolume(systole.lines, mmPerPixel)
  const edv = diskVolume(diastole.lines, mmPerPixel)
  const ef = (100 * (edv - esv)) / edv
  return { name: task.name, split: task.split, ef, esv, edv, fps, frames: count, tracings: [systole, diastole] }
}

/** `Flow/NAME/0000.flo` is the displacement from frame 0 to frame 1: "PIEH", width, height, (u, v) row by row. */
async function writeFlow(scan: Scan, folder: string): Promise<void> {
  const head = Buffer.alloc(12)
  head.write('PIEH', 'latin1')
  head.writeInt32LE(SIZE, 4)
  head.writeInt32LE(SIZE, 8)
  for (let frame = 0; frame + 1 < scan.phases.length; frame++) {
    const flow = Buffer.from(trueFlow(scan, frame, frame + 1).buffer)
    await writeWhole(join(folder, `${String(frame).padStart(4, '0')}.flo`), Buffer.concat([head, flow]))
  }
}

function reply(message: PhantomReply): void {
  parentPort!.postMessage(message)
}

parentPort!.on('message', (task: PhantomTask) => {
  makeClip(task).then(
    (record) => reply({ record }),
    (error) => {
      const { code, message } = asInfomotionError(error)
      reply({ failure: { code, message } })
    },
  )
})
