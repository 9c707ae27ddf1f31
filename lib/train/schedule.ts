import { Random } from '../runtime/random.js'

/** How long and in what portions a model is trained. */
export interface ScheduleOptions {
  /** At the first step; it falls to 0 by a half cosine. */
  learningRate: number
  /** Default: as many as make 300 steps, at least 10. */
  epochs?: number
  /** Samples of a step, at most. */
  batch: number
  /** Of the order of the samples. */
  seed: number
}

/** Worked out for given samples. */
export interface Schedule {
  /** Samples of a step. */
  batch: number
  /** Steps of an epoch. */
  batches: number
  epochs: number
  steps: number
  /** Rows of the steps' batches, one batch after the other; where there is only one batch, only once. */
  order: Int32Array
  /** Learning rate of each step. */
  rates: Float64Array
}

/** Which samples each step takes, and how far it goes. Samples of weight 0 are left out. */
export function scheduleTraining(weights: Float32Array, options: ScheduleOptions): Schedule {
  const rows = Int32Array.from(weights.keys()).filter((row) => weights[row] > 0)
  const batch = Math.min(options.batch, rows.length)
  const batches = Math.ceil(rows.length / batch)
  const epochs = options.epochs ?? Math.max(10, Math.ceil(300 / batches))
  const steps = epochs * batches
  const order = batches === 1 ? rows : shuffledBatches(rows, batch, epochs, options.seed)
  return { batch, batches, epochs, steps, order, rates: halfCosine(options.learningRate, steps) }
}

/** Each epoch visits the rows in an order of its own; its last batch is filled up with -1 (rows of weight 0). */
function shuffledBatches(rows: Int32Array, batch: number, epochs: number, seed: number): Int32Array {
  const places = Math.ceil(rows.length / batch) * batch
  const order = new Int32Array(epochs * places).fill(-1)
  for (let epoch = 0; epoch < epochs; epoch++) {
    order.set(new Random(seed, 'train', epoch).shuffle(rows.slice()), epoch * places)
  }
  return order
}

/**
 * The rows of `steps` batches in which each class comes as often as every other: round after round one row of each class,
 * the classes in an order of its own, a class's rows in epochs of their own, each shuffled. Batches are cut without regard
 * to where a round ends, so that none is filled up with rows that batch normalisation would take into account.
 *
 * @param classes - the rows of each class; those without rows are left out
 */
export function balancedStream(classes: readonly Int32Array[], steps: number, batch: number, seed: number): Int32Array {
  const present = classes.filter((rows) => rows.length > 0)
  const stream = new Int32Array(steps * batch)
  const orders = present.map((rows) => rows.slice())
  for (let round = 0, at = 0; at < stream.length; round++) {
    for (const c of new Random(seed, 'round', round).shuffle(Int32Array.from(present.keys()))) {
      const place = round % orders[c].length
      if (place === 0) orders[c] = new Random(seed, 'train', c, round).shuffle(present[c].slice())
      stream[at++] = orders[c][place] // beyond the end of a typed array nothing is written
    }
  }
  return stream
}

/** Learning rates that fall from `first` to 0 (Loshchilov and Hutter 2017, without restarts). */
export function halfCosine(first: number, steps: number): Float64Array {
  return Float64Array.from({ length: steps }, (_, t) => (first / 2) * (1 + Math.cos((Math.PI * t) / steps)))
}

/** The weighted mean of each epoch's batch losses. */
export function epochLosses(
  losses: Float32Array,
  { order, batch, batches }: Schedule,
  weights: Float32Array,
): number[] {
  return Array.from({ length: losses.length / batches }, (_, epoch) => {
    let [sum, total] = [0, 0]
    for (let step = epoch * batches; step < (epoch + 1) * batches; step++) {
      const start = (step * batch) % order.length
      const weight = order.subarray(start, start + batch).reduce((w, row) => w + (row < 0 ? 0 : weights[row]), 0)
      sum += weight * losses[step]
      total += weight
    }
    return sum / total
  })
}

/** How long a model is trained whose losses say when to stop. */
export interface Settling {
  learningRate: number
  /** Steps at most. */
  most: number
  /** Steps whose mean loss is compared with that of as many before them. */
  window: number
}

/** A loss has settled where it no longer falls by a twentieth a window, or where there is next to nothing to fall. */
const FALLS = 0.95
const NOTHING = 0.05

/**
 * Learning rates of all steps, as far as the losses of those that are done tell: the first rate until the loss has
 * settled, but at most for two thirds of `most`; then down to 0 by a half cosine, for half as many steps as before. It has
 * settled where the mean of a window is above 0.95 times that of the window before, or below 0.05 nats. Always the same for
 * the same losses, and the same for more of them: what has settled stays so.
 */
export function settlingRates(losses: Float32Array, { learningRate, most, window }: Settling): Float64Array {
  const last = Math.max(1, Math.floor((2 * most) / 3))
  const mean = (to: number) => losses.subarray(to - window, to).reduce((sum, loss) => sum + loss, 0) / window
  let flat = 2 * window
  while (flat <= Math.min(losses.length, last)) {
    if (mean(flat) > FALLS * mean(flat - window) || mean(flat) < NOTHING) break
    flat += window
  }
  const settled = flat <= Math.min(losses.length, last)
  const constant = settled ? flat : last
  const falling = halfCosine(learningRate, settled ? Math.ceil(flat / 2) : most - last)
  return Float64Array.from([...new Array<number>(constant).fill(learningRate), ...falling])
}
