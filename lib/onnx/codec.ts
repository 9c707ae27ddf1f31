import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import {
  type AttributeProto,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  AttributeProto_AttributeType as Kind,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from 'onnx-buf'
import { InfomotionError } from '../runtime/errors.js'
import {
  type Attribute,
  type DataType,
  dataTypes,
  described,
  elementCount,
  type Model,
  type Node,
  type Tensor,
  type TensorData,
  type ValueType,
} from './model.js'
import { upgraded } from './upgrade.js'

const text = new TextDecoder()
const bytes = new TextEncoder()

/** The error for what is no ONNX model, or none that can be read here. */
export function broken(what: string, cause?: unknown): InfomotionError {
  return new InfomotionError('ONNX_MODEL_INVALID', `The ONNX model cannot be read: ${what}.`, { cause })
}

/** The bytes of an ONNX file as the messages of its schema. */
export function parseModel(file: Uint8Array): ModelProto {
  try {
    // A Buffer's slices share its memory; a plain array's are copies, aligned as typed arrays must be.
    return fromBinary(ModelProtoSchema, new Uint8Array(file.buffer, file.byteOffset, file.byteLength))
  } catch (cause) {
    throw broken(`its ${file.length} bytes are no protobuf message of ONNX's schema`, cause)
  }
}

/**
 * Reads an ONNX file. Models of operator sets 7 to 17 are brought up to 18, which means the same; newer ones stay.
 *
 * @param file The bytes of the `.onnx` file, tensors inside it (not in files beside it).
 * @throws `ONNX_MODEL_INVALID` for bytes that are no ONNX model, and for what a {@link Model} cannot say: sparse or
 * string tensors, tensors in files of their own, model-local functions, values that are no tensors;
 * `ONNX_OPERATOR_UNSUPPORTED` for nodes with a subgraph (If, Loop, Scan); `ONNX_OPSET_UNSUPPORTED` for older sets, and
 * for nodes that set 18 cannot say (Upsample, ...).
 *
 * @example
 * ```js
 * const model = decodeModel(await readFile('encoder.onnx'))
 * console.log(model.nodes.map((node) => node.op))
 * ```
 */
export function decodeModel(file: Uint8Array): Model {
  const proto = parseModel(file)
  const graph = proto.graph
  if (!graph || proto.opsetImport.length === 0) throw broken('it has no graph or names no operator set')
  if (proto.functions.length) throw broken(`it defines functions of its own (${proto.functions[0].name})`)
  if (graph.sparseInitializer.length) throw broken('it holds sparse tensors')
  const initializers = new Map(graph.initializer.map((t) => [t.name, decodeTensor(t)]))
  const model: Model = {
    name: graph.name,
    opsets: Object.fromEntries(
      proto.opsetImport.map((set) => [set.domain === 'ai.onnx' ? '' : set.domain, Number(set.version)]),
    ),
    irVersion: Number(proto.irVersion),
    // Up to IR 3 initializers had to be listed among the inputs too; they are not fed.
    inputs: decodeValues(graph.input.filter((value) => !initializers.has(value.name))),
    outputs: decodeValues(graph.output),
    initializers,
    values: decodeValues(graph.valueInfo),
    nodes: graph.node.map(decodeNode),
    metadata: Object.fromEntries(proto.metadataProps.map(({ key, value }) => [key, value])),
  }
  expectOrder(model)
  return upgraded(model)
}

/** Every value is given out once, and before it is read: no cycles, nothing out of nowhere. */
function expectOrder({ inputs, initializers, nodes, outputs }: Model): void {
  const known = new Set([...inputs.keys(), ...initializers.keys()])
  for (const node of nodes) {
    const lacking = node.inputs.find((name) => name !== '' && !known.has(name))
    if (lacking !== undefined) throw broken(`${described(node)} reads "${lacking}", which nothing before it gives out`)
    if (!node.outputs.some((name) => name !== '')) throw broken(`${described(node)} gives nothing out`)
    for (const name of node.outputs) {
      if (known.has(name)) throw broken(`${described(node)} gives out "${name}", which is there already`)
      if (name !== '') known.add(name)
    }
  }
  const lacking = [...outputs.keys()].find((name) => !known.has(name))
  if (lacking !== undefined) throw broken(`nothing gives out its output "${lacking}"`)
}

/** Writes a model as the bytes of an ONNX file, the same for the same model. */
export function encodeModel(model: Model): Uint8Array<ArrayBuffer> {
  const graph: GraphProto = create(GraphProtoSchema, {
    name: model.name,
    node: model.nodes.map(encodeNode),
    initializer: [...model.initializers].map(([name, t]) => encodeTensor(t, name)),
    input: encodeValues(model.inputs),
    output: encodeValues(model.outputs),
    valueInfo: encodeValues(model.values),
  })
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: BigInt(model.irVersion),
      producerName: 'infomotion',
      opsetImport: Object.entries(model.opsets).map(([domain, version]) =>
        create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) }),
      ),
      graph,
      metadataProps: Object.entries(model.metadata).map(([key, value]) =>
        create(StringStringEntryProtoSchema, { key, value }),
      ),
    }),
  )
}

