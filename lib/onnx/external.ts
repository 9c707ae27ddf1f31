import { constants } from 'node:fs'
import { open, realpath } from 'node:fs/promises'
import { dirname, isAbsolute, resolve, sep } from 'node:path'
import { toBinary } from '@bufbuild/protobuf'
import { type GraphProto, ModelProtoSchema, type TensorProto, TensorProto_DataLocation } from 'onnx-buf'
import { InfomotionError } from '../runtime/errors.js'
import { broken, parseModel } from './codec.js'

/** Protocol buffers end at 2 GiB. */
const MAX_BYTES = 2 ** 31 - 1

/**
 * An ONNX file with the tensors that lie in files beside it (external data, as exporters write for large models) taken
 * into it, so that it can be used from any folder. A file without such tensors comes back as it is.
 *
 * Only regular files in the model's own folder, or below it, are read: a model comes from anywhere, and must not have
 * other files of this machine read.
 *
 * @param path - of the ONNX file whose bytes `file` are
 * @throws `ONNX_MODEL_INVALID` where it is no ONNX file; `ONNX_EXTERNAL_DATA` where a file beside it is missing, too
 *   short, or outside the model's folder, or where all in one would pass 2 GiB
 */
export async function inlineExternalData(file: Uint8Array, path: string): Promise<Uint8Array> {
  const model = parseModel(file)
  const tensors = model.graph ? [...externalTensors(model.graph)] : []
  if (tensors.length === 0) return file
  const total = tensors.reduce((sum, tensor) => sum + lengthOf(tensor), file.length)
  if (total > MAX_BYTES)
    throw unusable(path, `all its tensors together take ${total} bytes, more than one ONNX file holds`)
  const folder = await realpath(dirname(resolve(path)))
  for (const tensor of tensors) {
    tensor.rawData = await read(tensor, folder, path)
    tensor.dataLocation = TensorProto_DataLocation.DEFAULT
    tensor.externalData = []
  }
  return toBinary(ModelProtoSchema, model)
}

/** The tensors with data elsewhere: initializers, constants, and those of subgraphs. */
function* externalTensors(graph: GraphProto): Generator<TensorProto> {
  const isExternal = ({ dataLocation }: TensorProto) => dataLocation === TensorProto_DataLocation.EXTERNAL
  yield* graph.initializer.filter(isExternal)
  for (const { attribute } of graph.node) {
    for (const { t, tensors, g, graphs } of attribute) {
      yield* [...(t ? [t] : []), ...tensors].filter(isExternal)
      for (const inner of [...(g ? [g] : []), ...graphs]) yield* externalTensors(inner)
    }
  }
}

const entry = ({ externalData }: TensorProto, key: string) => externalData.find((pair) => pair.key === key)?.value

function number(tensor: TensorProto, key: string): number | undefined {
  const text = entry(tensor, key)
  if (text === undefined) return undefined
  const value = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw broken(`tensor "${tensor.name}" gives "${text}" as the ${key} of its external data`)
  return value
}

/** Bytes, where the model says so. */
const lengthOf = (tensor: TensorProto) => number(tensor, 'length') ?? 0

async function read(tensor: TensorProto, folder: string, path: string): Promise<Uint8Array<ArrayBuffer>> {
  const location = entry(tensor, 'location')
  if (!location) throw broken(`tensor "${tensor.name}" lies in another file, which it does not name`)
  const at = resolve(folder, location)
  const within = (place: string) => place.startsWith(folder.endsWith(sep) ? folder : folder + sep)
  const where = `its tensor "${tensor.name}" lies in "${location}"`
  const real = isAbsolute(location) || !within(at) ? undefined : await realpath(at).catch(() => at)
  if (!real || !within(real)) throw unusable(path, `${where}, outside the model's folder`)
  // without waiting: a pipe would be waited at for a writer
  const file = await open(real, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch((cause) => {
    throw unusable(path, `${where}, which cannot be read (${cause.code})`, cause)
  })
  try {
    const stat = await file.stat()
    if (!stat.isFile()) throw unusable(path, `${where}, which is no file`)
    const offset = number(tensor, 'offset') ?? 0
    const length = number(tensor, 'length') ?? Math.max(0, stat.size - offset)
    if (offset + length > stat.size || length > MAX_BYTES)
      throw unusable(path, `${where}, bytes ${offset} to ${offset + length}, but that file has ${stat.size}`)
    const bytes = new Uint8Array(length)
    for (let done = 0; done < length; ) {
      const { bytesRead } = await file.read(bytes, done, length - done, offset + done)
      if (bytesRead === 0) throw unusable(path, `${where}, which ends after ${offset + done} bytes`)
      done += bytesRead
    }
    return bytes
  } finally {
    await file.close()
  }
}

function unusable(path: string, why: string, cause?: unknown): InfomotionError {
  return new InfomotionError(
    'ONNX_EXTERNAL_DATA',
    `${path}: ${why}. Put the file that belongs to the model beside it, or save the model as one file ` +
      '(onnx.save_model with save_as_external_data=False).',
    { cause },
  )
}
