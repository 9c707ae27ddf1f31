import { elementwiseRules } from './elementwise.js'
import { matrixRules } from './matrix.js'
import { reduceRules } from './reduce.js'
import type { Rule } from './rule.js'
import { shapeRules } from './shape.js'
import { softmaxRules } from './softmax.js'

/** Gradient rules by operator. A new operator needs its rule here and its shape in `../shapes.ts`. */
export const rules: Record<string, Rule> = {
  ...elementwiseRules,
  ...matrixRules,
  ...reduceRules,
  ...shapeRules,
  ...softmaxRules,
}
