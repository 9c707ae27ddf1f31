import { readFileSync } from 'node:fs'
import {
  type Attribute,
  decodeModel,
  differentiate,
  encodeModel,
  float32,
  GraphBuilder,
  inferenceModel,
  int64,
  type Model,
  type Optimizer,
  schedule,
  type Tensor,
  trainingStep,
  withParameters,
} from 'infomotion/onnx'
import t from 'tap'
import { withSession } from '#lib/runtime/onnx.js'
import { fixture } from './support.js'

/** An array of the fixtures: base64 of little-endian float32. */
interface Stored {
  dims: number[]
  data: string
}

const read = <T>(name: string): T => JSON.parse(readFileSync(fixture('gradients', name), 'utf8'))
const restored = ({ dims, data }: Stored): Tensor =>
  float32(dims, new Float32Array(new Uint8Array(Buffer.from(data, 'base64')).buffer))
const valuesOf = (stored: Stored) => restored(stored).data as Float32Array

const run = (model: Model, feeds: Record<string, Tensor>) =>
  withSession(encodeModel(model), [], (session) => session.run(feeds))

/** Relative difference in the Euclidean norm. */
function difference(a: ArrayLike<number | bigint>, b: Float32Array): number {
  let [d, n] = [0, 0]
  for (let i = 0; i < b.length; i++) {
    d += (Number(a[i]) - b[i]) ** 2
    n += b[i] ** 2
  }
  return a.length === b.length ? Math.sqrt(d / n) : Infinity
}

interface OperatorCase {
  name: string
  op: string
  attributes: Record<string, Attribute>
  inputs: Stored[]
  constants: (number | number[] | null)[]
  output: Stored
  gradients: (Stored | null)[]
}

/** loss = sum_i op(inputs)_i cos(i + 1), as in scripts/fixtures/gradients.py. */
function operatorModel({ op, attributes, inputs, constants, output }: OperatorCase): Model {
  const g = new GraphBuilder(op)
  const names = inputs.map((value, i) => {
    const statistic = op === 'BatchNormalization' && i > 2
    return statistic ? g.initializer(`x${i}`, restored(value)) : g.input(`x${i}`, value.dims)
  })
  const fixed = constants.map((value, i) => {
    if (value === null) return ''
    return g.initializer(`constant${i}`, Array.isArray(value) ? int64(value) : float32([], [value]))
  })
  const outputs = attributes.training_mode ? ['y', 'mean', 'variance'] : ['y']
  g.append({ op, domain: '', name: op, inputs: [...names, ...fixed], outputs, attributes })
  g.output('y')
  const weights = valuesOf(output).map((_, i) => Math.cos(i + 1))
  const weighted = g.node('Mul', ['y', g.initializer('weights', float32(output.dims, weights))])
  g.output(g.node('ReduceSum', [weighted], { keepdims: { int: 0 } }, 'loss'))
  return g.build()
}

t.test('operators: output and gradients as PyTorch has them', async (t) => {
  const { cases } = read<{ cases: OperatorCase[] }>('operators.json')
  let worst = { error: 0, where: '' }
  for (const example of cases) {
    const { name, inputs, output, gradients } = example
    const wrt = inputs.map((_, i) => `x${i}`).filter((_, i) => gradients[i])
    const model = operatorModel(example)
    const feeds = Object.fromEntries([...model.inputs.keys()].map((name, i) => [name, restored(inputs[i])]))
    const results = await run(differentiate(model, 'loss', wrt), feeds)
    t.same(results.y.dims, output.dims, `${name}: shape`)
    const errors = { y: difference(results.y.data, valuesOf(output)) } as Record<string, number>
    gradients.forEach((gradient, i) => {
      if (!gradient) return
      const ours = results[`gradient/x${i}`]
      t.same(ours.dims, inputs[i].dims, `${name}: shape of gradient ${i}`)
      errors[`gradient ${i}`] = difference(ours.data, valuesOf(gradient))
    })
    if (wrt.length > 1) {
      const alone = await run(differentiate(model, 'loss', ['x0']), feeds)
      errors['gradient 0, alone'] = difference(alone['gradient/x0'].data, valuesOf(gradients[0]!))
    }
    for (const [what, error] of Object.entries(errors)) {
      t.ok(error < 1e-5, `${name}, ${what}: ${error}`)
      if (error > worst.error) worst = { error, where: `${name}, ${what}` }
    }
  }
  t.comment(`worst relative error: ${worst.error} (${worst.where})`)
})

