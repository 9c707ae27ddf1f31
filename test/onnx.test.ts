import {
  type Attribute,
  decodeModel,
  differentiate,
  encodeModel,
  float32,
  GraphBuilder,
  int64,
  type Model,
  type Optimizer,
  schedule,
  type Tensor,
  tensor,
  trainingStep,
} from 'infomotion/onnx'
import t from 'tap'
import { withSession } from '#lib/runtime/onnx.js'
import { Random } from '#lib/runtime/random.js'

/** Runs a model on ONNX Runtime. */
const run = (model: Model, feeds: Record<string, Tensor>) =>
  withSession(encodeModel(model), [], (session) => session.run(feeds))

const volume = (dims: number[]) => dims.reduce((a, b) => a * b, 1)
const normal = (random: Random, n: number) => Float64Array.from({ length: n }, () => random.gaussian())

/** Relative difference in the Euclidean norm. */
function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [d, n] = [0, 0]
  for (let i = 0; i < b.length; i++) {
    d += (a[i] - b[i]) ** 2
    n += b[i] ** 2
  }
  return a.length === b.length ? Math.sqrt(d / Math.max(n, 1e-300)) : Infinity
}

interface Case {
  name: string
  op: string
  /** Shapes of the inputs that are differentiated. */
  inputs: number[][]
  attributes?: Record<string, Attribute>
  /** Constant inputs after those. */
  constants?: Tensor[]
  /** Keeps inputs away from where the operator is not smooth, or not defined. */
  domain?: (x: number) => number
}

const positive = (x: number) => Math.abs(x) + 0.5
const awayFromZero = (x: number) => x + Math.sign(x) * 0.1
const cases: Case[] = [
  {
    name: 'MatMul of matrices',
    op: 'MatMul',
    inputs: [
      [3, 4],
      [4, 5],
    ],
  },
  {
    name: 'MatMul of a batch and a matrix',
    op: 'MatMul',
    inputs: [
      [2, 3, 4],
      [4, 5],
    ],
  },
  {
    name: 'MatMul of two batches, broadcast',
    op: 'MatMul',
    inputs: [
      [2, 1, 3, 4],
      [5, 4, 2],
    ],
  },
  {
    name: 'MatMul of a matrix and a batch',
    op: 'MatMul',
    inputs: [
      [3, 4],
      [2, 4, 5],
    ],
  },
  { name: 'MatMul of two vectors', op: 'MatMul', inputs: [[4], [4]] },
  { name: 'MatMul of a vector and a batch', op: 'MatMul', inputs: [[4], [2, 4, 3]] },
  { name: 'MatMul of a batch and a vector', op: 'MatMul', inputs: [[2, 3, 4], [4]] },
  ...[0, 1, 2, 3].map((bits) => {
    const [transA, transB] = [bits & 1, bits >> 1]
    return {
      name: `Gemm with transA ${transA}, transB ${transB}`,
      op: 'Gemm',
      inputs: [transA ? [4, 3] : [3, 4], transB ? [5, 4] : [4, 5], [5]],
      attributes: { transA: { int: transA }, transB: { int: transB }, alpha: { float: 0.5 }, beta: { float: 2 } },
    }
  }),
  { name: 'Gemm with a scalar bias', op: 'Gemm', inputs: [[3, 4], [4, 5], [1]] },
  {
    name: 'Gemm without a bias',
    op: 'Gemm',
    inputs: [
      [3, 4],
      [4, 5],
    ],
  },
  ...['Add', 'Sub', 'Mul', 'Div'].flatMap((op) => [
    {
      name: `${op} of equal shapes`,
      op,
      inputs: [
        [3, 4],
        [3, 4],
      ],
      domain: positive,
    },
    { name: `${op}, broadcast over rows`, op, inputs: [[3, 4], [4]], domain: positive },
    {
      name: `${op}, broadcast both ways`,
      op,
      inputs: [
        [2, 1, 4],
        [3, 1],
      ],
      domain: positive,
    },
    { name: `${op} with a scalar`, op, inputs: [[], [2, 3]], domain: positive },
  ]),
  { name: 'Relu', op: 'Relu', inputs: [[3, 5]], domain: awayFromZero },
  { name: 'Neg', op: 'Neg', inputs: [[3, 5]] },
  { name: 'Exp', op: 'Exp', inputs: [[3, 5]] },
  { name: 'Sqrt', op: 'Sqrt', inputs: [[3, 5]], domain: positive },
  { name: 'Identity', op: 'Identity', inputs: [[3, 5]] },
  ...['Softmax', 'LogSoftmax'].flatMap((op) => [
    { name: op, op, inputs: [[3, 5]] },
    { name: `${op} along the first axis`, op, inputs: [[3, 2, 5]], attributes: { axis: { int: 0 } } },
  ]),
  ...['ReduceSum', 'ReduceMean'].flatMap((op) => [
    { name: `${op} of all`, op, inputs: [[3, 4]], attributes: { keepdims: { int: 0 } } },
    { name: `${op} along axes`, op, inputs: [[3, 4, 2]], constants: [int64([0, -1])] },
    {
      name: `${op}, axis dropped`,
      op,
      inputs: [[3, 4, 2]],
      constants: [int64([1])],
      attributes: { keepdims: { int: 0 } },
    },
  ]),
  { name: 'Reshape', op: 'Reshape', inputs: [[3, 4, 2]], constants: [int64([0, -1])] },
  { name: 'Flatten', op: 'Flatten', inputs: [[2, 3, 4]], attributes: { axis: { int: 2 } } },
  { name: 'Transpose', op: 'Transpose', inputs: [[2, 3, 4]], attributes: { perm: { ints: [2, 0, 1] } } },
  { name: 'Transpose, reversed', op: 'Transpose', inputs: [[2, 3, 4]] },
  { name: 'Expand', op: 'Expand', inputs: [[3, 1]], constants: [int64([2, 3, 4])] },
]

