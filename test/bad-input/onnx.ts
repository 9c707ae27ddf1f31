import { fromBinary, toBinary } from '@bufbuild/protobuf'
import {
  decodeModel,
  differentiate,
  encodeModel,
  type Model,
  type Node,
  type Tensor,
  type ValueType,
} from 'infomotion/onnx'
import {
  AttributeProto_AttributeType as Kind,
  type ModelProto,
  ModelProtoSchema,
  TensorProto_DataLocation,
} from 'onnx-buf'
import { Random } from '#lib/runtime/random.js'
import type { Case } from './case.js'

const node = (op: string, inputs: string[], outputs: string[], attributes: Node['attributes'] = {}): Node => {
  return { op, domain: '', name: op, inputs, outputs, attributes }
}
const floats = (...dims: number[]): Tensor => {
  return { type: 'float32', dims, data: new Float32Array(dims.reduce((a, b) => a * b, 1)) }
}
const wide = (...values: number[]): Tensor => {
  return { type: 'int64', dims: [values.length], data: BigInt64Array.from(values, BigInt) }
}
const x: [string, ValueType] = ['x', { type: 'float32', dims: ['N', 4] }]

const good: Model = {
  name: 'good',
  opsets: { '': 18 },
  irVersion: 8,
  inputs: new Map([x]),
  outputs: new Map([['y', { type: 'float32', dims: ['N', 3] }]]),
  initializers: new Map([['w', floats(4, 3)]]),
  values: new Map(),
  nodes: [node('MatMul', ['x', 'w'], ['h']), node('Relu', ['h'], ['y'])],
  metadata: {},
}
const bytes = Buffer.from(encodeModel(good))

function onnx(what: string, file: Uint8Array, expected = 'ONNX_MODEL_INVALID'): Case {
  const read = () => `${decodeModel(file).nodes.length} nodes`
  return { what: `ONNX: ${what}`, read, expected }
}

/** The good model with something changed in its protobuf message. */
function message(what: string, change: (proto: ModelProto) => void, expected?: string): Case {
  const proto = fromBinary(ModelProtoSchema, bytes)
  change(proto)
  return onnx(what, toBinary(ModelProtoSchema, proto), expected)
}

/** A model of given nodes; the last one's first output is the model's. */
function model(what: string, opset: number, nodes: Node[], expected: string, more: Record<string, Tensor> = {}): Case {
  const y: [string, ValueType] = [nodes.at(-1)!.outputs[0], { type: 'float32', dims: ['N', 'M'] }]
  const initializers = new Map(Object.entries({ w: floats(4, 3), ...more }))
  return onnx(
    what,
    encodeModel({ ...good, opsets: { '': opset }, outputs: new Map([y]), initializers, nodes }),
    expected,
  )
}

/** One old node that reads x. */
const old = (op: string, attributes: Node['attributes'], expected: string, opset = 9, inputs: string[] = ['x']) =>
  model(
    `${op} of set ${opset} with ${JSON.stringify(attributes)}`,
    opset,
    [node(op, inputs, ['y'], attributes)],
    expected,
  )

/** A gradient of one new node. */
function gradient(what: string, nodes: Node[], expected: string, more: Record<string, Tensor> = {}): Case {
  const initializers = new Map(Object.entries({ w: floats(4, 3), ...more }))
  const read = () => `${differentiate({ ...good, initializers, nodes }, 'y', ['x'], { N: 2 }).outputs.size} outputs`
  return { what: `ONNX gradient: ${what}`, read, expected }
}

const random = new Random(3, 'onnx')
const noise = (length: number) => Buffer.from(Array.from({ length }, () => random.below(256)))
const graph = (proto: ModelProto) => proto.graph!
const w = (proto: ModelProto) => graph(proto).initializer[0]
const inherited = ['constructor', 'toString', 'valueOf', 'hasOwnProperty', '__proto__']

