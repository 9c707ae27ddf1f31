import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { create, toBinary } from '@bufbuild/protobuf'
import { ModelProtoSchema, StringStringEntryProtoSchema, TensorProto_DataLocation } from 'onnx-buf'
import t, { type Test } from 'tap'
import { createEncoder, type Encoder } from '#lib/features/encoder.js'
import { listModels } from '#lib/features/zoo.js'
import { parseModel } from '#lib/onnx/codec.js'
import { decodeModel, encodeModel, float32, GraphBuilder } from '#lib/onnx/index.js'
import { sha256 } from '#lib/run/store.js'
import { Random } from '#lib/runtime/random.js'
import { decodeSpeed, type Volume } from '#lib/volume/volume.js'
import { root, temporary } from './support.js'

t.setTimeout(120_000)

const SIDE = 2
const description = {
  licence: 'MIT',
  input: {
    name: 'clips',
    layout: 'NCTHW',
    channels: ['grey', 'u', 'v'],
    frames: 3,
    side: SIDE,
    stride: 2,
    rate: 32,
    normalisation: { mean: [0.25, 0, 0], scale: [0.25, 0.2, 0.2] },
    views: 2,
  },
  output: { name: 'embedding', dim: 36 },
}

interface Changes {
  input?: Record<string, unknown>
  output?: Record<string, unknown>
  [field: string]: unknown
}

/** A model whose embedding is its input, flattened, under a description that the changes are made to. */
function ownModel(t: Test, { input, output, ...rest }: Changes = {}, batch: number | string = 'N'): string {
  const path = join(temporary(t), 'identity.onnx')
  const all = {
    ...description,
    ...rest,
    input: { ...description.input, ...input },
    output: { ...description.output, ...output },
  }
  const { layout, channels, frames } = all.input
  const dims = layout === 'NCTHW' ? [channels.length, frames] : [frames, channels.length]
  const width = channels.length * frames * SIDE * SIDE
  const g = new GraphBuilder('identity')
  const identity = Float32Array.from({ length: width * width }, (_, i) => (i % (width + 1) === 0 ? 1 : 0))
  const flat = g.node('Flatten', [g.input('clips', [batch, ...dims, SIDE, SIDE])])
  g.output(g.node('MatMul', [flat, g.initializer('identity', float32([width, width], identity))], {}, 'embedding'))
  writeFileSync(path, encodeModel(g.build()))
  writeFileSync(path.replace('.onnx', '.json'), JSON.stringify(all))
  return path
}

function randomVolume(seed: number, frames = 5, side = SIDE): Volume {
  const random = new Random(seed, 'volume')
  return { frames, side, values: Uint8Array.from({ length: frames * 3 * side * side }, () => random.below(256)) }
}

const VOLUMES = Array.from({ length: 7 }, (_, i) => randomVolume(i, 1 + i))

async function encodeAll(encoder: Encoder, volumes: Iterable<Volume> | AsyncIterable<Volume> = VOLUMES) {
  const embeddings: Float32Array[] = []
  for await (const embedding of encoder.encode(volumes)) embeddings.push(embedding)
  return embeddings
}

async function withEncoder<T>(
  options: Parameters<typeof createEncoder>[0],
  use: (encoder: Encoder) => Promise<T>,
): Promise<T> {
  const encoder = await createEncoder(options)
  try {
    return await use(encoder)
  } finally {
    await encoder.close()
  }
}

/** Grey level 0..1, or speed in frame widths per second: what a channel shows, by the definition of a volume. */
function shown(volume: Volume, channel: string, frame: number, pixel: number): number {
  const plane = ['grey', 'u', 'v'].indexOf(channel)
  const byte = volume.values[(frame * 3 + plane) * SIDE * SIDE + pixel]
  return channel === 'grey' ? byte / 255 : decodeSpeed(byte)
}

t.test('the input by hand: layouts, channels, normalisation, views, stride, wrap-around', async (t) => {
  const rgb = { channels: ['grey', 'grey', 'grey'], normalisation: { mean: [0.4, 0.5, 0.6], scale: [0.1, 0.2, 0.3] } }
  const flow = { channels: ['v', 'u'], normalisation: { mean: [0.1, 0], scale: [1, 2] }, frames: 4, views: 3 }
  for (const input of [{}, { layout: 'NTCHW' }, rgb, { ...rgb, layout: 'NTCHW' }, flow, { stride: 3, views: 1 }]) {
    const { layout, channels, frames, stride, views, normalisation } = { ...description.input, ...input }
    const dim = channels.length * frames * SIDE * SIDE
    const embeddings = await withEncoder({ model: ownModel(t, { input, output: { dim } }), batch: 2 }, encodeAll)
    t.equal(embeddings.length, VOLUMES.length)
    let off = 0
    for (const [n, volume] of VOLUMES.entries()) {
      for (let c = 0; c < channels.length; c++) {
        for (let frame = 0; frame < frames; frame++) {
          for (let pixel = 0; pixel < SIDE * SIDE; pixel++) {
            let mean = 0
            for (let view = 0; view < views; view++) {
              const at = (Math.floor((view * volume.frames) / views) + frame * stride) % volume.frames
              mean += (shown(volume, channels[c], at, pixel) - normalisation.mean[c]) / normalisation.scale[c] / views
            }
            const place = layout === 'NCTHW' ? c * frames + frame : frame * channels.length + c
            off = Math.max(off, Math.abs(embeddings[n][place * SIDE * SIDE + pixel] - mean))
          }
        }
      }
    }
    t.ok(off < 1e-5, `${JSON.stringify(input)}: off by ${off}`)
  }
})

