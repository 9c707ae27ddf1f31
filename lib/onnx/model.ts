import { InfomotionError } from '../runtime/errors.js'

/** Element types, with their numbers in ONNX files and the arrays that hold them. `bool` is a byte of 0 or 1. */
export const dataTypes = {
  float32: { number: 1, array: Float32Array },
  uint8: { number: 2, array: Uint8Array },
  int8: { number: 3, array: Int8Array },
  uint16: { number: 4, array: Uint16Array },
  int16: { number: 5, array: Int16Array },
  int32: { number: 6, array: Int32Array },
  int64: { number: 7, array: BigInt64Array },
  bool: { number: 9, array: Uint8Array },
  float64: { number: 11, array: Float64Array },
  uint32: { number: 12, array: Uint32Array },
  uint64: { number: 13, array: BigUint64Array },
} as const

export type DataType = keyof typeof dataTypes
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array

/** A dense array: row-major, as many elements as the product of `dims` (1 for a scalar, whose `dims` is empty). */
export interface Tensor {
  type: DataType
  dims: number[]
  data: TensorData
}

/** A length that is known, or the name of one that is not ("N" for the batch). */
export type Dimension = number | string

/** Element type and shape of a value that flows through a graph. */
export interface ValueType {
  type: DataType
  dims: Dimension[]
}

/** An attribute of a node, its kind spelt out, because `1` may be an ONNX INT or a FLOAT. */
export type Attribute =
  | { int: number }
  | { float: number }
  | { string: string }
  | { ints: number[] }
  | { floats: number[] }
  | { strings: string[] }
  | { tensor: Tensor }

/** One operation. An input or output that is left out is the empty string. */
export interface Node {
  op: string
  /** Operator set the operation comes from: '' is ONNX itself. */
  domain: string
  name: string
  inputs: string[]
  outputs: string[]
  attributes: Record<string, Attribute>
}

/** An ONNX file as data: what the codec reads and writes, the builder builds and the differentiator differentiates. */
export interface Model {
  name: string
  /** Version of the operator set, by domain: `{ '': 18 }`. */
  opsets: Record<string, number>
  irVersion: number
  /** Inputs that are fed at run time, in order. */
  inputs: Map<string, ValueType>
  outputs: Map<string, ValueType>
  /** Constants and trained parameters. */
  initializers: Map<string, Tensor>
  /** Types the file gives for values between inputs and outputs; may be empty. */
  values: Map<string, ValueType>
  /** In an order in which each node stands after those it reads from. */
  nodes: Node[]
  /** Free notes: "producer", "licence", ... */
  metadata: Record<string, string>
}

/** Number of elements of a shape. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, n) => product * n, 1)
}

/** A tensor, checked: `data` must have as many elements as `dims` says. */
export function tensor(type: DataType, dims: number[], data: TensorData): Tensor {
  if (data.length !== elementCount(dims)) {
    throw new InfomotionError(
      'INVALID_ARGUMENT',
      `A tensor of shape [${dims}] has ${elementCount(dims)} elements, but its data has ${data.length}.`,
    )
  }
  return { type, dims, data }
}

/** A float32 tensor from numbers, or of zeros. */
export function float32(dims: number[], values?: ArrayLike<number>): Tensor {
  return tensor('float32', dims, values ? Float32Array.from(values) : new Float32Array(elementCount(dims)))
}

/** A one-dimensional int64 tensor: what ONNX wants for shapes and axes. */
export function int64(values: readonly number[]): Tensor {
  return tensor('int64', [values.length], BigInt64Array.from(values, BigInt))
}

/** Elements as numbers (exact for integers below 2^53). */
export function numbers(t: Tensor): number[] {
  return Array.from(t.data as ArrayLike<number | bigint>, Number)
}

/** An integer attribute of a node, or what ONNX says it is when left out. */
export function intOf(node: Node, name: string, otherwise: number): number {
  const attribute = node.attributes[name]
  return attribute && 'int' in attribute ? attribute.int : otherwise
}

/** A float attribute of a node, or what ONNX says it is when left out. */
export function floatOf(node: Node, name: string, otherwise: number): number {
  const attribute = node.attributes[name]
  return attribute && 'float' in attribute ? attribute.float : otherwise
}

/** A list of integers of a node; undefined when left out. */
export function intsOf(node: Node, name: string): number[] | undefined {
  const attribute = node.attributes[name]
  return attribute && 'ints' in attribute ? attribute.ints : undefined
}

/** How a node is called in messages: `MatMul "encoder/0"`. */
export function described(node: Node): string {
  return `${node.domain ? `${node.domain}.` : ''}${node.op} "${node.name || node.outputs[0]}"`
}
