import { InfomotionError } from '../../runtime/errors.js'
import { type Dimension, described, type Node, numbers, type Tensor, type ValueType } from '../model.js'

/** What a shape rule sees of the graph. */
export interface ShapeContext {
  node: Node
  /** Types of the node's inputs. */
  inputs: (ValueType | undefined)[]
  /** Those inputs that are constants. */
  constants: (Tensor | undefined)[]
  /** What the file says of the outputs; asked only for operators without a rule. */
  declared: (ValueType | undefined)[]
}

export type ShapeRule = (context: ShapeContext) => ValueType[]

export function mismatch({ node, inputs }: ShapeContext, expected: string): InfomotionError {
  const shapes = inputs.map((value) => (value ? `${value.type}[${value.dims.join(',')}]` : 'nothing')).join(', ')
  return new InfomotionError('ONNX_SHAPE_MISMATCH', `${described(node)} expects ${expected} but gets ${shapes}.`)
}

/** The given input, which the operator cannot do without. */
export function input(context: ShapeContext, i: number): ValueType {
  const value = context.inputs[i]
  if (!value) throw mismatch(context, `input ${i}`)
  return value
}

/** The integers of a constant input: shapes and axes have to be known before the graph runs. */
export function constant(context: ShapeContext, i: number): number[] | undefined {
  if (!context.node.inputs[i]) return undefined
  const value = context.constants[i]
  if (value) return numbers(value)
  throw mismatch(context, `input ${i} ("${context.node.inputs[i]}") to be a constant of the graph`)
}

/** An axis of ONNX counts from the end when negative. */
export function axisOf(axis: number, rank: number): number {
  const place = axis < 0 ? axis + rank : axis
  if (place >= 0 && place < rank) return place
  throw new InfomotionError('ONNX_SHAPE_MISMATCH', `There is no axis ${axis} among ${rank}.`)
}

/** Two shapes as one, by ONNX's (NumPy's) broadcasting; undefined where they do not fit. */
export function broadcast(a: readonly Dimension[], b: readonly Dimension[]): Dimension[] | undefined {
  const rank = Math.max(a.length, b.length)
  const dims: Dimension[] = []
  for (let i = 0; i < rank; i++) {
    const p = a[i - rank + a.length] ?? 1
    const q = b[i - rank + b.length] ?? 1
    if (p !== q && p !== 1 && q !== 1) return undefined
    dims.push(p === 1 ? q : p)
  }
  return dims
}
