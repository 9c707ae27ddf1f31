import { parentPort, workerData } from 'node:worker_threads'
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import type { Tensor } from '../onnx/model.js'
import { serveParent } from './child.js'
import { abortError, asInfomotionError, InfomotionError, permissionCure } from './errors.js'
import { BUSY, STOP } from './onnx-control.js'

/**
 * Where ONNX Runtime lives, because its `run` blocks the thread it is called on: a worker thread, or a process (see
 * `onnx-host.ts`, the other side). It does one request at a time; training state (parameters, moments) stays here from
 * `open` to `close`.
 */

/** A tensor as it crosses between the two; `bool` is a byte of 0 or 1. */
export type Values = Tensor

/** A value that each training step reads as `input` and gives anew as `output`. */
export interface Carried {
  input: string
  output: string
  dims: number[]
  data: Float32Array
}

/** Many steps of training, so that a small student costs one message and not one a step. */
export interface Training {
  /** Inputs with one row a sample: `values` has rows of the shape `dims` ([] where a row is one number). */
  samples: Record<string, { values: Float32Array; dims: number[] }>
  /** Samples of a step; the graph is built for this many. */
  batch: number
  /**
   * Rows of the batches, one batch after the other; -1 is a row of zeros. Step s takes batch s modulo their number, so
   * that one batch serves all steps where it holds every sample.
   */
  order: Int32Array
  /** Scalar inputs, one value a step. */
  scalars: Record<string, Float32Array>
  steps: number
  /** Name of the scalar output to record. */
  loss: string
}

export type Request =
  | { kind: 'load' }
  | { kind: 'open'; model: Uint8Array; state: Carried[] }
  | { kind: 'run'; feeds: Record<string, Values> }
  | { kind: 'train'; training: Training }
  | { kind: 'state' }
  | { kind: 'close' }
  | { kind: 'keep'; id: number; model: Uint8Array }
  | { kind: 'infer'; id: number; feeds: Record<string, Values> }
  | { kind: 'drop'; id: number }

/** What comes back: `progress` any number of times, then `result` or `error` once. */
export type Reply = { progress: number } | { result: unknown } | { error: { code: string; message: string } }

type Ort = typeof import('onnxruntime-node')

const control = parentPort ? new Int32Array(workerData as SharedArrayBuffer) : new Int32Array(2)
let opened: { session: InferenceSession; state: Resident[] } | undefined
/** Models without state that are here from `keep` to `drop`, beside the one that is opened. */
const kept = new Map<number, InferenceSession>()

/** A carried value and its two buffers: a step reads `now` and writes `next`, then they change places. */
interface Resident {
  input: string
  output: string
  now: OrtTensor
  next: OrtTensor
}

/**
 * Every call into ONNX Runtime. A thread that is torn down while inside takes the whole process with it (SIGABRT), so
 * the thread says when it is inside, and does not enter once it is asked to stop; at exit the main thread first asks,
 * then waits. Both sides write their own word before they read the other's, so one of them always sees.
 */
async function inside<T>(call: () => Promise<T>): Promise<T> {
  Atomics.store(control, BUSY, 1)
  try {
    if (Atomics.load(control, STOP)) throw abortError()
    return await call()
  } catch (thrown) {
    if (thrown instanceof InfomotionError) throw thrown
    throw new InfomotionError('ONNX_RUNTIME_FAILED', `ONNX Runtime says: ${(thrown as Error).message}`)
  } finally {
    Atomics.store(control, BUSY, 0)
    Atomics.notify(control, BUSY)
  }
}

let loading: Promise<Ort> | undefined

/** ONNX Runtime, an optional dependency, on first use. */
function runtime(): Promise<Ort> {
  loading ??= inside(() => import('onnxruntime-node').catch(missing)).catch((error) => {
    loading = undefined // stopped before it was loaded
    throw error
  })
  return loading
}

function missing(cause: Error): never {
  throw new InfomotionError(
    'ONNXRUNTIME_MISSING',
    `ONNX Runtime did not load on ${process.platform}-${process.arch}: ${cause.message.split('\n')[0]}. ` +
      (permissionCure(cause) ??
        'It is an optional dependency; install it by: ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node'),
  )
}

async function createSession(model: Uint8Array): Promise<InferenceSession> {
  const { InferenceSession } = await runtime()
  return inside(() =>
    InferenceSession.create(model, {
      // One thread: results do not depend on the number of processors; parallelism is across workers.
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      enableMemPattern: false, // halves the peak memory of training graphs at no cost
      logSeverityLevel: 3, // errors; its warnings are about graphs as they are written, not about results
      extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
    }),
  )
}