function dataType(number: number, what: string): DataType {
  const found = Object.entries(dataTypes).find(([, type]) => type.number === number)
  if (!found)
    throw broken(`${what} has element type ${number}, which is not among ${Object.keys(dataTypes).join(', ')}`)
  return found[0] as DataType
}

function decodeTensor(proto: TensorProto): Tensor {
  const what = `tensor "${proto.name}"`
  if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL) {
    throw broken(`${what} lies in a file of its own; save the model as one file`)
  }
  const type = dataType(proto.dataType, what)
  const dims = proto.dims.map(Number)
  const { BYTES_PER_ELEMENT: size } = dataTypes[type].array
  if (dims.some((length) => length < 0)) throw broken(`${what} has the shape [${dims}]`)
  if (proto.rawData.length % size !== 0) throw broken(`${what} of ${type} has ${proto.rawData.length} bytes`)
  const data = decodeData(proto, type)
  if (data.length === elementCount(dims)) return { type, dims, data }
  throw broken(`${what} of shape [${dims}] has ${data.length} elements`)
}

/** Elements stand as raw bytes, or in the list that the schema has for their type. */
function decodeData(proto: TensorProto, type: DataType): TensorData {
  const { array } = dataTypes[type]
  if (proto.rawData.length) {
    // A copy, because elements must be aligned; slice() of a Buffer would be none.
    return new array(new Uint8Array(proto.rawData).buffer)
  }
  if (type === 'int64') return BigInt64Array.from(proto.int64Data)
  if (type === 'uint64') return BigUint64Array.from(proto.uint64Data)
  if (type === 'uint32') return Uint32Array.from(proto.uint64Data, Number)
  if (type === 'float32') return Float32Array.from(proto.floatData)
  if (type === 'float64') return Float64Array.from(proto.doubleData)
  return (array as typeof Int32Array).from(proto.int32Data)
}

function encodeTensor(t: Tensor, name = ''): TensorProto {
  const raw = new Uint8Array(t.data.byteLength)
  raw.set(new Uint8Array(t.data.buffer, t.data.byteOffset, t.data.byteLength))
  return create(TensorProtoSchema, {
    name,
    dims: t.dims.map(BigInt),
    dataType: dataTypes[t.type].number,
    rawData: raw,
  })
}

function decodeValues(protos: ValueInfoProto[]): Map<string, ValueType> {
  return new Map(protos.map((proto) => [proto.name, decodeValue(proto)]))
}

