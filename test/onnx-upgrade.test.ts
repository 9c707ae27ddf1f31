import {
  type Attribute,
  decodeModel,
  differentiate,
  encodeModel,
  float32,
  int64,
  type Model,
  type Node,
  type Tensor,
  trainingStep,
} from 'infomotion/onnx'
import t from 'tap'
import { withSession } from '#lib/runtime/onnx.js'
import { Random } from '#lib/runtime/random.js'

interface Old {
  name: string
  opset: number
  op: string
  attributes?: Record<string, Attribute>
  /** Shape of the input. */
  dims?: (number | string)[]
  /** Constant inputs after it. */
  constants?: Tensor[]
  /** How many outputs the node has. */
  outputs?: number
  /** Operators of the upgraded model; default: the same one. */
  becomes?: string[]
}

const node = (op: string, inputs: string[], outputs: string[], attributes: Record<string, Attribute> = {}): Node => {
  return { op, domain: '', name: `the ${op}`, inputs, outputs, attributes }
}

/** A model of one node, as an exporter of its time wrote it. */
function oldModel({ opset, op, attributes, dims = [2, 3, 4], constants = [], outputs = 1 }: Old): Model {
  const names = Array.from({ length: outputs }, (_, i) => `y${i}`)
  const inputs = ['x', ...constants.map((_, i) => `constant${i}`)]
  return {
    name: op,
    opsets: { '': opset },
    irVersion: 4,
    inputs: new Map([['x', { type: 'float32', dims }]]),
    // Some shape must be given; ONNX Runtime warns where it is another.
    outputs: new Map(names.map((name) => [name, { type: 'float32', dims: dims.map((_, i) => `${name}.${i}`) }])),
    initializers: new Map(constants.map((value, i) => [`constant${i}`, value])),
    values: new Map(),
    nodes: [node(op, inputs, names, attributes)],
    metadata: {},
  }
}

const cases: Old[] = [
  ...[1, 2].flatMap((axis) =>
    ['Softmax', 'LogSoftmax', 'Hardmax'].map((op) => ({
      name: `${op} along axis ${axis}`,
      opset: 11,
      op,
      attributes: { axis: { int: axis } },
      becomes: axis === 1 ? ['Flatten', op, 'Reshape'] : undefined,
    })),
  ),
  { name: 'Softmax without an axis', opset: 12, op: 'Softmax', becomes: ['Flatten', 'Softmax', 'Reshape'] },
  {
    name: 'Softmax, batch unknown',
    opset: 9,
    op: 'Softmax',
    dims: ['N', 3, 4],
    becomes: ['Flatten', 'Softmax', 'Reshape'],
  },
  { name: 'Softmax of a matrix', opset: 7, op: 'Softmax', dims: ['N', 'classes'] },
  ...['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare'].map(
    (op) => ({ name: `${op} along axes`, opset: 11, op, attributes: { axes: { ints: [0, 2] } } }),
  ),
  {
    name: 'ReduceMean of set 17',
    opset: 17,
    op: 'ReduceMean',
    attributes: { axes: { ints: [1] }, keepdims: { int: 0 } },
  },
  { name: 'ReduceLogSumExp of all', opset: 13, op: 'ReduceLogSumExp', attributes: { keepdims: { int: 1 } } },
  { name: 'Squeeze', opset: 11, op: 'Squeeze', dims: [2, 1, 3, 1], attributes: { axes: { ints: [1] } } },
  { name: 'Squeeze of all', opset: 7, op: 'Squeeze', dims: [2, 1, 3, 1] },
  { name: 'Unsqueeze', opset: 12, op: 'Unsqueeze', attributes: { axes: { ints: [0, 2] } } },
  {
    name: 'Slice',
    opset: 9,
    op: 'Slice',
    attributes: { starts: { ints: [1, -3] }, ends: { ints: [9, -1] }, axes: { ints: [1, 2] } },
  },
  {
    name: 'Slice of the first axes',
    opset: 7,
    op: 'Slice',
    attributes: { starts: { ints: [1] }, ends: { ints: [2] } },
  },
  { name: 'Pad', opset: 10, op: 'Pad', attributes: { pads: { ints: [0, 1, 0, 0, 0, 2] }, value: { float: 1.5 } } },
  {
    name: 'Pad by reflection',
    opset: 7,
    op: 'Pad',
    attributes: { pads: { ints: [0, 1, 0, 0, 0, 2] }, mode: { string: 'reflect' } },
  },
  { name: 'Clip', opset: 10, op: 'Clip', attributes: { min: { float: -0.5 }, max: { float: 0.25 } } },
  { name: 'Clip from above', opset: 7, op: 'Clip', attributes: { max: { float: 0.25 } } },
  { name: 'Dropout', opset: 10, op: 'Dropout', attributes: { ratio: { float: 0.7 } } },
  { name: 'Split', opset: 11, op: 'Split', attributes: { axis: { int: 1 }, split: { ints: [1, 2] } }, outputs: 2 },
  { name: 'Split into equal parts', opset: 13, op: 'Split', attributes: { axis: { int: 2 } }, outputs: 2 },
  {
    name: 'BatchNormalization',
    opset: 7,
    op: 'BatchNormalization',
    attributes: { epsilon: { float: 0.1 }, spatial: { int: 1 } },
    constants: [1, 2, 3, 4].map((value) => float32([3], [value, 0.5, 1])),
  },
  {
    name: 'Scatter',
    opset: 10,
    op: 'Scatter',
    dims: [3],
    constants: [int64([2, 0]), float32([2], [7, 8])],
    becomes: ['ScatterElements'],
  },
]

