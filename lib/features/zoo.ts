import { basename, join } from 'node:path'
import { inlineExternalData } from '../onnx/external.js'
import { readSignature } from '../onnx/signature.js'
import { readWhole, sha256 } from '../run/store.js'
import { asInfomotionError, InfomotionError } from '../runtime/errors.js'
import { invalid } from '../runtime/expect.js'
import { packageFolder } from '../runtime/package.js'
import { expectDescription, inputDims, type ModelDescription } from './description.js'

/** A model of the zoo, or a user's own, with its file. */
export interface FoundModel {
  description: ModelDescription
  /** Its bytes, tensors in files beside it (external data) included. */
  model: Uint8Array
  /** Where the model takes only batches of one size: so many rows. */
  rows?: number
}

interface Zoo {
  schema: number
  models: { name: string }[]
}

const ZOO_SCHEMA = 2
const modelsFolder = () => join(packageFolder(), 'models')

/**
 * The models that come with the package, described; the first is the default.
 *
 * @example
 * ```js
 * const [{ name, licence, trainedOn }] = await listModels()
 * ```
 */
export async function listModels(): Promise<ModelDescription[]> {
  const path = join(modelsFolder(), 'zoo.json')
  const zoo = (await readJson(path)) as Zoo
  if (zoo.schema !== ZOO_SCHEMA) throw undescribed(path, `schema ${ZOO_SCHEMA}`, 'schema', zoo.schema)
  return zoo.models.map(({ name }, i) => describe(zoo.models[i], `${path}, model "${name}"`, ''))
}

/**
 * Finds, reads and checks a model.
 *
 * @param wanted A name of the zoo, or the path of an ONNX file with its description beside it (`NAME.onnx`,
 * `NAME.json`). Default: the zoo's first.
 * @throws `MODEL_NOT_FOUND`, `MODEL_DESCRIPTION_INVALID`, `MODEL_CHECKSUM_MISMATCH`, `MODEL_MISMATCH` where the file is
 * not what its description says, `ONNX_MODEL_INVALID`, `ONNX_EXTERNAL_DATA`
 */
export async function findModel(wanted?: string): Promise<FoundModel> {
  if (wanted !== undefined && (typeof wanted !== 'string' || wanted === ''))
    throw invalid('the name of a model or the path of an ONNX file', 'model', wanted)
  const { description, path } = wanted?.endsWith('.onnx') ? await ownModel(wanted) : await zooModel(wanted)
  const file = await readOrMissing(path, 'the ONNX file of a model')
  const hash = sha256(file)
  if (description.sha256 && description.sha256 !== hash)
    throw new InfomotionError(
      'MODEL_CHECKSUM_MISMATCH',
      `${path} has SHA-256 ${hash}, but its description says ${description.sha256}: it is damaged, or another model. ` +
        'Get the file again, or describe the one that is there.',
    )
  const rows = checkModel(file, description, path)
  const model = await inlineExternalData(file, path)
  return { description: { ...description, sha256: hash }, model, rows }
}

async function zooModel(name?: string): Promise<{ description: ModelDescription; path: string }> {
  const models = await listModels()
  const description = name === undefined ? models[0] : models.find((model) => model.name === name)
  if (description) return { description, path: join(modelsFolder(), description.file) }
  throw new InfomotionError(
    'MODEL_NOT_FOUND',
    `No model is called "${name ?? 'default'}". Give one of ${models.map((model) => model.name).join(', ')}, or the path of a file ` +
      'NAME.onnx with NAME.json, its description, beside it.',
  )
}

async function ownModel(path: string): Promise<{ description: ModelDescription; path: string }> {
  const beside = path.replace(/\.onnx$/, '.json')
  return { description: describe(await readJson(beside), beside, basename(path)), path }
}

async function readOrMissing(path: string, what: string): Promise<Buffer> {
  try {
    return await readWhole(path)
  } catch (error) {
    const { code, message } = asInfomotionError(error)
    const why = code === 'ENOENT' ? `there is no file ${path}` : message
    throw new InfomotionError('MODEL_NOT_FOUND', `Expected ${what}, but ${why}.`, { cause: error })
  }
}

async function readJson(path: string): Promise<unknown> {
  const text = await readOrMissing(path, 'the description of a model (see models/README.md)')
  try {
    return JSON.parse(text.toString())
  } catch (cause) {
    throw undescribed(path, 'a JSON file', 'the file', (cause as Error).message)
  }
}

function undescribed(where: string, expected: string, name: string, received: unknown): InfomotionError {
  return new InfomotionError('MODEL_DESCRIPTION_INVALID', `${where}: ${invalid(expected, name, received).message}`)
}

/** Checks a description; `where` it stands is said in the error. */
function describe(json: unknown, where: string, file: string): ModelDescription {
  try {
    return expectDescription(json, file)
  } catch (error) {
    throw new InfomotionError('MODEL_DESCRIPTION_INVALID', `${where}: ${(error as Error).message}`, { cause: error })
  }
}

/** Whether the file takes and gives what its description says, as far as the file tells; the rows it wants, if any. */
function checkModel(model: Uint8Array, description: ModelDescription, path: string): number | undefined {
  const { input, output } = description
  const { inputs, outputs } = readSignature(model)
  const mismatch = (what: string) => new InfomotionError('MODEL_MISMATCH', `${path}: ${what}`)
  const names = (ports: { name: string }[]) => ports.map(({ name }) => `"${name}"`).join(', ') || 'none'

  const entry = inputs.find(({ name }) => name === input.name)
  if (!entry) throw mismatch(`the model has no input "${input.name}"; its inputs: ${names(inputs)}.`)
  if (inputs.length > 1) throw mismatch(`expected one input, but the model has ${names(inputs)}.`)
  if (entry.type !== 'float32')
    throw mismatch(`input "${input.name}" has element type ${entry.type ?? 'unknown'}, expected float32.`)
  const wanted = inputDims(description)
  const shape = entry.dims?.map((length) => length ?? '?').join(', ')
  const fits = !entry.dims || (entry.dims.length === 5 && wanted.every((n, i) => (entry.dims![i + 1] ?? n) === n))
  if (!fits)
    throw mismatch(
      `input "${input.name}" has shape [${shape}], but the description asks for [N, ${wanted.join(', ')}].`,
    )

  const exit = outputs.find(({ name }) => name === output.name)
  if (!exit) throw mismatch(`the model has no output "${output.name}"; its outputs: ${names(outputs)}.`)
  if (exit.type !== 'float32')
    throw mismatch(`output "${output.name}" has element type ${exit.type ?? 'unknown'}, expected float32.`)
  const known = exit.dims?.slice(1).every((length) => length !== undefined)
  const dim = exit.dims?.slice(1).reduce((product: number, length) => product * (length ?? 1), 1)
  if (known && dim !== output.dim)
    throw mismatch(`output "${output.name}" has ${dim} numbers a row, but the description says ${output.dim}.`)
  return entry.dims?.[0]
}
