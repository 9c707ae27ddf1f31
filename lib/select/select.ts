import { MATRIX_KEYS, type Matrix } from '../matrix/matrix.js'
import { expectList, expectObject, expectOneOf, invalid } from '../runtime/expect.js'
import { resolveOptions } from '../runtime/option.js'
import { SELECTION, type SelectOptions } from './options.js'
import { REFINED_SELECTORS, type SelectorName, selectorOf } from './registry.js'
import { runSelector } from './selection.js'
import type { SwapJudges } from './swap.js'
import type { ClassModules, Selection, SelectionClass } from './types.js'

/** What a class may have: also what `infomap` gives of its graph besides modules, flow and codelength. */
const CLASS = [
  ...['name', 'rows', 'modules', 'flow', 'codelength', 'moduleFlow', 'enter', 'exit', 'trialCodelengths', 'trial'],
  ...['oneLevelCodelength', 'indexCodelength', 'codelengths', 'levels', 'topModules', 'hierarchy', 'links'],
]

/**
 * Selects clips by the selector of a name (`SELECTORS`), all on the same features: from each class those that stand for
 * it, with their sample weights. docs/options.md says what each chooses. `infomap` and `pagerank`, and the weights
 * `visit-rate`, need the modules and flow of the classes; the others look at the features alone. `kmedoids` and
 * `facility` need 4 n^2 bytes for a class of n clips; `graph-coverage` looks at all classes at once.
 *
 * `+swap` behind a name exchanges clips for others of their module or class, while that lowers the loss on TRAIN of a
 * small student trained on the selection (swap.ts), by `swapLoss`; it looks at labels.
 *
 * @param input.features - all clips; only the rows that `classes` names are read
 * @param input.classes - rows (TRAIN clips), and modules and flow, of each class, in the order of the class indices
 * @param input.judges - clips on which `+swap` is to do well, where these are others (TRAIN, and the choice is from a pool)
 * @throws `INVALID_ARGUMENT`, `ABORTED`
 * @example
 * ```js
 * const features = { rows: 4, dim: 2, values: new Float32Array([1, 0, 1, 0.1, 0, 1, 0.1, 1]) }
 * const modules = { modules: new Uint32Array([0, 1]), flow: new Float64Array([0.5, 0.5]), codelength: 1 }
 * const classes = [
 *   { name: 'normal', rows: new Uint32Array([0, 1]), ...modules },
 *   { name: 'severe', rows: new Uint32Array([2, 3]), ...modules },
 * ]
 * const { representatives } = await select('infomap+swap', { features, classes }, { perClass: 1 })
 * const draw = await select('random', { features, classes }, { perClass: 1, seed: 1, draw: 3 })
 * ```
 */
export async function select(
  name: string,
  input: { features: Matrix; classes: readonly (SelectionClass | ClassModules)[]; judges?: SwapJudges },
  options: SelectOptions,
): Promise<Selection> {
  expectOneOf(name, 'selector', REFINED_SELECTORS)
  const { features, classes, judges } = expectObject(input, 'input', ['features', 'classes', 'judges'])
  expectObject(features, 'features', MATRIX_KEYS)
  for (const [c, part] of expectList(classes, 'classes').entries()) expectObject(part, `classes[${c}]`, CLASS)
  if (judges) expectJudges(judges, features, classes.length)
  const [base, refined] = name.split('+')
  const selector = selectorOf(base as SelectorName)
  const warnings: string[] = []
  const resolved = resolveOptions(SELECTION, options, 'select', ['signal', 'onProgress'], (text) => warnings.push(text))
  const settings = { ...resolved, weights: resolved.weights ?? (refined ? 'voronoi' : (selector.weights ?? 'voronoi')) }
  const how = { name, selector, swap: refined !== undefined, judges }
  const selection = await runSelector(how, features, classes, settings, options)
  return { ...selection, warnings: [...warnings, ...selection.warnings] }
}

function expectJudges({ features, labels }: SwapJudges, { dim }: Matrix, classes: number): void {
  expectObject(features, 'judges.features', MATRIX_KEYS)
  if (features.dim !== dim) throw invalid(`${dim} columns, as the features have,`, 'judges.features.dim', features.dim)
  if (!(labels instanceof Uint32Array) || labels.length !== features.rows || labels.some((label) => label >= classes))
    throw invalid(`a Uint32Array of ${features.rows} class indices`, 'judges.labels', labels)
}