function decodeValue({ name, type: proto }: ValueInfoProto): ValueType {
  if (proto?.value.case !== 'tensorType') throw broken(`value "${name}" is no tensor`)
  const { elemType, shape } = proto.value.value
  if (!shape) throw broken(`value "${name}" has no shape`)
  // A length without a number or a name is unknown by itself: it gets a name nobody else has. So does -1, of old exporters.
  const dims = shape.dim.map(({ value }, axis) => {
    if (value.case === 'dimValue' && value.value >= 0) return Number(value.value)
    return (value.case === 'dimParam' && value.value) || `${name}.${axis}`
  })
  return { type: dataType(elemType, `value "${name}"`), dims }
}

function encodeValues(values: Map<string, ValueType>): ValueInfoProto[] {
  return [...values].map(([name, { type, dims }]) => {
    const dim = dims.map((length) =>
      create(TensorShapeProto_DimensionSchema, {
        value:
          typeof length === 'number'
            ? { case: 'dimValue', value: BigInt(length) }
            : { case: 'dimParam', value: length },
      }),
    )
    const value = create(TypeProto_TensorSchema, {
      elemType: dataTypes[type].number,
      shape: create(TensorShapeProtoSchema, { dim }),
    })
    return create(ValueInfoProtoSchema, {
      name,
      type: create(TypeProtoSchema, { value: { case: 'tensorType', value } }),
    })
  })
}

function decodeNode(proto: NodeProto): Node {
  const attributes = proto.attribute.map((attribute) => [attribute.name, decodeAttribute(attribute, proto)] as const)
  return {
    op: proto.opType,
    domain: proto.domain === 'ai.onnx' ? '' : proto.domain,
    name: proto.name,
    inputs: proto.input,
    outputs: proto.output,
    attributes: Object.fromEntries(attributes),
  }
}

function encodeNode(node: Node): NodeProto {
  return create(NodeProtoSchema, {
    opType: node.op,
    domain: node.domain,
    name: node.name,
    input: node.inputs,
    output: node.outputs,
    attribute: Object.entries(node.attributes).map(([name, attribute]) => encodeAttribute(name, attribute)),
  })
}

function decodeAttribute(proto: AttributeProto, node: NodeProto): Attribute {
  switch (proto.type) {
    case Kind.INT:
      return { int: Number(proto.i) }
    case Kind.FLOAT:
      return { float: proto.f }
    case Kind.STRING:
      return { string: text.decode(proto.s) }
    case Kind.INTS:
      return { ints: proto.ints.map(Number) }
    case Kind.FLOATS:
      return { floats: proto.floats }
    case Kind.STRINGS:
      return { strings: proto.strings.map((s) => text.decode(s)) }
    case Kind.TENSOR:
      if (proto.t) return { tensor: decodeTensor(proto.t) }
  }
  throw new InfomotionError(
    'ONNX_OPERATOR_UNSUPPORTED',
    `Operator ${node.opType} (node "${node.name || node.output[0]}") has attribute "${proto.name}" of kind ` +
      `${Kind[proto.type] ?? proto.type}; numbers, strings and dense tensors are read, subgraphs are not. ` +
      'Export the model without control flow (fixed shapes, evaluation mode).',
  )
}

function encodeAttribute(name: string, attribute: Attribute): AttributeProto {
  if ('int' in attribute) return create(AttributeProtoSchema, { name, type: Kind.INT, i: BigInt(attribute.int) })
  if ('float' in attribute) return create(AttributeProtoSchema, { name, type: Kind.FLOAT, f: attribute.float })
  if ('string' in attribute)
    return create(AttributeProtoSchema, { name, type: Kind.STRING, s: bytes.encode(attribute.string) })
  if ('ints' in attribute)
    return create(AttributeProtoSchema, { name, type: Kind.INTS, ints: attribute.ints.map(BigInt) })
  if ('floats' in attribute) return create(AttributeProtoSchema, { name, type: Kind.FLOATS, floats: attribute.floats })
  if ('strings' in attribute) {
    const strings = attribute.strings.map((s) => bytes.encode(s))
    return create(AttributeProtoSchema, { name, type: Kind.STRINGS, strings })
  }
  return create(AttributeProtoSchema, { name, type: Kind.TENSOR, t: encodeTensor(attribute.tensor) })
}
