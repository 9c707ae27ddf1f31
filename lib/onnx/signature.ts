import type { ValueInfoProto } from 'onnx-buf'
import { broken, parseModel } from './codec.js'
import { type DataType, dataTypes } from './model.js'

/** An input or output of a model, as far as its file tells. */
export interface Port {
  name: string
  /** Undefined: an element type not known here, or no tensor. */
  type?: DataType
  /** Lengths, undefined where they are named or unknown; no list where not even their number is known. */
  dims?: (number | undefined)[]
}

/** What is fed to a model and what it gives. */
export interface Signature {
  inputs: Port[]
  outputs: Port[]
  /** Version of ONNX's own operator set. */
  opset: number
}

/**
 * Inputs and outputs of an ONNX file. Unlike {@link decodeModel} it takes any model that can be run, whatever its
 * operators, subgraphs and opset.
 *
 * @throws `ONNX_MODEL_INVALID`
 */
export function readSignature(file: Uint8Array): Signature {
  const { graph, opsetImport } = parseModel(file)
  if (!graph) throw broken('it has no graph')
  const constants = new Set(graph.initializer.map(({ name }) => name))
  return {
    inputs: graph.input.filter(({ name }) => !constants.has(name)).map(portOf),
    outputs: graph.output.map(portOf),
    opset: Number(opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version ?? 0),
  }
}

function portOf({ name, type }: ValueInfoProto): Port {
  if (type?.value.case !== 'tensorType') return { name }
  const { elemType, shape } = type.value.value
  const known = Object.entries(dataTypes).find(([, { number }]) => number === elemType)
  const dims = shape?.dim.map(({ value }) => (value.case === 'dimValue' ? Number(value.value) : undefined))
  return { name, type: known?.[0] as DataType | undefined, dims }
}
