import type { Choose } from './choice.js'
import { expectModules } from './selection.js'

/**
 * The clips that the random walk on the graph of their class visits most (PageRank), ties to the lower row: what the
 * graph tells without communities.
 */
export const choosePageRank: Choose = async (_, part, count) => {
  const { flow } = expectModules(part)
  const order = Array.from(flow.keys()).sort((i, j) => flow[j] - flow[i] || i - j)
  return { chosen: order.slice(0, count), flow }
}