t.test('upgraded models give what ONNX Runtime makes of the old ones', async (t) => {
  for (const [seed, example] of cases.entries()) {
    const { name, op, dims = [2, 3, 4], becomes = [op] } = example
    const fixed = dims.map((length) => (typeof length === 'string' ? 2 : length))
    const random = new Random(seed, 'upgrade')
    const values = Array.from({ length: fixed.reduce((a, b) => a * b, 1) }, () => random.gaussian())
    const file = encodeModel(oldModel(example))
    const model = decodeModel(file)
    t.same(model.opsets, { '': 18 }, name)
    t.same(
      model.nodes.map((part) => part.op),
      becomes,
      `${name}: operators`,
    )
    const run = (bytes: Uint8Array) => withSession(bytes, [], (session) => session.run({ x: float32(fixed, values) }))
    const [before, after] = [await run(file), await run(encodeModel(model))]
    t.same(after, before, `${name}: values`)
  }
})

t.test(
  'upgrade: training BatchNormalization says so, newer models stay, constants get names of their own',
  async (t) => {
    const constants = [1, 2, 3, 4].map((value) => float32([3], [value, 0.5, 1]))
    const old = oldModel({ name: '', opset: 12, op: 'BatchNormalization', constants, outputs: 5 })
    old.outputs = new Map([['y0', { type: 'float32', dims: [2, 3, 4] }]])
    const [trained] = decodeModel(encodeModel(old)).nodes
    t.same(trained.outputs, ['y0', 'y1', 'y2'])
    t.same(trained.attributes, { training_mode: { int: 1 } })
    const one = { ...old, nodes: [{ ...old.nodes[0], outputs: ['y0', '', '', '', ''] }] }
    t.same(decodeModel(encodeModel(one)).nodes[0].outputs, ['y0'])

    const newer = { ...oldModel({ name: '', opset: 21, op: 'ReduceMean' }), irVersion: 10 }
    t.same(decodeModel(encodeModel(newer)), newer)
    const twice = oldModel({ name: '', opset: 11, op: 'ReduceSum', attributes: { axes: { ints: [1] } } })
    twice.nodes.push(node('ReduceSum', ['x'], ['z'], { axes: { ints: [2] } }))
    t.same([...decodeModel(encodeModel(twice)).initializers.values()], [int64([1]), int64([2])])
  },
)

t.test('upgrade: an old model can be trained', async (t) => {
  const model = oldModel({ name: '', opset: 9, op: 'Relu', dims: ['N', 3] })
  model.initializers.set('w', float32([3, 2], [1, 2, 3, 4, 5, 6]))
  model.initializers.set('b', float32([2]))
  model.nodes.push(node('Gemm', ['y0', 'w', 'b'], ['logits']))
  model.outputs = new Map([['logits', { type: 'float32', dims: ['N', 2] }]])
  const read = decodeModel(encodeModel(model))
  t.same(trainingStep(read, { lengths: { N: 2 } }).parameters, ['w', 'b'])
  t.throws(() => differentiate(model, 'logits', ['w'], { N: 2 }), { code: 'ONNX_OPSET_UNSUPPORTED', message: /9/ })
})

t.test('upgrade: what cannot be said in set 18 is refused by name', async (t) => {
  const refusals: [Old, RegExp][] = [
    [{ name: '', opset: 6, op: 'Relu' }, /set 6/],
    [{ name: '', opset: 9, op: 'Upsample', constants: [float32([3], [1, 1, 2])] }, /Upsample "the Upsample"/],
    [{ name: '', opset: 10, op: 'Resize', constants: [float32([3], [1, 1, 2])] }, /Resize/],
    [
      {
        name: '',
        opset: 12,
        op: 'Resize',
        attributes: { coordinate_transformation_mode: { string: 'tf_half_pixel_for_nn' } },
      },
      /tf_half_pixel_for_nn/,
    ],
    [{ name: '', opset: 8, op: 'BatchNormalization', attributes: { spatial: { int: 0 } } }, /spatial 0/],
    [{ name: '', opset: 8, op: 'BatchNormalization', outputs: 5 }, /saved_mean/],
    [{ name: '', opset: 9, op: 'Softmax', dims: ['N', 'T', 4] }, /axes 1 to 2 of \[N, T, 4\]/],
  ]
  for (const [old, message] of refusals) {
    t.throws(() => decodeModel(encodeModel(oldModel(old))), { code: 'ONNX_OPSET_UNSUPPORTED', message })
  }
})
