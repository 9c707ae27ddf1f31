import { sha256 } from '../run/store.js'
import { InfomotionError, throwIfAborted } from '../runtime/errors.js'
import { expectInteger, expectOptions, invalid } from '../runtime/expect.js'
import { ignoreRejection, unlessAborted } from '../runtime/job.js'
import { native } from '../runtime/native.js'
import { OnnxModel } from '../runtime/onnx.js'
import type { StageOptions } from '../runtime/progress.js'
import { loadViews } from '../volume/samples.js'
import type { Volume, VolumeOptions } from '../volume/volume.js'
import { flowSeen, inputDims, type ModelDescription } from './description.js'
import { arrange, seenBy } from './layout.js'
import { findModel } from './zoo.js'

export interface EncoderOptions {
  /** A name of the zoo (`listModels`), or the path of an ONNX file with its description (`.json`) beside it. Default: the zoo's first. */
  model?: string
  /** Batches that are computed at once, each in a worker thread, 1..256. Default: as many as the addon has threads. */
  workers?: number
  /** Clips of a batch, 1..1024. Default 4. */
  batch?: number
}

/** An ONNX video model at work. */
export interface Encoder {
  /** Of the model. */
  name: string
  /** Numbers of an embedding. */
  dim: number
  /** SHA-256 of the model's file. */
  sha256: string
  /** SHA-256 of all that embeddings depend on besides the clip: file, description, size of the batch. */
  key: string
  description: ModelDescription
  /** What `volumeOf` must be told for the volumes that this model takes. */
  volume: Required<VolumeOptions>
  /**
   * The embedding of each volume, in their order: the mean over its views, as the model gives it (not normalised).
   *
   * The source is read only as results are taken: at most (workers + 1) * batch volumes are ahead of the result that was
   * asked for last. A batch starts when it is full or the source has ended. Leaving the loop early, an error or an abort
   * ends the source too (its `return`), after the batches that were begun. Several `encode` at once share the workers.
   *
   * @throws {InfomotionError} `INVALID_ARGUMENT` for volumes of another size, `MODEL_MISMATCH`, `EMBEDDING_NOT_FINITE`,
   * `ONNXRUNTIME_MISSING`,
   * `ONNX_RUNTIME_FAILED`, `ENCODER_CLOSED`, `ABORTED`
   */
  encode(
    volumes: Iterable<Volume> | AsyncIterable<Volume>,
    stage?: Pick<StageOptions, 'signal'>,
  ): AsyncGenerator<Float32Array, void, undefined>
  /** Ends what is on (with `ENCODER_CLOSED`) and frees the model; `encode` cannot be called any more. */
  close(): Promise<void>
}

/**
 * Opens an ONNX video model (a temporal CNN over grey levels and/or flow) for embeddings. It runs in worker threads, one
 * thread a batch and always the same number of rows a run, so the embeddings do not depend on the number of workers.
 *
 * @throws {InfomotionError} `INVALID_ARGUMENT`, `MODEL_NOT_FOUND`, `MODEL_DESCRIPTION_INVALID`,
 * `MODEL_CHECKSUM_MISMATCH`, `MODEL_MISMATCH`, `ONNX_MODEL_INVALID`, `ONNX_EXTERNAL_DATA`
 * @example
 * ```js
 * const encoder = await createEncoder()
 * const { frames, width, height, fps } = await readClip('Videos/0X1A.avi')
 * const volume = await volumeOf(frames, { width, height, fps }, encoder.volume)
 * for await (const embedding of encoder.encode([volume])) console.log(embedding.length) // encoder.dim
 * await encoder.close()
 * ```
 */
export async function createEncoder(options: EncoderOptions = {}): Promise<Encoder> {
  expectOptions(options, 'createEncoder', ['model', 'workers', 'batch'])
  const workers = expectInteger(options.workers ?? native().threads, 'workers', 1, 256)
  const batch = expectInteger(options.batch ?? 4, 'batch', 1, 1024)
  const { description, model, rows } = await findModel(options.model)
  return new OnnxEncoder(description, model, workers, batch, rows ?? batch * description.input.views)
}

class OnnxEncoder implements Encoder {
  readonly name: string
  readonly dim: number
  readonly sha256: string
  readonly key: string
  readonly volume: Required<VolumeOptions>
  private readonly model: OnnxModel
  private readonly closing = new AbortController()
  /** Batches in the making. */
  private readonly running = new Set<Promise<Float32Array[]>>()

  constructor(
    readonly description: ModelDescription,
    file: Uint8Array,
    private readonly workers: number,
    private readonly batch: number,
    /** Of a run, always: what is missing is filled up with zeros. */
    private readonly rows: number,
  ) {
    const { name, sha256: hash, input, output } = description
    this.name = name
    this.dim = output.dim
    this.sha256 = hash
    this.key = sha256(JSON.stringify([sha256(file), input, output, rows]))
    const frames = Math.max(64, input.frames * input.stride)
    this.volume = { side: input.side, rate: input.rate, frames, flow: flowSeen(input) }
    this.model = new OnnxModel(file)
  }