t.test('weighted softmax cross-entropy, hard and soft labels, as PyTorch has it', async (t) => {
  const { cases } = read<{ cases: ({ name: string } & Record<string, Stored>)[] }>('loss.json')
  for (const { name, logits, targets, weights, gradient, loss } of cases) {
    // The gradient of a bias that is added to the logits is theirs, and SGD at rate 1 shows it.
    const g = new GraphBuilder('bias')
    const bias = g.initializer('bias', float32(logits.dims))
    g.output(g.node('Add', [g.input('x', logits.dims), bias], {}, 'logits'))
    const step = trainingStep(g.build(), { optimizer: { kind: 'sgd' } })
    const results = await run(step.model, {
      x: restored(logits),
      bias: float32(logits.dims),
      targets: restored(targets),
      weights: restored(weights),
      learning_rate: float32([], [1]),
    })
    const moved = (results['bias/next'].data as Float32Array).map((value) => -value)
    const errors = [difference(results.loss.data, valuesOf(loss)), difference(moved, valuesOf(gradient))]
    for (const error of errors) t.ok(error < 1e-5, `${name}: ${error}`)
    t.comment(`${name}: loss ${errors[0]}, gradient ${errors[1]}`)
  }
})

interface NetworkFixture {
  initial: Record<string, Stored>
  video: Stored
  targets: Stored
  weights: Stored
  loss: number
  gradients: Record<string, Stored>
  second: Stored
  trainings: {
    optimizer: Optimizer
    rates: number[]
    losses: number[]
    state: Record<string, Stored>
    probabilities: Stored
  }[]
}

/** The (2+1)D network of scripts/fixtures/gradients.py: video [N, 2, 6, 8, 8] -> logits [N, 3]. */
function network({ initial, video }: NetworkFixture): Model {
  const g = new GraphBuilder('network')
  for (const [name, value] of Object.entries(initial)) g.initializer(name, restored(value))
  const conv = (x: string, name: string, strides: number[], pads: number[]) =>
    g.node('Conv', [x, `${name}.weight`], { strides: { ints: strides }, pads: { ints: [...pads, ...pads] } })
  const norm = (x: string, name: string) => {
    const inputs = [x, ...['weight', 'bias', 'running_mean', 'running_var'].map((part) => `${name}.${part}`)]
    const outputs = [`${name}/y`, `${name}/mean`, `${name}/variance`]
    const attributes = { training_mode: { int: 1 } }
    return g.append({ op: 'BatchNormalization', domain: '', name, inputs, outputs, attributes })[0]
  }
  const relu = (x: string) => g.node('Relu', [x])
  let x = g.input('video', ['N', ...video.dims.slice(1)])
  x = relu(norm(conv(x, 'stem', [1, 2, 2], [0, 1, 1]), 'stem_norm'))
  x = relu(norm(conv(x, 'temporal', [2, 1, 1], [1, 0, 0]), 'temporal_norm'))
  x = g.node('MaxPool', [x], { kernel_shape: { ints: [1, 2, 2] }, strides: { ints: [1, 2, 2] } })
  const y = relu(norm(conv(x, 'block_spatial', [1, 1, 1], [0, 1, 1]), 'block_spatial_norm'))
  const z = norm(conv(y, 'block_temporal', [1, 1, 1], [1, 0, 0]), 'block_temporal_norm')
  x = g.node('Flatten', [g.node('GlobalAveragePool', [relu(g.node('Add', [z, x]))])])
  g.output(g.node('Gemm', [x, 'head.weight', 'head.bias'], { transB: { int: 1 } }, 'logits'))
  return g.build()
}

/** The network with its loss, as the fixtures have it. */
function lossModel(fixtures: NetworkFixture): Model {
  const { targets, weights } = fixtures
  const g = new GraphBuilder(network(fixtures), { N: 4 })
  const total = valuesOf(weights).reduce((a, b) => a + b)
  const shares = valuesOf(targets).map((p, i) => (-p * valuesOf(weights)[Math.floor(i / 3)]) / total)
  const likelihood = g.node('Mul', [g.node('LogSoftmax', ['logits']), g.initializer('shares', float32([4, 3], shares))])
  g.output(g.node('ReduceSum', [likelihood], { keepdims: { int: 0 } }, 'loss'))
  return g.build()
}