/** loss = sum(op(inputs) * R), R fixed and random, so that every output element has a gradient of its own. */
function lossOf({ op, inputs, attributes, constants = [] }: Case, type: 'float32' | 'float64', r: Float64Array): Model {
  const g = new GraphBuilder(op)
  const names = inputs.map((dims, i) => g.input(`x${i}`, dims, type))
  const fixed = constants.map((value, i) => g.initializer(`constant${i}`, value))
  const y = g.node(op, [...names, ...fixed], attributes)
  const dims = g.dims(y)
  const data = r.slice(0, volume(dims))
  const weight = g.initializer('R', tensor(type, dims, type === 'float64' ? data : Float32Array.from(data)))
  g.output(g.node('ReduceSum', [g.node('Mul', [y, weight])], { keepdims: { int: 0 } }, 'loss'))
  return g.build()
}

t.test('gradient rules against central differences in double precision', async (t) => {
  for (const [seed, example] of cases.entries()) {
    const random = new Random(seed, 'gradient')
    const { inputs, domain = (x: number) => x } = example
    const points = inputs.map((dims) => normal(random, volume(dims)).map(domain))
    const r = normal(random, 500)
    const wrt = inputs.map((_, i) => `x${i}`)
    const feed = (values: Float64Array[]) =>
      Object.fromEntries(wrt.map((name, i) => [name, tensor('float64', inputs[i], values[i])]))

    const exact = await run(differentiate(lossOf(example, 'float64', r), 'loss', wrt), feed(points))
    const single = await run(
      differentiate(lossOf(example, 'float32', r), 'loss', wrt),
      Object.fromEntries(wrt.map((name, i) => [name, float32(inputs[i], points[i])])),
    )
    const expected = await withSession(encodeModel(lossOf(example, 'float64', r)), [], async (session) => {
      const at = async (i: number, j: number, h: number) => {
        const moved = points.map((p) => p.slice())
        moved[i][j] += h
        return (await session.run(feed(moved))).loss.data[0] as number
      }
      const h = 1e-5
      const gradients: number[][] = []
      for (const [i, p] of points.entries()) {
        gradients.push([])
        for (let j = 0; j < p.length; j++) gradients[i].push(((await at(i, j, h)) - (await at(i, j, -h))) / (2 * h))
      }
      return gradients
    })
    for (const [i, name] of wrt.entries()) {
      const gradient = exact[`gradient/${name}`]
      t.same(gradient.dims, inputs[i], `${example.name}: the gradient of input ${i} has its shape`)
      const error = difference(gradient.data as Float64Array, expected[i])
      t.ok(error < 1e-7, `${example.name}, input ${i}: ${error} in double precision`)
      const rounding = difference(single[`gradient/${name}`].data as Float32Array, expected[i])
      t.ok(rounding < 1e-5, `${example.name}, input ${i}: ${rounding} in single precision`)
    }
  }
})

