import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import {
  decodeModel,
  encodeModel,
  float32,
  GraphBuilder,
  type Model,
  type StateVariable,
  type Tensor,
} from '../onnx/index.js'
import { readWhole, replaceFile } from '../run/store.js'
import { invalid } from '../runtime/expect.js'

/** Where training keeps its state, so that the same call goes on after a crash or an abort. */
export interface CheckpointOptions {
  /** A file of its own for each run. It is removed when training has ended; one left by another run is replaced. */
  path: string
  /** Seconds between two writes; default 30. */
  everySeconds?: number
}

/** A run that can go on where it stopped. */
export interface Resumable {
  /** Learning rate of each step: as many as there are steps, at most. */
  rates: Float64Array
  checkpoint?: CheckpointOptions
  /** What the samples are made from, asked only where there is a checkpoint: it goes on only with the same. */
  origin?: () => (string | Uint8Array)[]
}

/** How far a run is. */
interface Found {
  /** Steps done already. */
  step: number
  /** The state after them, and the losses of all steps so far (0 for those to come). */
  state: StateVariable[]
  losses: Float32Array
}

/** A run's place on the disk, and how far it has come. */
interface Checkpoint extends Found {
  /** Writes the state after `step` steps, if it is time to. */
  keep(step: number, losses: Float32Array, state: () => Promise<Record<string, Float32Array>>): Promise<void>
  remove(): Promise<void>
}

/** Names in the file, beside those of the state: an ONNX file of initializers, as other tools can read it too. */
const FILE_NAME = 'infomotion-checkpoint'
const LOSSES = 'checkpoint/losses'

/** Finds the state that the same run has left, or the initial one. */
export async function checkpointOf(run: Resumable, model: Uint8Array, initial: StateVariable[]): Promise<Checkpoint> {
  const fresh = { step: 0, state: initial, losses: new Float32Array(run.rates.length) }
  if (!run.checkpoint) return { ...fresh, keep: async () => undefined, remove: async () => undefined }
  const { path, everySeconds = 30 } = run.checkpoint
  const key = keyOf(run, model, initial)
  let written = performance.now()
  return {
    ...((await read(path, key, initial)) ?? fresh),
    async keep(step, losses, state) {
      if (performance.now() - written < everySeconds * 1000) return
      await replaceFile(path, encode(key, step, losses, await state()))
      written = performance.now()
    },
    remove: () => rm(path, { force: true }),
  }
}

/** What defines a run: its step as a graph, where it starts, its learning rates, and its samples. */
function keyOf({ rates, origin }: Resumable, model: Uint8Array, state: StateVariable[]): string {
  const hash = createHash('sha256').update(model).update(rates)
  for (const { initial } of state) hash.update(initial.data as Float32Array)
  for (const part of origin?.() ?? []) hash.update(part)
  return hash.digest('hex')
}

function encode(key: string, step: number, losses: Float32Array, state: Record<string, Float32Array>): Uint8Array {
  const g = new GraphBuilder(FILE_NAME)
  for (const [name, values] of Object.entries({ ...state, [LOSSES]: losses })) {
    g.initializer(name, float32([values.length], values))
  }
  return encodeModel({ ...g.build(), metadata: { key, step: String(step) } })
}

async function read(path: string, key: string, initial: StateVariable[]): Promise<Found | undefined> {
  const file = await readWhole(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (!file) return undefined
  const { metadata, initializers } = decode(file, path)
  if (metadata.key !== key) return undefined
  const values = (name: string) => initializers.get(name)!.data as Float32Array
  return {
    step: Number(metadata.step),
    state: initial.map((variable) => ({
      ...variable,
      initial: { ...variable.initial, data: values(variable.input) } as Tensor,
    })),
    losses: values(LOSSES),
  }
}

/** Checkpoints appear whole, so a file that is none is something else, put there by mistake: it is not overwritten. */
function decode(file: Uint8Array, path: string): Model {
  try {
    const model = decodeModel(file)
    if (model.name === FILE_NAME) return model
  } catch {
    // neither an ONNX file
  }
  throw invalid('a new file, or one left by training,', 'checkpoint.path', path)
}
