export {
  type Graph,
  type GraphOptions,
  knn,
  type SearchOptions,
  type SimilarityGraph,
  similarityGraph,
} from './graph.js'
export { type Metric, type Neighbours, NO_NEIGHBOUR } from './types.js'