t.test('a value that is read twice gets the sum of both gradients', async (t) => {
  const g = new GraphBuilder('twice')
  const x = g.input('x', [3])
  g.output(g.node('Add', [g.node('Mul', [x, x]), g.node('Exp', [x])], {}, 'y'))
  const at = [0.5, -1, 2]
  const { 'gradient/x': gradient } = await run(differentiate(g.build(), 'y', ['x']), { x: float32([3], at) })
  t.ok(
    difference(
      gradient.data as Float32Array,
      at.map((v) => 2 * v + Math.exp(v)),
    ) < 1e-6,
  )
})

t.test('operators without a rule: named where they are in the way, let be where they are not', async (t) => {
  const g = new GraphBuilder('elu')
  const x = g.input('x', [3])
  t.throws(() => g.node('Elu', [x], {}, 'soft'), {
    code: 'ONNX_OPERATOR_UNSUPPORTED',
    message: /Elu "soft"/,
  })
  const model: Model = { ...g.build(), values: new Map([['y', { type: 'float32', dims: [3] }]]) }
  model.nodes.push({ op: 'Elu', domain: '', name: 'soft', inputs: ['x'], outputs: ['y'], attributes: {} })
  const h = new GraphBuilder(model)
  h.output(h.node('Mul', ['y', h.initializer('w', float32([3], [1, 2, 3]))], {}, 'z'))
  t.throws(() => differentiate(h.build(), 'z', ['x']), { code: 'ONNX_OPERATOR_UNSUPPORTED', message: /Elu "soft"/ })
  const { 'gradient/w': gradient } = await run(differentiate(h.build(), 'z', ['w']), { x: float32([3], [1, 2, -1]) })
  t.ok(difference(gradient.data as Float32Array, [1, 2, Math.expm1(-1)]) < 1e-6)
})

t.test('builder: mistakes are found where they are made', async (t) => {
  const g = new GraphBuilder('mistakes')
  const x = g.input('x', ['N', 4])
  g.initializer('w', float32([5, 2]))
  t.throws(() => g.node('MatMul', [x, 'w'], {}, 'product'), {
    code: 'ONNX_SHAPE_MISMATCH',
    message:
      'MatMul "product" expects matrices [..., m, k] and [..., k, n] of one type but gets float32[N,4], float32[5,2].',
  })
  t.throws(() => g.node('Relu', ['y']), { code: 'ONNX_MODEL_INVALID', message: /reads "y"/ })
  t.throws(() => g.node('Relu', [x], {}, 'w'), { code: 'INVALID_ARGUMENT', message: /already/ })
  t.throws(() => g.input('x', [1]), { code: 'INVALID_ARGUMENT', message: /already/ })
  t.throws(() => float32([2, 2], [1, 2, 3]), { code: 'INVALID_ARGUMENT', message: /4 elements/ })
  t.throws(() => differentiate(linear(4, 2), 'logits', ['weight']), { code: 'ONNX_SHAPE_UNKNOWN', message: /"N"/ })
  t.throws(() => differentiate(linear(4, 2), 'logits', ['absent'], { N: 2 }), { code: 'INVALID_ARGUMENT' })
})