t.test('the same embeddings for any workers and batch, in order, and from several callers at once', async (t) => {
  const model = ownModel(t)
  const expected = await withEncoder({ model, workers: 1, batch: 1 }, encodeAll)
  t.equal(new Set(expected.map(String)).size, VOLUMES.length, 'they differ')
  for (const workers of [1, 2])
    for (const batch of [1, 4])
      t.same(
        await withEncoder({ model, workers, batch }, encodeAll),
        expected,
        `${workers} workers, batches of ${batch}`,
      )
  const fixed = ownModel(t, {}, 3)
  t.same(await withEncoder({ model: fixed, batch: 2 }, encodeAll), expected, 'a model that takes three rows only')
  await withEncoder({ model, workers: 2, batch: 2 }, async (encoder) => {
    t.same(await Promise.all([encodeAll(encoder), encodeAll(encoder)]), [expected, expected])
    t.same(await encodeAll(encoder, []), [])
    async function* slow() {
      for (const volume of VOLUMES) {
        await new Promise((resolve) => setTimeout(resolve, 5))
        yield volume
      }
    }
    t.same(await encodeAll(encoder, slow()), expected, 'from a source that takes its time')
  })
  const keys = [{}, { batch: 1 }, { model: ownModel(t, { input: { stride: 1 } }) }].map((options) =>
    withEncoder({ model, ...options }, async (encoder) => [encoder.sha256, encoder.key]),
  )
  const [[hash, key], [hash1, key1], [hash2, key2]] = await Promise.all(keys)
  t.same([hash1, hash2], [hash, hash], 'one file')
  t.equal(new Set([key, key1, key2]).size, 3, 'but three ways to use it')
})

t.test('the source is not read ahead further than said, and ends with the loop', async (t) => {
  const workers = 2
  const batch = 2
  await withEncoder({ model: ownModel(t), workers, batch }, async (encoder) => {
    let [read, ended] = [0, false]
    function* source() {
      try {
        for (;;) {
          read++
          yield VOLUMES[read % VOLUMES.length]
        }
      } finally {
        ended = true
      }
    }
    let [given, most] = [0, 0]
    for await (const _ of encoder.encode(source())) {
      given++
      await new Promise((resolve) => setTimeout(resolve, 10)) // a consumer that takes its time
      most = Math.max(most, read - given + 1)
      if (given === 20) break
    }
    t.ok(most > batch && most <= (workers + 1) * batch, `at most ${most} volumes ahead`)
    t.ok(ended, 'the source was told')

    const broken = async function* () {
      yield VOLUMES[0]
      throw new Error('no more clips')
    }
    await t.rejects(encodeAll(encoder, broken()), { message: 'no more clips' })
    await t.rejects(encodeAll(encoder, [VOLUMES[0], VOLUMES[1], randomVolume(1, 5, 3)]), {
      code: 'INVALID_ARGUMENT',
      message: /side 2 .* for volumes\[2\].side but received 3/,
    })
    t.same((await encodeAll(encoder)).length, VOLUMES.length, 'the encoder goes on')
  })
})

t.test('abort and close', async (t) => {
  const model = ownModel(t)
  const encoder = await createEncoder({ model, batch: 1 })
  const consume = async (volumes: Iterable<Volume> | AsyncIterable<Volume>, signal: AbortSignal, until = 3) => {
    let given = 0
    for await (const _ of encoder.encode(volumes, { signal })) if (++given === until) abort.abort()
  }
  const endless = function* () {
    for (;;) yield VOLUMES[0]
  }
  let abort = new AbortController()
  await t.rejects(consume(VOLUMES, AbortSignal.abort()), { code: 'ABORTED' })
  await t.rejects(consume(endless(), abort.signal), { code: 'ABORTED' })

  abort = new AbortController()
  const hanging = async function* () {
    yield VOLUMES[0]
    await new Promise(() => undefined)
  }
  setTimeout(() => abort.abort(), 50)
  await t.rejects(consume(hanging(), abort.signal), { code: 'ABORTED' }, 'while the source hangs')

  const on = encoder.encode(endless())
  t.equal((await on.next()).value?.length, encoder.dim)
  await encoder.close()
  await t.rejects(on.next(), { code: 'ENCODER_CLOSED' })
  await t.rejects(encodeAll(encoder), { code: 'ENCODER_CLOSED' })
  await encoder.close()
})

