import type { GraphBuilder } from '../builder.js'
import type { Node } from '../model.js'

/** What a gradient rule is given. */
export interface RuleContext {
  /** The graph to add the backward nodes to; knows every shape. */
  g: GraphBuilder
  /** The forward node. */
  node: Node
  /** Gradient of each output of the node; undefined where the seeds do not depend on it. */
  outputGradients: (string | undefined)[]
  /** Which inputs need a gradient. */
  wanted: boolean[]
}

/** Gives the gradient of each input (undefined: none), by operators that the builder knows. */
export type Rule = (context: RuleContext) => (string | undefined)[]

/** A rule for operators with one output, whose gradient `dy` is then always there. */
export function rule(gradients: (context: RuleContext, dy: string) => (string | undefined)[]): Rule {
  return (context) => gradients(context, context.outputGradients[0]!)
}
