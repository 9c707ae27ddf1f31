import { convolutionRules } from './convolution.js'
import { elementwiseRules } from './elementwise.js'
import { matrixRules } from './matrix.js'
import { normalisationRules } from './normalisation.js'
import { poolRules } from './pool.js'
import { reduceRules } from './reduce.js'
import type { Rule } from './rule.js'
import { shapeRules } from './shape.js'
import { softmaxRules } from './softmax.js'

/** Gradient rules by operator. A new operator needs its rule here and its shape in `../shapes/`. */
export const rules: Record<string, Rule> = {
  ...convolutionRules,
  ...elementwiseRules,
  ...matrixRules,
  ...normalisationRules,
  ...poolRules,
  ...reduceRules,
  ...shapeRules,
  ...softmaxRules,
}
