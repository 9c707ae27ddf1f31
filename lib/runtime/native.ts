import { isMainThread } from 'node:worker_threads'
import { loadAddon } from './addon.js'
import type { Job } from './job.js'

/**
 * Everything the C++ addon exports, one block a noun. `native/node/` has the other side of this contract. Arrays are
 * copied unless they lie over a SharedArrayBuffer; lengths and ranges are checked by the callers in `lib/`.
 */
export interface Native {
  /** Threads of the addon's pool: INFOMOTION_THREADS, else the number of processors. */
  readonly threads: number

  /** The instruction set of the flow's kernels: INFOMOTION_ISA where this processor has it, else its widest. */
  readonly isa: 'scalar' | 'neon' | 'avx2' | 'avx512'

  /** Loads the CUDA plugin, once a process; `reason` is empty where a GPU can be used. */
  cudaStatus(): Job<NativeCuda>

  /**
   * Flow of each pair of consecutive frames: (u, v) interleaved, (count - 1) * height * width * 2 values. `progress`: one
   * Int32 over a SharedArrayBuffer, raised by 1 at the end of each pair.
   */
  farneback(
    frames: Uint8Array | Float32Array,
    layout: NativeFrameLayout,
    options: NativeFarnebackOptions,
    initialFlow: Float32Array | undefined,
    progress: Int32Array,
    device: NativeDevice,
    threads: number,
  ): Job<{ flow: Float32Array } & NativeUsed>
  /** A sequence to push frames into, one at a time, with the memory that it needs. */
  flowSequence(width: number, height: number, options: NativeFarnebackOptions, threads: number): NativeFlowSequence
  /** Flow from the frame pushed before; undefined for the first one, and the first after a failure or a `restart`. */
  pushFrame(
    sequence: NativeFlowSequence,
    frame: Uint8Array | Float32Array,
    rowStride: number,
    initialFlow: Float32Array | undefined,
    restart: boolean,
  ): Job<Float32Array | undefined>
  /** Frees the sequence's memory. No frame may be pushed any more. */
  closeSequence(sequence: NativeFlowSequence): void

  describeClip(
    frames: Uint8Array,
    width: number,
    height: number,
    fps: number,
    options: NativeDescriptorOptions,
    device: NativeDevice,
  ): Job<NativeClipFeatures & NativeUsed>
  /** frames * 3 * side * side bytes: grey, u, v. */
  makeVolume(
    frames: Uint8Array,
    width: number,
    height: number,
    fps: number,
    options: NativeVolumeOptions,
    flow: NativeFarnebackOptions,
  ): Job<Uint8Array>

  /** The version of libjpeg-turbo; this and what follows is absent where the addon was built without it. */
  readonly jpegLibrary: string
  /** Where the frames of a Motion JPEG AVI are. The bytes are not copied: nobody may change or transfer them meanwhile. */
  walkAvi(file: Uint8Array): Job<NativeAvi>
  /** Luma of the frames that these chunks make; places are within the file, which is not copied either. */
  decodeClip(file: Uint8Array, chunks: Float64Array, layout: NativeClipLayout): Job<NativeClip>
  /** As many pictures as the pixels are, each compressed; JPEG i ends at `ends[i]`. */
  encodeJpegs(
    pixels: Uint8Array,
    width: number,
    height: number,
    channels: 1 | 3,
    quality: number,
  ): Job<{ jpegs: Uint8Array; ends: Float64Array }>
  /** One JPEG: luma of 8-bit samples, or the components as they are stored. */
  decodeJpeg(jpeg: Uint8Array, colour: 'luma' | 'stored'): Job<NativeJpegImage>

  /** Exact k nearest rows; absent ones are 0xffffffff with score 0. Scores: cosines, or distances. */
  nearestNeighbours(
    values: Float32Array,
    rows: number,
    dim: number,
    k: number,
    metric: 'cosine' | 'euclid',
    device: NativeDevice,
  ): Job<NativeNeighbours & NativeUsed>
  /** The graph of such neighbours (rows * k of them) as a symmetric CSR. */
  neighbourGraph(
    neighbours: Uint32Array,
    scores: Float64Array,
    rows: number,
    k: number,
    metric: 'cosine' | 'euclid',
    links: 'union' | 'mutual',
    weights: 'cosine' | 'local',
  ): Job<NativeGraph>

  /** `progress`: one Int32 over a SharedArrayBuffer, raised by 1 at the end of each trial. */
  infomap(network: NativeNetwork, options: NativeInfomapOptions, progress: Int32Array): Job<NativeInfomap>
  codelength(network: NativeNetwork, options: NativeWalkOptions, levels: Uint32Array[]): Job<NativeCodelength>

