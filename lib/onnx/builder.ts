import { InfomotionError } from '../runtime/errors.js'
import { invalid } from '../runtime/expect.js'
import {
  type Attribute,
  type DataType,
  type Dimension,
  int64,
  type Model,
  type Node,
  type Tensor,
  tensor,
  type ValueType,
} from './model.js'
import { bind, constantsOf, inferNode } from './shapes/index.js'

/** Operator set and file format that models built here are written in: ONNX 1.13, ONNX Runtime 1.14 and later. */
export const OPSET = 18
export const IR_VERSION = 8

/**
 * Builds a model node by node, and knows the type and shape of every value while it does, so that a mistake is found
 * where it is made. Values are known by their names.
 *
 * @example
 * ```js
 * const g = new GraphBuilder('linear')
 * const x = g.input('features', ['N', 64])
 * const w = g.initializer('weight', float32([64, 10]))
 * g.output(g.node('Softmax', [g.node('MatMul', [x, w])], { axis: { int: -1 } }, 'probabilities'))
 * await writeFile('linear.onnx', encodeModel(g.build()))
 * ```
 */
export class GraphBuilder {
  private readonly model: Model
  private readonly types = new Map<string, ValueType>()
  private readonly constants: Map<string, Tensor>
  private readonly outputNames: string[]

  constructor(name: string)
  /** Goes on with a copy of a model; `lengths` fixes named dimensions. */
  constructor(model: Model, lengths?: Record<string, number>)
  constructor(from: string | Model, lengths: Record<string, number> = {}) {
    const model = typeof from === 'string' ? emptyModel(from) : from
    const bound = (values: Map<string, ValueType>) =>
      new Map([...values].map(([name, type]) => [name, bind(type, lengths)]))
    this.model = {
      ...model,
      inputs: bound(model.inputs),
      outputs: bound(model.outputs),
      initializers: new Map(model.initializers),
      values: bound(model.values),
      nodes: [],
    }
    this.constants = constantsOf(model)
    this.outputNames = [...model.outputs.keys()]
    for (const [name, type] of this.model.inputs) this.types.set(name, type)
    for (const [name, { type, dims }] of this.model.initializers) this.types.set(name, { type, dims })
    for (const node of model.nodes) this.append(node)
  }

  /** An input, fed at run time. Lengths may be names ("N"). */
  input(name: string, dims: Dimension[], type: DataType = 'float32'): string {
    this.model.inputs.set(this.fresh(name), { type, dims })
    this.types.set(name, { type, dims })
    return name
  }

  /** A parameter or constant under a name. */
  initializer(name: string, value: Tensor): string {
    this.model.initializers.set(this.fresh(name), value)
    this.constants.set(name, value)
    this.types.set(name, { type: value.type, dims: value.dims })
    return name
  }

  /** The name of a number as a scalar constant, of the type of the values it is to meet. */
  scalar(value: number, type: DataType): string {
    const name = `scalar/${type}/${value}`
    if (this.types.has(name)) return name
    if (type !== 'float32' && type !== 'float64') throw invalid('values of type float32 or float64', 'the graph', type)
    const data = type === 'float32' ? Float32Array.of(value) : Float64Array.of(value)
    return this.initializer(name, tensor(type, [], data))
  }

  /** The name of a list of integers as a constant: axes, a shape. */
  integers(values: readonly number[]): string {
    const name = `integers/${values.join('_')}`
    return this.types.has(name) ? name : this.initializer(name, int64(values))
  }

  /** Adds an operation with one output and returns the output's name, made up where none is given. */
  node(op: string, inputs: string[], attributes: Record<string, Attribute> = {}, name?: string): string {
    const output = name ?? this.unique(op)
    return this.append({ op, domain: '', name: output, inputs, outputs: [output], attributes })[0]
  }

  /** Adds a node as it is and returns its outputs. */
  append(node: Node): string[] {
    for (const name of node.inputs) {
      if (name && !this.types.has(name)) {
        throw new InfomotionError(
          'ONNX_MODEL_INVALID',
          `${node.op} "${node.name}" reads "${name}", which no input, initializer or earlier node of the graph gives.`,
        )
      }
    }
    const types = inferNode({
      node,
      inputs: node.inputs.map((name) => this.types.get(name)),
      constants: node.inputs.map((name) => this.constants.get(name)),
      declared: node.outputs.map((name) => this.model.values.get(name) ?? this.model.outputs.get(name)),
    })
    node.outputs.forEach((name, i) => {
      if (name) this.types.set(this.fresh(name), types[i])
    })
    this.model.nodes.push(node)
    return node.outputs
  }

  /** Makes a value an output of the graph. */
  output(name: string): void {
    this.type(name)
    if (!this.outputNames.includes(name)) this.outputNames.push(name)
  }

  /** Type and shape of a value. */
  type(name: string): ValueType {
    const type = this.types.get(name)
    if (type) return type
    throw new InfomotionError(
      'INVALID_ARGUMENT',
      `The graph "${this.model.name}" has no value "${name}"; its inputs are ${[...this.model.inputs.keys()].join(', ')}.`,
    )
  }

  /** Shape of a value, all of whose lengths are numbers. */
  dims(name: string): number[] {
    const { dims } = this.type(name)
    const unknown = dims.find((length) => typeof length === 'string')
    if (unknown === undefined) return dims as number[]
    throw new InfomotionError(
      'ONNX_SHAPE_UNKNOWN',
      `Value "${name}" has shape [${dims.join(', ')}], but its gradient needs numbers: fix it by lengths: { "${unknown}": ... }.`,
    )
  }

  /** The value of a constant, if `name` is one. */
  constant(name: string): Tensor | undefined {
    return this.constants.get(name)
  }

  get nodes(): readonly Node[] {
    return this.model.nodes
  }

  get initializers(): ReadonlyMap<string, Tensor> {
    return this.model.initializers
  }

  /** Makes an initializer an input of the same name, so that it can be fed anew at every run. */
  feed(name: string): void {
    const { type, dims } = this.type(name)
    this.model.initializers.delete(name)
    this.constants.delete(name)
    this.model.inputs.set(name, { type, dims })
  }

  /** The model as built so far. */
  build(): Model {
    return {
      ...this.model,
      inputs: new Map(this.model.inputs),
      initializers: new Map(this.model.initializers),
      nodes: [...this.model.nodes],
      outputs: new Map(this.outputNames.map((name) => [name, this.type(name)])),
    }
  }

  private fresh(name: string): string {
    if (!this.types.has(name)) return name
    throw new InfomotionError('INVALID_ARGUMENT', `The graph "${this.model.name}" has a value "${name}" already.`)
  }

  private unique(op: string): string {
    for (let i = this.model.nodes.length; ; i++) {
      const name = `${op}/${i}`
      if (!this.types.has(name)) return name
    }
  }
}

function emptyModel(name: string): Model {
  return {
    name,
    opsets: { '': OPSET },
    irVersion: IR_VERSION,
    inputs: new Map(),
    outputs: new Map(),
    initializers: new Map(),
    values: new Map(),
    nodes: [],
    metadata: {},
  }
}