t.test('models and descriptions that do not fit', async (t) => {
  const refused = (model: string, code: string, message: RegExp) =>
    t.rejects(createEncoder({ model }), { code, message }, `${code} ${message}`)
  await refused('no-such-model', 'MODEL_NOT_FOUND', /No model is called "no-such-model"/)
  await refused(join(temporary(t), 'gone.onnx'), 'MODEL_NOT_FOUND', /no file .*gone.json/)
  const alone = ownModel(t)
  writeFileSync(alone, 'no model')
  await refused(alone, 'ONNX_MODEL_INVALID', /bytes/)
  const text = ownModel(t)
  writeFileSync(text.replace('.onnx', '.json'), '{ "name": ')
  await refused(text, 'MODEL_DESCRIPTION_INVALID', /identity.json: Expected a JSON file/)

  const described = (changes: Changes, message: RegExp) =>
    refused(ownModel(t, changes), 'MODEL_DESCRIPTION_INVALID', message)
  await described({ input: { layout: 'NHWC' } }, /one of NCTHW, NTCHW for input.layout but received "NHWC"/)
  await described({ input: { channels: ['red', 'u', 'v'] } }, /one of grey, u, v for input.channels/)
  await described({ input: { normalisation: { mean: [0], scale: [1, 1, 1] } } }, /3 numbers.*normalisation.mean/)
  await described({ input: { normalisation: { mean: [0, 0, 0], scale: [1, 1, 0] } } }, /normalisation.scale/)
  await described({ input: { stride: 0 } }, /input.stride/)
  await described({ outputs: {} }, /Unknown option "outputs"/)
  await described({ sha256: 'abc' }, /64 hexadecimal digits/)

  await refused(ownModel(t, { sha256: '0'.repeat(64) }), 'MODEL_CHECKSUM_MISMATCH', /0000/)
  const mismatched = (changes: Changes, message: RegExp) => refused(ownModel(t, changes), 'MODEL_MISMATCH', message)
  await mismatched({ input: { name: 'video' } }, /no input "video"; its inputs: "clips"/)
  await mismatched({ input: { side: 7 } }, /shape \[\?, 3, 3, 2, 2\].*\[N, 3, 3, 7, 7\]/)
  await mismatched({ output: { name: 'features' } }, /no output "features"; its outputs: "embedding"/)
  await mismatched({ output: { dim: 35 } }, /36 numbers a row.*35/)
  await t.rejects(createEncoder({ modle: alone } as never), { code: 'INVALID_ARGUMENT' })
  await t.rejects(createEncoder({ batch: 0 }), { code: 'INVALID_ARGUMENT', message: /batch/ })

  const path = ownModel(t, { output: { dim: 5 } })
  const model = decodeModel(readFileSync(path))
  model.outputs.set('embedding', { type: 'float32', dims: ['N', 'D'] }) // the file does not tell how long a row is
  writeFileSync(path, encodeModel(model))
  await withEncoder({ model: path }, async (encoder) => {
    await t.rejects(encodeAll(encoder), { code: 'MODEL_MISMATCH', message: /shape \[8, 36\]: expected 5 numbers/ })
  })
})

t.test('the models of the zoo: files, cards, and an answer to motion', async (t) => {
  const models = await listModels()
  t.ok(models.length > 0)
  for (const { name, file, sha256: hash, card, licence, source, trainedOn, output } of models) {
    t.equal(sha256(readFileSync(join(root, 'models', file))), hash)
    t.ok(card && existsSync(join(root, 'models', card)), 'has a card')
    t.ok(licence && source && trainedOn)
    await withEncoder({ model: name }, async (encoder) => {
      const { side } = encoder.volume
      const [still, moving] = await encodeAll(encoder, [disk(side, 0), disk(side, 0.2)])
      t.same([still.length, moving.length], [output.dim, output.dim])
      t.ok([...still, ...moving].every(Number.isFinite))
      const norm = (x: Float32Array) => Math.hypot(...x)
      const apart = norm(still.map((value, i) => value - moving[i])) / norm(still)
      t.ok(apart > 0.2, `a still and a beating disk are ${apart.toFixed(2)} apart`)
    })
  }
  t.equal(await withEncoder({}, async (encoder) => encoder.name), models[0].name, 'the first is the default')
})