  /** Flow along links between modules: at the top, inside each module of each level, between nodes of the finest. */
  moduleLinks(network: NativeNetwork, options: NativeWalkOptions, levels: Uint32Array[]): Job<NativeModuleLinks[]>

  /** Reads a network file in pieces. `name` is said in errors; `bytes`: how many will come at a guess, 0: no idea. */
  networkReader(name: string, bytes: number, weightThreshold: number, nodeLimit: number): NativeNetworkReader
  /** Reads a partition file in pieces: a tree of modules (.tree, .ftree), else .clu. */
  partitionReader(name: string, tree: boolean): NativePartitionReader

  /** Exchanges chosen clips for others of their group until a small student's loss on all clips falls no more. */
  swapSearch(clips: NativeSwapClips, start: Uint32Array, options: NativeSwapOptions): Job<NativeSwap>

  /** Samples of volumes[rows[i]], each from its start or drawn: rows.length * channels * frames * side * side values. */
  loadSamples(
    volumes: Uint8Array[],
    rows: Int32Array,
    poses: Int32Array | NativeDraw,
    shape: NativeSampleShape,
  ): Job<Float32Array>
}

export interface NativeSwapOptions {
  loss: 'squared' | 'cross-entropy'
  ridge: number
  softmaxRidge: number
  passes: number
}

export type NativeDevice = 'auto' | 'cpu' | 'cuda'

/** Where something was computed, and with `auto` on the CPU why not on a GPU (else empty). */
export interface NativeUsed {
  device: 'cpu' | 'cuda'
  reason: string
}

export interface NativeCuda {
  reason: string
  plugin: string
  runtime: string
  devices: { name: string; capability: string; multiprocessors: number; memory: number }[]
}

export interface NativeFarnebackOptions {
  pyrScale: number
  levels: number
  winsize: number
  iterations: number
  polyN: number
  polySigma: number
  gaussian: boolean
  border: 'opencv' | 'symmetric'
}

/** Frame t begins at value t * frameStride, its row y at y * rowStride further on. */
export interface NativeFrameLayout {
  width: number
  height: number
  count: number
  rowStride: number
  frameStride: number
}

declare const sequence: unique symbol
/** What `flowSequence` gives: nothing to look into. */
export interface NativeFlowSequence {
  readonly [sequence]: true
}

export interface NativeDescriptorOptions {
  grid: number
  thumbnail: number
  flow: NativeFarnebackOptions
  volume?: NativeVolumeOptions
}

export interface NativeVolumeOptions {
  side: number
  rate: number
  frames: number
}

export interface NativeClipFeatures {
  motion: Float32Array
  meanFrame: Float32Array
  deviation: Float32Array
  volume?: Uint8Array
}

/** How chunks of an AVI make frames; `width` is 0 where no chunk has a readable JPEG header. */
export interface NativeClipLayout {
  width: number
  height: number
  /** Of two fields, each a JPEG of half the height. */
  woven: boolean
  /** The first of them has the lines 1, 3, 5..., where the first line is 0. */
  evenFirst: boolean
  /** For a frame: 2 where each field has a chunk of its own. */
  chunks: number
}

export interface NativeAvi {
  /** Of the video: start and end of each, in bytes. */
  chunks: Float64Array
  /** How many were found by their name, not by a JPEG that lies somewhere. */
  named: number
  /** 0: unknown. */
  fps: number
  /** Chunks that the header promises; 0: it does not say. */
  promised: number
  codec: string
  resyncs: number
  /** Chunks that are not empty, and those with a readable JPEG header. */
  filled: number
  jpegs: number
  layout: NativeClipLayout
}

export interface NativeClip {
  frames: Uint8Array
  /** Of each frame: 0 damaged, 1 good, 2 repeated by an empty chunk. */
  states: Uint8Array
}

/** [height, width, components] samples; 16-bit ones where they have more than 8 `bits`. */
export interface NativeJpegImage {
  pixels: Uint8Array | Uint16Array
  width: number
  height: number
  components: number
  bits: number
  /** What the components are. */
  space: 'grey' | 'rgb' | 'ycc' | 'cmyk' | 'ycck' | 'unknown'
  /** Why a part of the image is missing or wrong; "" where it is whole. */
  damage: string
}

export interface NativeNeighbours {
  k: number
  neighbours: Uint32Array
  scores: Float64Array
}

export interface NativeGraph {
  offsets: Uint32Array
  targets: Uint32Array
  weights: Float64Array
}