t.test('shapes: named lengths pass through', async (t) => {
  const g = new GraphBuilder('shapes')
  const x = g.input('x', ['N', 3, 4])
  t.same(g.type(g.node('Flatten', [x])).dims, ['N', 12])
  t.same(g.type(g.node('Reshape', [x, g.integers([0, -1])])).dims, ['N', 12])
  t.same(g.type(g.node('Reshape', [x, g.integers([-1, 12])])).dims, ['N', 12])
  t.same(g.type(g.node('Transpose', [x])).dims, [4, 3, 'N'])
  t.same(g.type(g.node('ReduceMean', [x, g.integers([1])], { keepdims: { int: 0 } })).dims, ['N', 4])
  t.throws(() => g.node('Reshape', [x, g.integers([5, -1])]), { code: 'ONNX_SHAPE_MISMATCH' })
})

/** features [N, dim] -> logits [N, classes]. */
function linear(dim: number, classes: number, values?: Float64Array): Model {
  const g = new GraphBuilder('linear')
  const x = g.input('features', ['N', dim])
  const weight = g.initializer('weight', float32([dim, classes], values))
  g.output(g.node('Gemm', [x, weight, g.initializer('bias', float32([classes]))], {}, 'logits'))
  return g.build()
}

t.test('codec: what is written is read back, and runs', async (t) => {
  const g = new GraphBuilder('round trip')
  const x = g.input('x', ['N', 2])
  const bits: Tensor[] = [
    tensor('float64', [2], Float64Array.of(1, Number.MIN_VALUE)),
    tensor('int64', [1], BigInt64Array.of(-(2n ** 63n))),
    tensor('bool', [2], Uint8Array.of(0, 1)),
    tensor('uint32', [1], Uint32Array.of(4294967295)),
    tensor('float32', [0, 3], new Float32Array(0)),
  ]
  bits.forEach((value, i) => void g.initializer(`c${i}`, value))
  const constant = g.node('Constant', [], { value: { tensor: float32([2], [1.5, -2]) } })
  g.output(g.node('Softmax', [g.node('Mul', [x, constant])], { axis: { int: -1 } }, 'y'))
  const model: Model = { ...g.build(), metadata: { licence: 'MIT' } }
  model.nodes[0].attributes.note = { strings: ['ä', ''] }
  model.nodes[0].attributes.floats = { floats: [0.5, 1] }
  const read = decodeModel(encodeModel(model))
  t.same(read, model)
  t.same(encodeModel(read), encodeModel(model))
  t.same(decodeModel(Buffer.from(encodeModel(model))), model, 'a Buffer, as readFile gives it')
  model.nodes[0].attributes = { value: model.nodes[0].attributes.value }
  const { y } = await run(model, { x: float32([1, 2], [1, 1]) })
  const e = Math.exp(-3.5)
  t.ok(difference(y.data as Float32Array, [1 / (1 + e), e / (1 + e)]) < 1e-6)
})

t.test('codec: what is no model is refused', async (t) => {
  t.throws(() => decodeModel(new TextEncoder().encode('not a model')), { code: 'ONNX_MODEL_INVALID' })
  t.throws(() => decodeModel(new Uint8Array(0)), { code: 'ONNX_MODEL_INVALID' })
  const short = linear(3, 2)
  short.initializers.set('weight', { ...float32([3, 2]), dims: [3, 3] })
  t.throws(() => decodeModel(encodeModel(short)), { code: 'ONNX_MODEL_INVALID', message: /"weight" of shape \[3,3\]/ })
  const whole = encodeModel(linear(3, 2))
  t.throws(() => decodeModel(whole.slice(0, whole.length - 20)), { code: 'ONNX_MODEL_INVALID' })
  await t.rejects(
    withSession(new Uint8Array(10), [], async () => undefined),
    { code: 'ONNX_RUNTIME_FAILED' },
  )
  await t.rejects(run(linear(3, 2), { features: float32([2, 4]) }), { code: 'ONNX_RUNTIME_FAILED' })
})

