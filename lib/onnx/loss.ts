import type { GraphBuilder } from './builder.js'

/** Names of the inputs that the loss adds to a graph. */
export const TARGETS = 'targets'
export const WEIGHTS = 'weights'

/**
 * Adds softmax cross-entropy with sample weights to a graph:
 *
 *   loss = sum_n w_n CE_n / sum_n w_n,   CE_n = -sum_c t_nc log softmax(z_n)_c
 *   d loss / d z_nc = (softmax(z_n)_c sum_k t_nk - t_nc) w_n / sum w
 *
 * It adds the inputs `targets` [N, C] (rows that are one-hot, or any distribution: soft labels) and `weights` [N]
 * (not negative, not all 0). A row of weight 0 has no influence, so a batch can be filled up with such rows.
 *
 * @param logits Value of shape [N, C], before the softmax.
 * @returns Names of the scalar loss and of its gradient with respect to the logits.
 */
export function softmaxCrossEntropy(g: GraphBuilder, logits: string): { loss: string; gradient: string } {
  const { type, dims } = g.type(logits)
  const [n, classes] = dims
  const targets = g.input(TARGETS, [n, classes], type)
  const weights = g.input(WEIGHTS, [n], type)

  const total = g.node('ReduceSum', [weights], { keepdims: { int: 0 } })
  const share = g.node('Reshape', [g.node('Div', [weights, total]), g.integers([-1, 1])])
  const weighted = g.node('Mul', [targets, share])

  const logProbabilities = g.node('LogSoftmax', [logits], { axis: { int: 1 } })
  const likelihood = g.node('ReduceSum', [g.node('Mul', [weighted, logProbabilities])], { keepdims: { int: 0 } })
  const loss = g.node('Neg', [likelihood], {}, 'loss')

  const mass = g.node('ReduceSum', [weighted, g.integers([1])], { keepdims: { int: 1 } })
  const expected = g.node('Mul', [g.node('Exp', [logProbabilities]), mass])
  return { loss, gradient: g.node('Sub', [expected, weighted]) }
}