export const onnxCases: Case[] = [
  onnx('whole', bytes, '2 nodes'),
  onnx('nothing', Buffer.alloc(0)),
  ...Array.from({ length: 20 }, (_, i) => Math.floor(((i + 0.5) * bytes.length) / 20))
    .filter((end) => end < bytes.length - 30)
    .map((end) => onnx(`cut at ${end} of ${bytes.length}`, bytes.subarray(0, end))),
  ...[1, 2, 16, 100, 1000, 10_000].map((length) => onnx(`${length} random bytes`, noise(length))),
  onnx('zeros', Buffer.alloc(1000)),
  onnx('a length of 4 GiB', Buffer.from([0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f])),
  onnx('a length without an end', Buffer.alloc(100, 0xff)),
  onnx('100,000 groups in groups', Buffer.alloc(1e5, 0x0b)),
  onnx('text', Buffer.from('ir_version: 8')),
  // Messages of the schema that make no model.
  message('no graph', (proto) => {
    delete proto.graph
  }),
  message('no operator set', (proto) => {
    proto.opsetImport = []
  }),
  message(
    'operator set 6',
    (proto) => {
      proto.opsetImport[0].version = 6n
    },
    'ONNX_OPSET_UNSUPPORTED',
  ),
  message(
    'operator set -1',
    (proto) => {
      proto.opsetImport[0].version = -1n
    },
    'ONNX_OPSET_UNSUPPORTED',
  ),
  message('dims too large for the data', (proto) => {
    w(proto).dims = [4n, 4n]
  }),
  message('dims 2^62', (proto) => {
    w(proto).dims = [2n ** 62n, 2n ** 62n]
  }),
  message('dims -4 x -3', (proto) => {
    w(proto).dims = [-4n, -3n]
  }),
  message('dims 0 x 2^62', (proto) => {
    w(proto).dims = [0n, 2n ** 62n]
  }),
  message('no dims', (proto) => {
    w(proto).dims = []
  }),
  message('data of half an element more', (proto) => {
    w(proto).rawData = new Uint8Array(50)
  }),
  message('no data', (proto) => {
    w(proto).rawData = new Uint8Array(0)
  }),
  ...[0, 8, 10, 14, 16, 99, -1].map((type) =>
    message(`element type ${type}`, (proto) => {
      w(proto).dataType = type
    }),
  ),
  message('data in another file', (proto) => {
    w(proto).dataLocation = TensorProto_DataLocation.EXTERNAL
  }),
  message('an input without a type', (proto) => {
    delete graph(proto).input[0].type
  }),
  message('an output nobody gives out', (proto) => {
    graph(proto).output[0].name = 'z'
  }),
  message(
    'an output that is an input of the graph',
    (proto) => {
      graph(proto).output[0].name = 'x'
    },
    '2 nodes',
  ),
  message('no nodes', (proto) => {
    graph(proto).node = []
  }),
  message('a node reads what comes later', (proto) => {
    graph(proto).node.reverse()
  }),
  message('a node reads itself', (proto) => {
    graph(proto).node[1].input = ['y']
  }),
  message('two nodes in a circle', (proto) => {
    graph(proto).node[0].input = ['y', 'w']
  }),
  message('an input from nowhere', (proto) => {
    graph(proto).node[1].input = ['nowhere']
  }),
  message('a value given out twice', (proto) => {
    graph(proto).node[1].output = ['h', 'y']
  }),
  message('a node that overwrites an input', (proto) => {
    graph(proto).node[1].output = ['x', 'y']
  }),
  message('a node without outputs', (proto) => {
    graph(proto).node[1].output = []
  }),
  message('a node with an empty output', (proto) => {
    graph(proto).node[1].output = ['']
  }),
  ...[Kind.GRAPH, Kind.SPARSE_TENSOR, Kind.TYPE_PROTO, Kind.UNDEFINED, Kind.TENSOR, 77].map((type) =>
    message(
      `an attribute of kind ${type}`,
      (proto) => {
        const [attribute] = fromBinary(
          ModelProtoSchema,
          encodeModel({ ...good, nodes: [node('Relu', ['x'], ['y'], { a: { int: 1 } })] }),
        ).graph!.node[0].attribute
        attribute.type = type
        graph(proto).node[1].attribute = [attribute]
      },
      'ONNX_OPERATOR_UNSUPPORTED',
    ),
  ),
  message(
    'an unknown operator',
    (proto) => {
      graph(proto).node[1].opType = 'Frobnicate'
    },
    '2 nodes',
  ),
  message(
    'an operator without a name',
    (proto) => {
      graph(proto).node[1].opType = ''
    },
    '2 nodes',
  ),
  // Old nodes, upgraded.
  ...inherited.map((op) => old(op, {}, '1 nodes')),
  ...inherited.map((name) => old('Relu', { [name]: { int: 1 } }, '1 nodes')),
  old('Clip', { min: { int: 3 } }, '1 nodes'),
  model('Clip of int64', 9, [node('Clip', ['i'], ['y'], { min: { float: 0.5 } })], 'ONNX_OPSET_UNSUPPORTED', {
    i: wide(1),
  }),
  old('Upsample', {}, 'ONNX_OPSET_UNSUPPORTED'),
  old('Softmax', { axis: { int: 7 } }, 'ONNX_SHAPE_MISMATCH'),
  old('Softmax', { axis: { int: -7 } }, 'ONNX_SHAPE_MISMATCH'),
  old('Softmax', { axis: { string: '1' } }, '1 nodes'),
  old('Softmax', {}, '1 nodes', 9, []),
  old('Concat', { axis: { int: 9 } }, '1 nodes'),
  old('Slice', { starts: { ints: [0] } }, '1 nodes'),
  old('Slice', { starts: { ints: [0, 0, 0] }, ends: { ints: [1] }, axes: { ints: [9] } }, '1 nodes'),
  old('Pad', { pads: { ints: [1] } }, '1 nodes'),
  old('Unsqueeze', { axes: { ints: [99, -99] } }, '1 nodes'),
  old('Squeeze', { axes: { ints: [2 ** 52] } }, '1 nodes'),
  old('ReduceMean', { axes: { ints: [5] } }, '1 nodes'),
  old('Conv', { strides: { ints: [0] } }, '1 nodes', 9, ['x', 'w']),
  model(
    'a Pad of too few pads before a Softmax',
    9,
    [node('Pad', ['x'], ['p'], { pads: { ints: [1] } }), node('Softmax', ['p'], ['y'], { axis: { int: 0 } })],
    'ONNX_OPSET_UNSUPPORTED',
  ),
  old('MaxPool', { kernel_shape: { ints: [] } }, '1 nodes'),
  old('Reshape', {}, '1 nodes', 9, ['x', 'w']),
  old('Gemm', { transA: { float: 1 } }, '1 nodes', 9, ['x', 'w', 'w']),
  old('BatchNormalization', { spatial: { int: 0 } }, 'ONNX_OPSET_UNSUPPORTED', 8),
  // Gradients.
  ...inherited.map((op) => gradient(op, [node(op, ['x'], ['y'])], 'ONNX_OPERATOR_UNSUPPORTED')),
  gradient('a missing input', [node('MatMul', ['x'], ['y'])], 'ONNX_SHAPE_MISMATCH'),
  gradient('shapes that do not fit', [node('Add', ['x', 'w'], ['y'])], 'ONNX_SHAPE_MISMATCH'),
  gradient('Concat along axis 9', [node('Concat', ['x', 'x'], ['y'], { axis: { int: 9 } })], 'ONNX_SHAPE_MISMATCH'),
  gradient('Slice without ends', [node('Slice', ['x', 'i'], ['y'])], 'ONNX_SHAPE_MISMATCH', { i: wide(0) }),
  gradient('Reshape to fewer', [node('Reshape', ['x', 'i'], ['y'])], 'ONNX_SHAPE_MISMATCH', { i: wide(3) }),
  gradient('Reshape by a computed shape', [node('Reshape', ['x', 'x'], ['y'])], 'ONNX_SHAPE_MISMATCH'),
  gradient('an operator nobody knows', [node('Frobnicate', ['x'], ['y'])], 'ONNX_OPERATOR_UNSUPPORTED'),
]
