import { permutation } from '../shapes.js'
import { reshapeTo, sumTo } from './broadcast.js'
import { type Rule, rule } from './rule.js'

/** The elements are the same: the gradient goes back into the old shape. */
const reshape = rule(({ g, node }, dy) => [reshapeTo(g, dy, g.dims(node.inputs[0]))])

/** Back by the inverse permutation. */
const transpose = rule(({ g, node }, dy) => {
  const perm = permutation(node, g.dims(node.inputs[0]).length)
  const inverse = perm.map((_, axis) => perm.indexOf(axis))
  return [g.node('Transpose', [dy], { perm: { ints: inverse } })]
})

const expand = rule(({ g, node }, dy) => [sumTo(g, dy, g.dims(node.inputs[0]))])

export const shapeRules: Record<string, Rule> = {
  Expand: expand,
  Flatten: reshape,
  Reshape: reshape,
  Transpose: transpose,
}
