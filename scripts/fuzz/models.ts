import { type Attribute, float32, int64, type Model, type Node, type Tensor } from '#lib/onnx/index.js'

const node = (op: string, inputs: string[], outputs: string[], attributes: Record<string, Attribute> = {}): Node => {
  return { op, domain: '', name: op.toLowerCase(), inputs, outputs, attributes }
}

/** A model in an old operator set, so that reading it upgrades each node and infers its shape. */
function model(opset: number, nodes: Node[], initializers: Record<string, Tensor> = {}): Model {
  return {
    name: 'fuzz',
    opsets: { '': opset },
    irVersion: 4,
    inputs: new Map([['x', { type: 'float32', dims: ['N', 3, 4] }]]),
    outputs: new Map([[nodes.at(-1)!.outputs[0], { type: 'float32', dims: ['N', 'M'] }]]),
    initializers: new Map(Object.entries(initializers)),
    values: new Map(),
    nodes,
    metadata: { producer: 'fuzz' },
  }
}

const ints = (...values: number[]): Attribute => ({ ints: values })

/** Small models with every operator that is upgraded, and those that shapes are inferred of. */
export const models: readonly Model[] = [
  model(9, [
    node('Clip', ['x'], ['a'], { min: { float: 0 }, max: { float: 6 } }),
    node('Slice', ['a'], ['b'], { starts: ints(0, 1), ends: ints(3, 9), axes: ints(1, 2) }),
    node('Pad', ['b'], ['c'], { pads: ints(0, 1, 1, 0, 1, 1), value: { float: 1 } }),
    node('Unsqueeze', ['c'], ['d'], { axes: ints(1) }),
    node('Squeeze', ['d'], ['e'], { axes: ints(1) }),
    node('Softmax', ['e'], ['y'], { axis: { int: 2 } }),
  ]),
  model(
    8,
    [
      node('Transpose', ['x'], ['a'], { perm: ints(0, 2, 1) }),
      node('Flatten', ['a'], ['b'], { axis: { int: 1 } }),
      node('Gemm', ['b', 'w', 'bias'], ['c'], { transB: { int: 1 } }),
      node('Dropout', ['c'], ['d'], { ratio: { float: 0.5 } }),
      node('TopK', ['d'], ['e', 'places'], { k: { int: 1 }, axis: { int: 1 } }),
      node('Concat', ['e', 'd'], ['y'], { axis: { int: 1 } }),
    ],
    { w: float32([2, 12]), bias: float32([2]) },
  ),
  model(
    12,
    [
      node('Reshape', ['x', 'shape'], ['a']),
      node('Conv', ['a', 'kernel'], ['b'], {
        pads: ints(1, 1, 1, 1),
        strides: ints(1, 1),
        auto_pad: { string: 'NOTSET' },
      }),
      node('BatchNormalization', ['b', 's', 's', 's', 's'], ['c'], { epsilon: { float: 1e-5 } }),
      node('MaxPool', ['c'], ['d'], { kernel_shape: ints(2, 2) }),
      node('ReduceMean', ['d'], ['e'], { axes: ints(2, 3), keepdims: { int: 0 } }),
      node('Split', ['e'], ['y', 'z'], { axis: { int: 1 }, split: ints(1, 1) }),
    ],
    { shape: int64([0, 1, 3, 4]), kernel: float32([2, 1, 3, 3]), s: float32([2]) },
  ),
]