/** CSR (`offsets`) or a list of links (`sources`); a key without a value is left out. */
export interface NativeNetwork {
  nodes: number
  offsets?: Uint32Array
  sources?: Uint32Array
  targets: Uint32Array
  weights?: Float64Array
  nodeWeights?: Float64Array
  /** Nodes from this one on are of the second kind. */
  bipartite?: number
}

export interface NativeWalkOptions {
  directed: boolean
  /** FlowModel of native/core/infomap/flow.h. */
  flowModel: number
  teleportation: number
  recordedTeleportation: boolean
  toNodes: boolean
  /** Strengths; 0: none. */
  regularization: number
  entropyCorrection: number
  markovTime: number
  variableMarkovTime: boolean
  variableMarkovMinScale: number
  nodeWeightsAsFlow: boolean
  noSelfLinks: boolean
}

export interface NativeInfomapOptions extends NativeWalkOptions {
  twoLevel: boolean
  trials: number
  seed: number
  threads: number
  /** 0: none. */
  preferredModules: number
  /** A module for each node; left out: none. */
  initial?: Uint32Array
}

/** Modules of one level; `parents` (modules of the level above) is empty at the top. */
export interface NativeModuleLevel {
  modules: Uint32Array
  parents: Uint32Array
  flow: Float64Array
  enter: Float64Array
  exit: Float64Array
}

export interface NativeCodelength {
  codelength: number
  oneLevelCodelength: number
  codelengths: Float64Array
  links: number
  flow: Float64Array
  hierarchy: NativeModuleLevel[]
}

export interface NativeInfomap extends NativeCodelength {
  trialCodelengths: Float64Array
  trial: number
  /** Wall time on the pool thread: what is left of the call's is the way there and back. */
  seconds: number
}

export interface NativeModuleLinks {
  sources: Uint32Array
  targets: Uint32Array
  flow: Float64Array
}

/** Each job must end before the next starts. */
export interface NativeNetworkReader {
  append(piece: Uint8Array): Job<void>
  finish(): Job<{
    nodes: number
    links: number
    weighted: boolean
    nodeWeighted: boolean
    bipartite: number
    nameBytes?: number
  }>
  /** Arrays over SharedArrayBuffers of just the sizes that `finish` gave. The reader is empty then. */
  moveInto(arrays: {
    ids: Float64Array
    sources: Uint32Array
    targets: Uint32Array
    weights?: Float64Array
    nodeWeights?: Float64Array
    names?: Uint8Array
  }): Job<void>
}

/** Each job must end before the next starts. */
export interface NativePartitionReader {
  append(piece: Uint8Array): Job<void>
  /** From the top, the module of each node of those ids. */
  finish(ids: Float64Array): Job<Uint32Array[]>
}

export interface NativeSampleShape {
  side: number
  frames: number
  stride: number
  grey: boolean
  flow: boolean
}

export interface NativeDraw {
  seed: number
  first: number
  augmentation: { flip: boolean; rotation: number; scale: number; gain: number; noise: number; tempo: number }
}

export interface NativeSwapClips {
  values: Float32Array
  rows: number
  dim: number
  classes: number
  labels: Uint32Array
  groups: Uint32Array
  /** The first of the clips that the loss is taken over; 0: all. */
  judged: number
}

export interface NativeSwap {
  chosen: Uint32Array
  before: number
  after: number
  swaps: number
}

let loaded: Native | undefined

/** The addon, loaded on first use: a local build (`build/Release/`), else a prebuilt binary (`prebuilds/`). */
export function native(): Native {
  loaded ??= load()
  return loaded
}

/** Warns of settings in the environment that the addon cannot follow, and says what it does instead. */
function tellIgnored({ isa, threads }: Native): void {
  const { INFOMOTION_ISA, INFOMOTION_THREADS } = process.env
  const tell = (setting: string, instead: string) =>
    process.emitWarning(`${setting}; ${instead}.`, { type: 'InfomotionWarning', code: 'INFOMOTION_ENVIRONMENT' })
  if (INFOMOTION_ISA && INFOMOTION_ISA !== isa)
    tell(`INFOMOTION_ISA=${INFOMOTION_ISA} is none of this processor's instruction sets`, `its widest is used, ${isa}`)
  if (INFOMOTION_THREADS && Number(INFOMOTION_THREADS) !== threads)
    tell(`INFOMOTION_THREADS=${INFOMOTION_THREADS} is no whole number from 1 to 1024`, `there are ${threads} threads`)
}

function load(): Native {
  const addon = loadAddon() as Native
  if (isMainThread) tellIgnored(addon)
  return addon
}