/** The training of a linear student by hand, in double precision: gradients of softmax cross-entropy, and the update. */
class ByHand {
  readonly weight: Float64Array
  readonly bias: Float64Array
  private readonly moments = new Map<Float64Array, [Float64Array, Float64Array]>()
  private steps = 0

  constructor(
    private readonly dim: number,
    private readonly classes: number,
    initial: Float64Array,
    private readonly optimizer: Optimizer,
  ) {
    this.weight = Float64Array.from(initial, Math.fround)
    this.bias = new Float64Array(classes)
  }

  /** One step; gives the loss before it. */
  step(x: Float64Array, targets: Float64Array, w: Float64Array, rate: number): number {
    const { dim, classes } = this
    const total = w.reduce((a, b) => a + b)
    const [dWeight, dBias] = [new Float64Array(dim * classes), new Float64Array(classes)]
    let loss = 0
    for (let n = 0; n < w.length; n++) {
      const logits = Array.from({ length: classes }, (_, c) => {
        let z = this.bias[c]
        for (let j = 0; j < dim; j++) z += x[n * dim + j] * this.weight[j * classes + c]
        return z
      })
      const sum = logits.reduce((s, z) => s + Math.exp(z), 0)
      const mass = targets.slice(n * classes, (n + 1) * classes).reduce((a, b) => a + b)
      for (let c = 0; c < classes; c++) {
        const target = targets[n * classes + c]
        loss -= (w[n] / total) * target * (logits[c] - Math.log(sum))
        const d = (w[n] / total) * ((mass * Math.exp(logits[c])) / sum - target)
        dBias[c] += d
        for (let j = 0; j < dim; j++) dWeight[j * classes + c] += d * x[n * dim + j]
      }
    }
    this.steps++
    this.update(this.weight, dWeight, rate, this.optimizer.weightDecay ?? 0)
    this.update(this.bias, dBias, rate, 0)
    return loss
  }

  private update(p: Float64Array, g: Float64Array, rate: number, decay: number): void {
    const [m, v] = this.moments.get(p) ?? [new Float64Array(p.length), new Float64Array(p.length)]
    this.moments.set(p, [m, v])
    for (let i = 0; i < p.length; i++) {
      p[i] -= rate * decay * p[i]
      if (this.optimizer.kind === 'sgd') {
        m[i] = (this.optimizer.momentum ?? 0) * m[i] + g[i]
        p[i] -= rate * m[i]
      } else {
        const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = this.optimizer
        m[i] = beta1 * m[i] + (1 - beta1) * g[i]
        v[i] = beta2 * v[i] + (1 - beta2) * g[i] ** 2
        const mHat = m[i] / (1 - beta1 ** this.steps)
        const vHat = v[i] / (1 - beta2 ** this.steps)
        p[i] -= (rate * mHat) / (Math.sqrt(vHat) + epsilon)
      }
    }
  }
}

/** Ten steps of a training step model on one batch, as the worker does them. */
async function train(
  model: Model,
  optimizer: Optimizer,
  x: Float32Array,
  targets: Float32Array,
  w: Float32Array,
  rates: number[],
) {
  const dim = x.length / w.length
  const classes = targets.length / w.length
  const step = trainingStep(model, { optimizer, lengths: { N: w.length } })
  return withSession(encodeModel(step.model), step.state, async (session) => {
    const losses = await session.train({
      samples: {
        features: { values: x.slice(), dims: [dim] },
        targets: { values: targets.slice(), dims: [classes] },
        weights: { values: w.slice(), dims: [] },
      },
      batch: w.length,
      order: Int32Array.from(w.keys()),
      scalars: schedule(optimizer, rates),
      steps: rates.length,
      loss: step.loss,
    })
    return { losses, state: await session.state() }
  })
}