  async *encode(
    volumes: Iterable<Volume> | AsyncIterable<Volume>,
    { signal }: Pick<StageOptions, 'signal'> = {},
  ): AsyncGenerator<Float32Array, void, undefined> {
    const source = Symbol.asyncIterator in volumes ? volumes[Symbol.asyncIterator]() : volumes[Symbol.iterator]()
    const leaving = new AbortController()
    const stop = AbortSignal.any([leaving.signal, this.closing.signal, ...(signal ? [signal] : [])])
    const batches: Promise<Float32Array[]>[] = []
    let read = 0
    let given = 0
    const take = async () => {
      const clips: Volume[] = []
      while (clips.length < this.batch && !stop.aborted) {
        const { value, done } = await source.next()
        if (done) break
        clips.push(this.expectVolume(value, read++))
      }
      return clips
    }
    try {
      throwIfAborted(stop)
      // While batches are computed the next one is read, and no further.
      let next = ignoreRejection(take())
      for (;;) {
        while (batches.length < this.workers) {
          const clips = await unlessAborted(next, stop)
          if (clips.length === 0) break
          batches.push(ignoreRejection(this.start(clips, stop)))
          next = ignoreRejection(take())
        }
        const first = batches.shift()
        if (!first) return
        for (const embedding of await first) {
          throwIfAborted(stop)
          if (!embedding.every(Number.isFinite)) throw notFinite(this.name, `volumes[${given}]`)
          given++
          yield embedding
        }
      }
    } catch (error) {
      throw this.closing.signal.aborted && (error as InfomotionError).code === 'ABORTED' ? this.closed() : error
    } finally {
      leaving.abort()
      await Promise.allSettled(batches)
      const ended = ignoreRejection(Promise.resolve(source.return?.()))
      if (!signal?.aborted && !this.closing.signal.aborted) await ended // a source that hangs does not hold up an abort
    }
  }

  async close(): Promise<void> {
    this.closing.abort()
    await Promise.allSettled(this.running)
    await this.model.close()
  }

  private start(clips: Volume[], signal: AbortSignal): Promise<Float32Array[]> {
    const made = this.embed(clips, signal)
    this.running.add(made)
    return made.finally(() => this.running.delete(made))
  }

  /** The embeddings of a batch. */
  private async embed(clips: Volume[], signal: AbortSignal): Promise<Float32Array[]> {
    const { dim, rows, description } = this
    const { name, frames, stride, views, channels } = description.input
    const seen = await loadViews(clips, { frames, stride, views, channels: seenBy(channels), signal })
    const dims = inputDims(description)
    const width = dims.reduce((product, length) => product * length, 1)
    const sums = clips.map(() => new Float64Array(dim))
    for (let from = 0; from < clips.length * views; from += rows) {
      const to = Math.min(from + rows, clips.length * views)
      const data = new Float32Array(rows * width)
      for (let row = from; row < to; row++) arrange(seen, row, description.input, data.subarray((row - from) * width))
      const outputs = await this.model.run({ [name]: { type: 'float32', dims: [rows, ...dims], data } }, signal)
      const answer = outputs[description.output.name]
      if (answer.data.length !== rows * dim) throw this.mismatch(answer.dims)
      for (let row = from; row < to; row++) {
        const sum = sums[Math.floor(row / views)]
        for (let i = 0; i < dim; i++) sum[i] += (answer.data as Float32Array)[(row - from) * dim + i]
      }
    }
    return sums.map((sum) => Float32Array.from(sum, (value) => value / views))
  }

  private expectVolume(volume: Volume, index: number): Volume {
    const { side } = this.volume
    const what = `a volume of side ${side} (volumeOf with the encoder's volume options)`
    if (volume?.side !== side) throw invalid(what, `volumes[${index}].side`, volume?.side)
    return volume
  }

  private mismatch(dims: number[]): InfomotionError {
    const { name } = this.description.output
    return new InfomotionError(
      'MODEL_MISMATCH',
      `Model "${this.name}" gave its output "${name}" in the shape [${dims.join(', ')}]: expected ${this.dim} numbers for ` +
        `each of ${this.rows} rows, as its description says.`,
    )
  }

  private closed(): InfomotionError {
    return new InfomotionError(
      'ENCODER_CLOSED',
      `The encoder "${this.name}" was closed: make another for more volumes.`,
    )
  }
}

/** The error for an embedding that holds NaN or infinity; `what` it is of is said. */
export function notFinite(encoder: string, what: string): InfomotionError {
  return new InfomotionError(
    'EMBEDDING_NOT_FINITE',
    `Expected finite numbers from encoder "${encoder}" for ${what}, but it gives NaN or infinity. See whether the ` +
      "description's normalisation and channels are those that the model was trained on, or use another encoder.",
  )
}