/** A bright disk whose radius goes up and down by a share of it, once a second: 64 frames at 32 frames/s. */
function disk(side: number, share: number): Volume {
  const frames = 64
  const values = new Uint8Array(frames * 3 * side * side)
  const store = (speed: number) => 128 + Math.round(127 * Math.sign(speed) * Math.sqrt(Math.min(1, Math.abs(speed))))
  for (let frame = 0; frame < frames; frame++) {
    const angle = (2 * Math.PI * frame) / 32
    const radius = 0.3 * (1 + share * Math.sin(angle))
    const growth = (share * 2 * Math.PI * Math.cos(angle)) / (1 + share * Math.sin(angle))
    for (let i = 0; i < side * side; i++) {
      const [x, y] = [((i % side) + 0.5) / side - 0.5, (Math.floor(i / side) + 0.5) / side - 0.5]
      const inside = Math.hypot(x, y) < radius
      const at = frame * 3 * side * side + i
      values[at] = inside ? 150 : 20
      values[at + side * side] = store(inside ? growth * x : 0)
      values[at + 2 * side * side] = store(inside ? growth * y : 0)
    }
  }
  return { values, frames, side }
}

t.test('tensors in a file beside the model: from any folder, and from no other', async (t) => {
  const path = ownModel(t)
  const folder = dirname(path)
  const whole = readFileSync(path)
  const expected = await embeddingOf(path)
  /** The model again, its largest tensor moved to `location`. */
  const move = (location: string, changes: { offset?: string; length?: string } = {}) => {
    const model = parseModel(whole)
    const [tensor] = model.graph!.initializer
    const bytes = tensor.rawData
    tensor.rawData = new Uint8Array(0)
    tensor.dataLocation = TensorProto_DataLocation.EXTERNAL
    const entries = { location, offset: '8', length: String(bytes.length), ...changes }
    tensor.externalData = Object.entries(entries).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    )
    writeFileSync(path, toBinary(ModelProtoSchema, model))
    return Buffer.concat([Buffer.alloc(8), bytes])
  }
  writeFileSync(join(folder, 'identity.data'), move('identity.data'))
  t.same(await embeddingOf(path), expected, 'the same numbers, whatever folder this process is in')
  const { key } = await createEncoder({ model: path })
  const data = readFileSync(join(folder, 'identity.data'))
  data[data.length - 1] ^= 1
  writeFileSync(join(folder, 'identity.data'), data)
  t.not((await createEncoder({ model: path })).key, key, 'other weights are another model, also where only they differ')

  const outside = join(temporary(t), 'outside.data')
  writeFileSync(outside, data)
  symlinkSync(outside, join(folder, 'linked.data'))
  mkdirSync(join(folder, 'weights'))
  execFileSync('mkfifo', [join(folder, 'pipe.data')])
  for (const [location, what, changes] of [
    [outside, /outside the model's folder/],
    [`../${basename(dirname(outside))}/outside.data`, /outside the model's folder/],
    ['linked.data', /outside the model's folder/],
    ['weights', /is no file/],
    ['pipe.data', /is no file/],
    ['absent.data', /cannot be read \(ENOENT\)/],
    ['identity.data', /that file has/, { offset: '100000' }],
  ] as [string, RegExp, object?][]) {
    move(location, changes)
    await t.rejects(createEncoder({ model: path }), { code: 'ONNX_EXTERNAL_DATA', message: what }, location)
  }
  move('identity.data', { length: '-3' })
  await t.rejects(createEncoder({ model: path }), { code: 'ONNX_MODEL_INVALID' })
})

t.test('an encoder that gives NaN is named, with what it was given', async (t) => {
  const path = join(temporary(t), 'nan.onnx')
  const g = new GraphBuilder('nan')
  const flat = g.node('Flatten', [g.input('clips', ['N', 3, 3, SIDE, SIDE])])
  g.output(g.node('Sqrt', [flat], {}, 'embedding')) // of numbers below zero too
  writeFileSync(path, encodeModel(g.build()))
  writeFileSync(path.replace('.onnx', '.json'), JSON.stringify(description))
  const encoder = await createEncoder({ model: path })
  const given = Array.from({ length: 3 }, (_, i) => randomVolume(i))
  const all = async () => {
    for await (const _ of encoder.encode(given)) t.fail('nothing is given on')
  }
  await t.rejects(all(), { code: 'EMBEDDING_NOT_FINITE', message: /encoder "nan" for volumes\[0\]/ })
  await encoder.close()
})

async function embeddingOf(model: string): Promise<Float32Array> {
  const encoder = await createEncoder({ model })
  try {
    for await (const embedding of encoder.encode([randomVolume(1)])) return embedding
    throw new Error('no embedding')
  } finally {
    await encoder.close()
  }
}
