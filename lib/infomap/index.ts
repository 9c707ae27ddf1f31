export { fromEdges, fromGraphology, type GraphologyGraph, type LabelledNetwork } from './adapters.js'
export {
  type Codelength,
  codelength,
  type InfomapOptions,
  type InfomapResult,
  infomap,
  type ModuleLevel,
} from './infomap.js'
export { type ModuleLinks, moduleLinks } from './links.js'
export { type ModuleMapOptions, moduleMap } from './map.js'
export type { CsrNetwork, LinkList } from './network.js'
export type { FlowModel, WalkOptions } from './options.js'
export {
  formatPartition,
  type PartitionFormat,
  type PartitionOptions,
  parsePartition,
  readPartition,
  writePartition,
} from './partition.js'
export { type NamedNetwork, parseNetwork, type ReadNetworkOptions, readNetwork } from './reader.js'