async function open({ model, state }: Extract<Request, { kind: 'open' }>): Promise<void> {
  const session = await createSession(model)
  const { Tensor } = await runtime()
  opened = {
    session,
    state: state.map(({ input, output, data, dims }) => ({
      input,
      output,
      now: new Tensor('float32', data, dims),
      next: new Tensor('float32', new Float32Array(data.length), dims),
    })),
  }
}

async function run(
  session: InferenceSession,
  feeds: Record<string, Values>,
  state: Resident[],
): Promise<Record<string, Values>> {
  const { Tensor } = await runtime()
  const inputs = Object.entries(feeds).map(([name, { type, data, dims }]) => [name, new Tensor(type, data, dims)])
  const carried = state.map(({ input, now }) => [input, now])
  const outputs = await inside(() => session.run(Object.fromEntries([...inputs, ...carried])))
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { type, dims, data }]) => [name, { type, dims: [...dims], data } as Values]),
  )
}

/** The training loop: gather a batch, run the step, swap old and new state. */
async function train(
  { training }: Extract<Request, { kind: 'train' }>,
  progress: (steps: number) => void,
): Promise<Float32Array> {
  const { samples, batch, order, scalars, steps, loss } = training
  const { session, state } = current()
  const { Tensor } = await runtime()
  const batches = order.length / batch
  const losses = new Float32Array(steps)
  const lossTensor = new Tensor('float32', new Float32Array(1), [])
  const inputs = Object.entries(samples).map(([name, { values, dims }]) => {
    const width = dims.reduce((product, length) => product * length, 1)
    return { values, width, tensor: new Tensor('float32', new Float32Array(batch * width), [batch, ...dims]), name }
  })
  const feeds: Record<string, OrtTensor> = Object.fromEntries(inputs.map(({ name, tensor }) => [name, tensor]))
  let spoken = performance.now()
  for (let step = 0; step < steps; step++) {
    if (batches > 1 || step === 0) {
      const rows = order.subarray((step % batches) * batch, ((step % batches) + 1) * batch)
      for (const { values, width, tensor } of inputs) gather(values, width, rows, tensor.data as Float32Array)
    }
    for (const name in scalars) feeds[name] = new Tensor('float32', scalars[name].subarray(step, step + 1), [])
    const fetches: Record<string, OrtTensor> = { [loss]: lossTensor }
    for (const { input, output, now, next } of state) {
      feeds[input] = now
      fetches[output] = next
    }
    await inside(() => session.run(feeds, fetches))
    for (const variable of state) [variable.now, variable.next] = [variable.next, variable.now]
    losses[step] = lossTensor.data[0] as number
    if (performance.now() - spoken > 100) {
      progress(step + 1)
      spoken = performance.now()
    }
  }
  return losses
}

/** Copies rows of a matrix below each other; row -1 is zeros. */
function gather(values: Float32Array, width: number, rows: Int32Array, into: Float32Array): void {
  rows.forEach((row, i) => {
    if (row < 0) into.fill(0, i * width, (i + 1) * width)
    else into.set(values.subarray(row * width, (row + 1) * width), i * width)
  })
}

function current(): NonNullable<typeof opened> {
  if (opened) return opened
  throw new InfomotionError('INTERNAL', 'No ONNX session is open in this worker.')
}

async function close(): Promise<void> {
  const session = opened?.session
  opened = undefined
  if (session) await inside(() => session.release())
}

async function drop(id: number): Promise<void> {
  const session = kept.get(id)
  kept.delete(id)
  if (session) await inside(() => session.release())
}

async function answer(request: Request): Promise<unknown> {
  switch (request.kind) {
    case 'load':
      await runtime()
      return
    case 'open':
      return open(request)
    case 'run':
      return run(current().session, request.feeds, current().state)
    case 'train':
      return train(request, (progress) => reply({ progress }))
    case 'state':
      return Object.fromEntries(current().state.map(({ input, now }) => [input, now.data]))
    case 'close':
      return close()
    case 'keep':
      kept.set(request.id, await createSession(request.model))
      return
    case 'infer':
      return run(kept.get(request.id)!, request.feeds, [])
    case 'drop':
      return drop(request.id)
  }
}

async function serve(request: Request): Promise<void> {
  try {
    reply({ result: await answer(request) })
  } catch (thrown) {
    const { code, message } = asInfomotionError(thrown)
    reply({ error: { code, message } })
  }
}

const reply: (message: Reply) => void = parentPort
  ? (message) => parentPort!.postMessage(message)
  : serveParent((request: Request | 'stop') => {
      Atomics.store(control, STOP, request === 'stop' ? 1 : 0)
      if (request !== 'stop') serve(request)
    })
parentPort?.on('message', serve)
