import type { Scaling } from '../matrix/scaling.js'

/** What a student is to learn from each row: its class, or a distribution over the classes (soft labels). */
export type Targets =
  | { classes: number; labels: ArrayLike<number>; soft?: undefined }
  | { classes: number; soft: Float32Array; labels?: undefined }

/** How a linear student is trained: softmax regression, logits = standardised features * W + b. */
export interface TrainOptions {
  /** Of the order of the samples, where there is more than one batch; default 0. */
  seed?: number
  /** Passes over the samples; default: as many as make 300 steps, at least 10. */
  epochs?: number
  /** At the first step; it falls to 0 by a half cosine. Default min(0.1, 6.4 / dim). */
  learningRate?: number
  /** AdamW's, on W only; default 0.1. */
  weightDecay?: number
  /** Samples of a step; default 256, or all where there are fewer. */
  batch?: number
  /** Default: measured on the training rows, by their weights. Give that of the whole TRAIN split for small sets. */
  scaling?: Scaling | 'none'
  /** Whether a class may be without a row to learn from (the student then learns never to predict it); default 'error'. */
  emptyClasses?: 'error' | 'allow'
}

/** A trained student. */
export interface Student {
  kind: 'linear'
  classes: number
  /** Features of a row. */
  dim: number
  /** `weight` [dim, classes] and `bias` [classes], for standardised features. */
  parameters: Record<string, Float32Array>
  scaling: Scaling | 'none'
  /** Training loss (weighted mean cross-entropy, nats) of each epoch, before its steps' updates. */
  losses: number[]
  /** ONNX file: `features` [N, dim] as they come -> `probabilities` [N, classes]. */
  model: Uint8Array
}