const optimizers: Optimizer[] = [
  { kind: 'adamw', weightDecay: 0.3 },
  { kind: 'adamw', beta1: 0.5, beta2: 0.9, epsilon: 0.1, weightDecay: 0 },
  { kind: 'sgd', momentum: 0.9, weightDecay: 0.1 },
  { kind: 'sgd' },
]

t.test('training step: ten steps as by hand, soft labels, weights', async (t) => {
  const [rows, dim, classes] = [7, 5, 3]
  const random = new Random(3, 'step')
  const x = Float32Array.from(normal(random, rows * dim))
  const initial = normal(random, dim * classes)
  const w = Float32Array.from({ length: rows }, () => random.uniform() + 0.1)
  const soft = Float32Array.from({ length: rows * classes }, () => random.uniform())
  const rates = Array.from({ length: 10 }, (_, i) => 0.1 / (i + 1))
  for (const optimizer of optimizers) {
    const name = JSON.stringify(optimizer)
    const { losses, state } = await train(linear(dim, classes, initial), optimizer, x, soft, w, rates)
    const hand = new ByHand(dim, classes, initial, optimizer)
    const expected = rates.map((rate) =>
      hand.step(Float64Array.from(x), Float64Array.from(soft), Float64Array.from(w), rate),
    )
    t.ok(difference(losses, expected) < 1e-6, `${name}: losses, ${difference(losses, expected)}`)
    t.ok(difference(state.weight, hand.weight) < 1e-6, `${name}: weight, ${difference(state.weight, hand.weight)}`)
    t.ok(difference(state.bias, hand.bias) < 2e-6, `${name}: bias, ${difference(state.bias, hand.bias)}`)
  }
})

t.test('training step: a row of weight 0 has no influence, whatever is in it', async (t) => {
  const [rows, dim, classes] = [4, 3, 2]
  const random = new Random(4, 'zero')
  const x = Float32Array.from(normal(random, rows * dim))
  const targets = Float32Array.of(1, 0, 0, 1, 1, 0, 0, 1)
  const rates = new Array(10).fill(0.1)
  const optimizer: Optimizer = { kind: 'adamw' }
  const few = await train(linear(dim, classes), optimizer, x, targets, Float32Array.of(1, 2, 1, 1), rates)
  const more = await train(
    linear(dim, classes),
    optimizer,
    Float32Array.of(...x, 1e6, -1e6, 5),
    Float32Array.of(...targets, 1, 0),
    Float32Array.of(1, 2, 1, 1, 0),
    rates,
  )
  t.ok(difference(more.state.weight, few.state.weight) < 1e-6)
  t.ok(difference(more.losses, few.losses) < 1e-6)
})

t.test(
  'training step: weight decay keeps to matrices, frozen parameters stay, old operator sets are refused',
  async (t) => {
    const g = new GraphBuilder('two layers')
    const x = g.input('x', ['N', 3])
    g.initializer('w1', float32([3, 4], new Array(12).fill(0.1)))
    g.initializer('w2', float32([4, 2], new Array(8).fill(0.2)))
    g.output(g.node('MatMul', [g.node('Relu', [g.node('MatMul', [x, 'w1'])]), 'w2'], {}, 'logits'))
    const step = trainingStep(g.build(), { lengths: { N: 2 }, trains: (name) => name === 'w2' })
    t.same(step.parameters, ['w2'])
    t.same([...step.model.inputs.keys()].includes('w1'), false)
    t.throws(() => trainingStep({ ...g.build(), opsets: { '': 11 } }), {
      code: 'ONNX_OPSET_UNSUPPORTED',
      message: /11/,
    })
    t.throws(() => differentiate({ ...g.build(), opsets: { '': 11 } }, 'logits', ['w1'], { N: 1 }), {
      code: 'ONNX_OPSET_UNSUPPORTED',
    })
    t.throws(() => trainingStep(g.build(), { trains: () => false }), { code: 'INVALID_ARGUMENT' })
    g.output('w1')
    t.throws(() => trainingStep(g.build()), { code: 'INVALID_ARGUMENT', message: /logits, w1/ })
  },
)
