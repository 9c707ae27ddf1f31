import type { Augmentation, Channels } from '../volume/samples.js'
import type { CheckpointOptions } from './checkpoint.js'
import type { CnnSize } from './r2plus1d.js'

/** How a CNN is trained. */
export interface CnnOptions {
  /** Widths and depth of the network; default 'small'. */
  size?: CnnSize
  /** What it sees of the clips: grey levels, flow, or 'both' (default). */
  channels?: Channels
  /** Frames of a sample; default 16. */
  frames?: number
  /** Volume frames from one frame of a sample to the next, 0.01..1000; default 2. `timingOf` says what suits clips. */
  stride?: number
  /** Of the initial weights, the order of the clips, and how they are shown; default 0. */
  seed?: number
  /**
   * Default: at a constant learning rate until the loss has settled, and half as many again at a falling one; at least 240,
   * at most 20 passes over the clips, or 960. It has settled where the mean loss of 80 steps (or of 2 passes, where that is
   * more) is not a twentieth below that of as many before them, or is below 0.05 nats.
   */
  steps?: number
  /** Samples of a step, at least 2; default 8. With fewer clips, a step shows some of them in several ways. */
  batch?: number
  /** AdamW's at the first step; it falls to 0 by a half cosine, from the first step on where `steps` is given. Default 0.005. */
  learningRate?: number
  /** AdamW's, on kernels only; default 0.05. */
  weightDecay?: number
  /**
   * How far samples are changed; what is left out is as by default (not mirrored, rotation 10, scale 0.1, gain 0.2, noise
   * 0.05, tempo 0.2). 'none': they differ only in where they start.
   */
  augmentation?: Partial<Augmentation> | 'none'
  /** Where to keep the state, so that the same call goes on after a crash or an abort; default: nowhere. */
  checkpoint?: CheckpointOptions
  /** Parameters of a student of the same size and channels to start from (its head only where the classes are as many). */
  start?: Record<string, Float32Array>
  /** Whether a class may be without a clip to learn from (the student then learns never to predict it); default 'error'. */
  emptyClasses?: 'error' | 'allow'
}

/** A trained CNN. */
export interface CnnStudent {
  kind: 'cnn'
  classes: number
  size: CnnSize
  channels: Channels
  /** Of a sample: frames, and volume frames from one to the next. */
  frames: number
  stride: number
  /** Of the volumes. */
  side: number
  /** Kernels, gains and biases, and the normalisations' running means and variances. */
  parameters: Record<string, Float32Array>
  /** Training loss (weighted cross-entropy, nats) of each step, before its update. */
  losses: number[]
  /** ONNX file: `clips` [N, channels, frames, side, side] as `loadViews` gives them -> `probabilities`, `embedding`. */
  model: Uint8Array
}
