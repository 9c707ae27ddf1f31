export { type MatchedBy, type MatchedEmbeddings, matchEmbeddings } from './match.js'
export { type ReadEmbeddingsOptions, readEmbeddings } from './read.js'
export type { EmbeddingFacts, Embeddings } from './types.js'