t.test('a (2+1)D network: gradients of parameters and video, and a second derivative', async (t) => {
  const fixtures = read<NetworkFixture>('network.json')
  const { loss, gradients, second, video } = fixtures
  const first = differentiate(lossModel(fixtures), 'loss', Object.keys(gradients))
  const results = await run(first, { video: restored(video) })
  t.ok(Math.abs((results.loss.data[0] as number) / loss - 1) < 1e-6, 'loss')
  let worst = 0
  for (const [name, expected] of Object.entries(gradients)) {
    const error = difference(results[`gradient/${name}`].data, valuesOf(expected))
    t.ok(error < 1e-5, `${name}: ${error}`)
    worst = Math.max(worst, error)
  }
  const g = new GraphBuilder(differentiate(lossModel(fixtures), 'loss', ['block_spatial.weight']))
  const square = g.node('Mul', ['gradient/block_spatial.weight', 'gradient/block_spatial.weight'])
  g.output(g.node('ReduceSum', [square], { keepdims: { int: 0 } }, 'norm'))
  const twice = await run(differentiate(g.build(), 'norm', ['video']), { video: restored(video) })
  const error = difference(twice['gradient/video'].data, valuesOf(second))
  t.ok(error < 1e-5, `second derivative: ${error}`)
  t.comment(`worst relative error: ${worst}; second derivative: ${error}`)
})

t.test('training: parameters, statistics and the model for use after some steps, as PyTorch has them', async (t) => {
  const fixtures = read<NetworkFixture>('network.json')
  const model = network(fixtures)
  for (const { optimizer, rates, losses, state, probabilities } of fixtures.trainings) {
    const step = trainingStep(model, { optimizer, lengths: { N: 4 } })
    const names = Object.keys(fixtures.initial)
    t.same([...step.statistics].sort(), names.filter((name) => name.includes('running')).sort())
    t.same([...step.parameters].sort(), names.filter((name) => !name.includes('running')).sort())
    const scalars = schedule(optimizer, rates)
    const values = new Map(step.state.map(({ input, initial }) => [input, initial]))
    const seen = await withSession(encodeModel(step.model), [], async (session) => {
      const seen: number[] = []
      for (const i of rates.keys()) {
        const numbers = Object.entries(scalars).map(([name, value]) => [name, float32([], [value[i]])] as const)
        const results = await session.run({
          ...Object.fromEntries([...values, ...numbers]),
          video: restored(fixtures.video),
          targets: restored(fixtures.targets),
          weights: restored(fixtures.weights),
        })
        seen.push(results.loss.data[0] as number)
        for (const { input, output } of step.state) values.set(input, results[output] as Tensor)
      }
      return seen
    })
    const errors = { losses: difference(seen, Float32Array.from(losses)) } as Record<string, number>
    for (const [name, expected] of Object.entries(state)) {
      errors[name] = difference(values.get(name)!.data, valuesOf(expected))
    }
    const trained = Object.fromEntries(names.map((name) => [name, values.get(name)!.data as Float32Array]))
    const use = decodeModel(encodeModel(inferenceModel(withParameters(model, trained))))
    const g = new GraphBuilder(use)
    g.output(g.node('Softmax', ['logits'], {}, 'probabilities'))
    const results = await run(g.build(), { video: restored(fixtures.video) })
    errors.probabilities = difference(results.probabilities.data, valuesOf(probabilities))
    for (const [what, error] of Object.entries(errors)) t.ok(error < 1e-5, `${optimizer.kind}, ${what}: ${error}`)
    t.comment(`${optimizer.kind}: worst relative error ${Math.max(...Object.values(errors))}`)
  }
})

t.test('windows: padding that is worked out, lengths that are named', async (t) => {
  for (const mode of ['SAME_UPPER', 'SAME_LOWER', 'VALID']) {
    const g = new GraphBuilder(mode)
    const x = g.input('x', [1, 2, 7, 6])
    const w = g.initializer(
      'w',
      float32(
        [3, 2, 2, 3],
        Array.from({ length: 36 }, (_, i) => Math.sin(i)),
      ),
    )
    g.output(g.node('Conv', [x, w], { auto_pad: { string: mode }, strides: { ints: [1, 2] } }, 'y'))
    const explicit = new GraphBuilder('explicit')
    explicit.input('x', [1, 2, 7, 6])
    explicit.initializer('w', g.initializers.get('w')!)
    const pads = { SAME_UPPER: [0, 0, 1, 1], SAME_LOWER: [1, 1, 0, 0], VALID: [0, 0, 0, 0] }[mode]!
    explicit.output(explicit.node('Conv', ['x', 'w'], { pads: { ints: pads }, strides: { ints: [1, 2] } }, 'y'))
    const feeds = {
      x: float32(
        [1, 2, 7, 6],
        Array.from({ length: 84 }, (_, i) => Math.cos(i * i)),
      ),
    }
    const [ours, theirs] = [g, explicit].map((graph) => run(differentiate(graph.build(), 'y', ['x', 'w']), feeds))
    t.same(await ours, await theirs, mode)
    t.same((await ours).y.dims, g.dims('y'), `${mode}: shape`)
  }
  const g = new GraphBuilder('named')
  const x = g.input('x', ['N', 2, 'T', 8, 8])
  const w = g.initializer('w', float32([4, 2, 3, 3, 3]))
  const same = g.node('Conv', [x, w], { pads: { ints: [1, 1, 1, 1, 1, 1] } })
  t.same(g.type(same).dims, ['N', 4, 'T', 8, 8], 'a window that keeps lengths keeps names')
  t.not(g.type(g.node('Conv', [x, w])).dims[2], 'T')
  t.same(g.type(g.node('GlobalAveragePool', [same])).dims, ['N', 4, 1, 1, 1])
})

t.test('mistakes in models are named', async (t) => {
  const g = new GraphBuilder('mistakes')
  const x = g.input('x', [2, 4, 6, 6])
  const w = g.initializer('w', float32([3, 4, 3, 3]))
  const refused = (code: string, message: RegExp, op: string, inputs: string[], attributes = {}) =>
    t.throws(() => g.node(op, inputs, attributes, `the ${op}`), { code, message })
  refused('ONNX_SHAPE_MISMATCH', /Conv "the Conv" expects \[N, C/, 'Conv', [x, w], { group: { int: 2 } })
  refused('ONNX_SHAPE_MISMATCH', /bias for each feature/, 'Conv', [x, w, g.initializer('b', float32([4]))])
  refused('ONNX_SHAPE_MISMATCH', /over 7 elements does not fit into 6/, 'Conv', [x, w], { dilations: { ints: [3, 3] } })
  refused('ONNX_SHAPE_MISMATCH', /kernel_shape/, 'MaxPool', [x], { kernel_shape: { ints: [2] } })
  refused('ONNX_SHAPE_MISMATCH', /axis 1 only/, 'Concat', [x, w], { axis: { int: 1 } })
  refused('ONNX_SHAPE_MISMATCH', /axes of length 1/, 'Squeeze', [x, g.integers([1])])
  const parts = ['b', 'b', 'b', 'b']
  refused('ONNX_SHAPE_MISMATCH', /shape \[C\]/, 'BatchNormalization', [w, ...parts.with(3, 'w')])

  const mirrored = new GraphBuilder('mirrored')
  mirrored.input('x', [3])
  const pads = mirrored.integers([1, 1])
  mirrored.output(mirrored.node('Pad', ['x', pads], { mode: { string: 'reflect' } }, 'y'))
  t.throws(() => differentiate(mirrored.build(), 'y', ['x']), { code: 'ONNX_OPERATOR_UNSUPPORTED', message: /reflect/ })

  const dropping = new GraphBuilder('dropping')
  const on = dropping.initializer('on', { type: 'bool', dims: [], data: Uint8Array.of(1) })
  dropping.input('x', [3])
  dropping.output(dropping.node('Dropout', ['x', '', on], {}, 'y'))
  t.throws(() => differentiate(dropping.build(), 'y', ['x']), {
    code: 'ONNX_OPERATOR_UNSUPPORTED',
    message: /Dropout "y" in training mode/,
  })
  t.same(inferenceModel(dropping.build()).nodes[0].inputs, ['x'])

  const fed = new GraphBuilder('fed')
  for (const name of ['scale', 'bias', 'mean', 'variance']) fed.input(name, [4])
  const outputs = ['y', 'm', 'v']
  const inputs = [fed.input('x', [2, 4]), 'scale', 'bias', 'mean', 'variance']
  const attributes = { training_mode: { int: 1 } }
  fed.append({ op: 'BatchNormalization', domain: '', name: 'norm', inputs, outputs, attributes })
  t.throws(() => differentiate(fed.build(), 'y', ['x']), { code: 'ONNX_MODEL_INVALID', message: /"norm".*"mean"/ })
})
