import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Random } from '#lib/runtime/random.js'
import { boundsOf, type CnnOptions, type CnnStudent, mixTargets, predictCnn, trainCnn } from '#lib/train/index.js'
import { balancedStream, settlingRates } from '#lib/train/schedule.js'
import type { Volume } from '#lib/volume/volume.js'
import { temporary } from './support.js'

t.setTimeout(120_000)

const SIDE = 16
const STILL = 128

/** A soft bright blob that moves to the left (class 0) or to the right (class 1), through the whole frame and round. */
function blob(direction: number, seed: number, frames = 24): Volume {
  const random = new Random(seed, 'blob')
  const [x0, y0, speed] = [random.range(0, SIDE), random.range(4, SIDE - 4), random.range(0.5, 1)]
  const values = new Uint8Array(frames * 3 * SIDE * SIDE).fill(STILL)
  for (let f = 0; f < frames; f++) {
    const centre = x0 + (direction ? 1 : -1) * speed * f
    for (let y = 0; y < SIDE; y++) {
      for (let x = 0; x < SIDE; x++) {
        const dx = ((((x - centre) % SIDE) + SIDE + SIDE / 2) % SIDE) - SIDE / 2
        const bright = Math.exp(-(dx * dx + (y - y0) ** 2) / 8)
        const at = (f * 3 * SIDE + y) * SIDE + x
        values[at] = 200 * bright + 20 * random.uniform()
        if (bright > 0.3) values[at + SIDE * SIDE] = STILL + (direction ? 60 : -60)
      }
    }
  }
  return { values, frames, side: SIDE }
}

const clips = (count: number, seed: number) => Array.from({ length: count }, (_, i) => blob(i % 2, 1000 * seed + i))
const labelsOf = (volumes: Volume[]) => volumes.map((_, i) => i % 2)
const ones = (count: number) => new Float32Array(count).fill(1)

/** Short. */
const QUICK: CnnOptions = { frames: 8, stride: 1, batch: 6, steps: 30 }

function train(volumes: Volume[], options: CnnOptions = {}, stage = {}): Promise<CnnStudent> {
  const targets = { classes: 2, labels: labelsOf(volumes) }
  return trainCnn(volumes, targets, ones(volumes.length), { ...QUICK, ...options }, stage)
}

/** All that training made, as a digest: equal for the same bits. */
function bits({ parameters, losses, model }: CnnStudent): string {
  const hash = createHash('sha256').update(model).update(JSON.stringify(losses))
  for (const name in parameters) hash.update(name).update(parameters[name])
  return hash.digest('hex')
}

function accuracy(probabilities: Float32Array): number {
  const rows = probabilities.length / 2
  return (
    Array.from({ length: rows }, (_, i) => probabilities[2 * i + (i % 2)] > 0.5).filter((right) => right).length / rows
  )
}

t.test('learns which way a blob moves', async (t) => {
  const [few, others] = [clips(10, 1), clips(20, 2)]
  const done: number[] = []
  const steps = 60
  const student = await train(few, { steps }, { onProgress: (progress: { done: number }) => done.push(progress.done) })
  t.equal(student.losses.length, steps)
  t.equal(done.at(-1), steps)
  t.same(
    done,
    done.toSorted((a, b) => a - b),
  )
  t.ok(student.losses.at(-1)! < 0.5 * student.losses[0], `loss ${student.losses[0]} -> ${student.losses.at(-1)}`)
  t.equal(accuracy(await predictCnn(student, few)), 1)
  const probabilities = await predictCnn(student, others)
  t.ok(accuracy(probabilities) >= 0.8, `accuracy ${accuracy(probabilities)} on others`)
  for (let i = 0; i < 20; i++) t.ok(Math.abs(probabilities[2 * i] + probabilities[2 * i + 1] - 1) < 1e-5)

  for (const size of ['medium', 'large'] as const) {
    const larger = await train(few, { size, steps: 2, batch: 2 })
    t.ok(larger.model.length > 3 * student.model.length, size)
    t.equal((await predictCnn(larger, few)).length, 20)
  }
  const shuffled = { classes: 2, labels: [0, 0, 1, 1, 0, 0, 1, 1, 0, 0] }
  const misled = await trainCnn(few, shuffled, ones(10), QUICK)
  t.ok(accuracy(await predictCnn(misled, others)) < 0.8, 'but not from wrong labels')
})

t.test('same arguments, same bytes, alone and among others; another seed, another student', async (t) => {
  const few = clips(5, 3) // fewer than a batch
  const alone = await train(few, { steps: 6 })
  const [again, other] = await Promise.all([train(few, { steps: 6 }), train(few, { steps: 6, seed: 1 })])
  t.equal(bits(again), bits(alone))
  t.not(bits(other), bits(alone))
})

t.test('a clip of weight 0 is no clip, and weights matter', async (t) => {
  const few = clips(6, 4)
  const labels = labelsOf(few)
  const fit = (volumes: Volume[], labels: number[], weights: Float32Array) =>
    trainCnn(volumes, { classes: 2, labels }, weights, { ...QUICK, steps: 6 })
  const alone = await fit(few, labels, ones(6))
  const beside = await fit([...few, blob(1, 99)], [...labels, 0], Float32Array.of(2, 2, 2, 2, 2, 2, 0))
  t.equal(bits(beside), bits(alone))
  const weighted = await fit(few, labels, Float32Array.of(1, 2, 1, 1, 1, 1))
  t.not(bits(weighted), bits(alone))
})

t.test('classes are shown equally often, all rows of each in turn', (t) => {
  const classes = [Int32Array.of(0, 1, 2, 3, 4, 5, 6), Int32Array.of(7), new Int32Array(0), Int32Array.of(8, 9)]
  const stream = balancedStream(classes, 35, 6, 4)
  t.equal(stream.length, 210)
  const shown = (rows: Int32Array) => stream.filter((row) => rows.includes(row)).length
  t.same(classes.map(shown), [70, 70, 0, 70])
  for (let round = 0; round < 70; round++) {
    const some = [...stream.slice(3 * round, 3 * round + 3)]
    t.same(some.map((row) => (row < 7 ? 0 : row < 8 ? 1 : 3)).sort(), [0, 1, 3], `round ${round}`)
  }
  for (const rows of classes)
    for (const row of rows) t.equal(stream.filter((other) => other === row).length, 70 / rows.length)
  t.same(balancedStream(classes, 35, 6, 4), stream)
  t.notSame(balancedStream(classes, 35, 6, 5), stream)
  t.same(balancedStream(classes, 3, 7, 4), stream.slice(0, 21), 'in whatever batches')
  t.end()
})

t.test('of classes of 1 and 12 clips the small one is not forgotten', async (t) => {
  const uneven = [blob(0, 1), ...Array.from({ length: 12 }, (_, i) => blob(1, 50 + i))]
  const labels = uneven.map((_, i) => Math.min(i, 1))
  const student = await trainCnn(uneven, { classes: 2, labels }, ones(13), QUICK)
  const probabilities = await predictCnn(student, uneven.slice(0, 2))
  t.ok(probabilities[0] > 0.5 && probabilities[3] > 0.5, `${probabilities}`)
  // a weight says how much a clip counts among its class: what all of a class share says nothing
  const weights = Float32Array.from(labels, (label) => (label ? 3 : 0.5))
  t.equal(bits(await trainCnn(uneven, { classes: 2, labels }, weights, QUICK)), bits(student))
})

t.test('stopped in mid-training, the same call goes on from the checkpoint to the same bits', async (t) => {
  const few = clips(8, 5)
  const path = join(temporary(t), 'student.checkpoint')
  const undisturbed = bits(await train(few))
  const checkpoint = { path, everySeconds: 0 }
  const stopAt = async (steps: number, options = {}) => {
    const abort = new AbortController()
    const onProgress = ({ done }: { done: number }) => done >= steps && abort.abort()
    const stopped = train(few, { ...options, checkpoint }, { signal: abort.signal, onProgress })
    await t.rejects(stopped, { code: 'ABORTED' })
    t.ok(existsSync(path))
  }
  await stopAt(13)
  const steps: number[] = []
  const onProgress = ({ done }: { done: number }) => steps.push(done)
  t.equal(bits(await train(few, { checkpoint }, { onProgress })), undisturbed)
  t.ok(steps[0] > 8, `it went on at step ${steps[0]}`)
  t.notOk(existsSync(path), 'and is gone in the end')

  await stopAt(13, { seed: 1 })
  steps.length = 0
  t.equal(bits(await train(few, { checkpoint }, { onProgress })), undisturbed, "another run's state is no start")
  t.ok(steps[0] <= 4)

  writeFileSync(path, 'notes')
  await t.rejects(train(few, { checkpoint }), { code: 'INVALID_ARGUMENT', message: /checkpoint\.path/ })
  t.equal(readFileSync(path, 'utf8'), 'notes')
})

t.test('the model for use normalises as the clips of training did', async (t) => {
  // One frame is the same wherever a sample starts, and each step sees all clips: with a learning rate of nothing,
  // every step has the same statistics, and the last training loss must be that of the model for use.
  const still = Array.from({ length: 4 }, (_, i) => blob(i % 2, i, 1))
  const options = { batch: 4, steps: 120, augmentation: 'none' as const, learningRate: 1e-12 }
  const student = await train(still, options)
  const probabilities = await predictCnn(student, still)
  const loss = -[0, 1, 2, 3].reduce((sum, i) => sum + Math.log(probabilities[2 * i + (i % 2)]) / 4, 0)
  t.ok(Math.abs(loss - student.losses.at(-1)!) < 1e-3, `${loss}, in training ${student.losses.at(-1)}`)
})

t.test("a start from another student's parameters, its classes others or the same", async (t) => {
  const few = clips(6, 6)
  const first = await train(few, { steps: 3 })
  const still = { steps: 1, learningRate: 1e-12, seed: 5 }
  const second = await train(few, { ...still, start: first.parameters })
  const third = await trainCnn(few, { classes: 3, labels: [0, 1, 2, 0, 1, 2] }, ones(6), {
    ...{ ...QUICK, ...still },
    start: first.parameters,
  })
  for (const [name, values] of Object.entries(first.parameters)) {
    if (/mean|variance/.test(name)) continue // they have moved on
    const apart = (student: CnnStudent) => Math.max(...student.parameters[name].map((v, i) => Math.abs(v - values[i])))
    t.ok(apart(second) < 1e-6, name)
    if (!name.startsWith('logits/')) t.ok(apart(third) < 1e-6, name)
  }
  t.equal(third.parameters['logits/bias'].length, 3)
  const code = 'INVALID_ARGUMENT'
  await t.rejects(train(few, { start: first.parameters, channels: 'grey' }), { code, message: /stem\/weight/ })
})

t.test('abort: before, and in mid-training; others go on', async (t) => {
  const few = clips(6, 7)
  await t.rejects(train(few, {}, { signal: AbortSignal.abort() }), { code: 'ABORTED' })
  const abort = new AbortController()
  const long = { steps: 100_000 }
  const stopped = train(few, long, { signal: abort.signal, onProgress: () => abort.abort() })
  const other = train(few, { steps: 4 })
  await t.rejects(stopped, { code: 'ABORTED' })
  t.equal((await other).losses.length, 4)
  await t.rejects(predictCnn(await other, few, { signal: AbortSignal.abort() }), { code: 'ABORTED' })
})

t.test('what cannot be learnt from is refused, and where it stands', async (t) => {
  const few = clips(4, 8)
  const code = 'INVALID_ARGUMENT'
  const small = { ...blob(0, 1), side: 15 }
  await t.rejects(train([]), { code, message: /at least one volume/ })
  await t.rejects(train([...few, small]), { code, message: /volumes\[4\]/ })
  await t.rejects(train([few[0], { ...few[1], frames: 3 }]), { code, message: /volumes\[1\]/ })
  const targets = { classes: 2, labels: [0, 1, 0, 1] }
  const refused = (
    change: { targets?: object; weights?: Float32Array },
    options: object,
    expected: { code: string; message?: RegExp },
  ) =>
    t.rejects(
      trainCnn(few, { ...targets, ...change.targets }, change.weights ?? ones(4), { ...QUICK, ...options }),
      expected,
    )
  await refused({ weights: Float32Array.of(1, 1, Number.NaN, 1) }, {}, { code, message: /sampleWeights\[2\]/ })
  await refused({ targets: { labels: [0, 1] } }, {}, { code, message: /4 labels/ })
  await refused({ targets: { classes: 3 } }, {}, { code: 'CLASS_EMPTY', message: /Class 2 of 3/ })
  await refused({}, { learning_rate: 1 }, { code, message: /learningRate/ })
  await refused({}, { size: 'tiny' }, { code, message: /small, medium, large/ })
  await refused({}, { batch: 1 }, { code })
  await refused({}, { augmentation: { twist: 1 } }, { code, message: /twist/ })
  await refused({}, { steps: 8, learningRate: 1e38, weightDecay: 1e3 }, { code: 'TRAINING_DIVERGED' })
  const student = await trainCnn(few, { classes: 3, labels: [0, 1, 0, 1] }, ones(4), {
    ...QUICK,
    steps: 2,
    emptyClasses: 'allow',
  })
  t.equal((await predictCnn(student, few)).length, 12)
  await t.rejects(predictCnn(student, [small]), { code, message: /side 16/ })
})

t.test("soft labels: a teacher's share", async (t) => {
  const teacher = Float32Array.of(0.5, 0.5, 0.25, 0.75)
  t.same(mixTargets([0, 1], teacher, 2, 0.5), Float32Array.of(0.75, 0.25, 0.125, 0.875))
  t.same(mixTargets([0, 1], teacher, 2, 0), Float32Array.of(1, 0, 0, 1))
  t.same(mixTargets([0, 1], teacher, 2, 1), teacher)
  const code = 'INVALID_ARGUMENT'
  t.throws(() => mixTargets([0, 1], teacher, 2, 1.5), { code, message: /share/ })
  t.throws(() => mixTargets([0, 1, 1], teacher, 2, 0.5), { code })
  t.throws(() => mixTargets([0, 1], Float32Array.of(1, 1, 0, 1), 2, 0.5), { code, message: /sum to 1/ })

  // A teacher who says the opposite of the labels, and has the larger share.
  const few = clips(10, 9)
  const contrary = Float32Array.from(few.flatMap((_, i) => (i % 2 ? [1, 0] : [0, 1])))
  const soft = mixTargets(labelsOf(few), contrary, 2, 0.9)
  const student = await trainCnn(few, { classes: 2, soft }, ones(10), { ...QUICK, steps: 45 })
  t.equal(accuracy(await predictCnn(student, few)), 0)
})

t.test('training goes on until the loss has settled, and then as long again by half', (t) => {
  const settling = { learningRate: 0.01, most: 960, window: 80 }
  const rates = (loss: (step: number) => number, done: number, given = settling) =>
    settlingRates(
      Float32Array.from({ length: done }, (_, step) => loss(step)),
      given,
    )
  const steady = () => 1
  t.equal(rates(steady, 159).length, 960, 'two windows are not there yet')
  t.equal(rates(steady, 160).length, 240)
  t.same(rates(steady, 160).slice(0, 160), new Float64Array(160).fill(0.01))
  const tail = rates(steady, 160).slice(160)
  t.ok(tail.every((rate, i) => rate <= (tail[i - 1] ?? 0.01)) && tail[79] < 1e-5, 'down to nothing')
  t.same(rates(steady, 240), rates(steady, 160), 'what has settled stays so')
  t.equal(rates((step) => 0.992 ** step, 960).length, 720, 'next to nothing: by 0.05 nats, at 480')
  t.equal(rates((step) => (step < 320 ? 0.99 ** step : 0.04), 960).length, 600, 'by 0.05 nats, at 400')
  t.equal(rates((step) => 100 * 0.99 ** step, 960).length, 960, 'never: at most 960')
  t.ok(rates((step) => 100 * 0.99 ** step, 960)[639] === 0.01 && rates(steady, 0)[700] < 0.01)
  // known losses, known rates: none of those that were used is another one later
  const falling = (step: number) => Math.exp(-step / 80) + 0.2
  const whole = rates(falling, 960)
  for (let done = 0; done < whole.length; done += 20) {
    const now = rates(falling, done)
    t.ok(now.subarray(0, done + 1).every((rate, i) => rate === whole[i]) || done + 1 > now.length, `after ${done}`)
  }
  t.ok(whole.length > 240 && whole.length < 960)
  t.same(
    [boundsOf(25), boundsOf(1000)],
    [
      { least: 240, most: 960 },
      { least: 750, most: 2500 },
    ],
  )
  t.equal(rates(steady, 0, { ...settling, most: 1 }).length, 1)
  t.end()
})

t.test('stopped before or after it settled, it goes on to the same bits', async (t) => {
  const few = clips(4, 11)
  const targets = { classes: 2, labels: labelsOf(few) }
  const options: CnnOptions = { frames: 4, stride: 2, batch: 2, channels: 'grey', learningRate: 0.02 }
  const undisturbed = await trainCnn(few, targets, ones(4), options)
  const { length } = undisturbed.losses
  t.ok(length >= 240 && length < 960 && length % 4 === 0, `${length} steps`)
  const path = join(temporary(t), 'student.checkpoint')
  for (const stop of [101, Math.round(0.8 * length)]) {
    const abort = new AbortController()
    const onProgress = ({ done }: { done: number }) => done >= stop && abort.abort()
    const checkpoint = { path, everySeconds: 0 }
    const stopped = trainCnn(few, targets, ones(4), { ...options, checkpoint }, { signal: abort.signal, onProgress })
    await t.rejects(stopped, { code: 'ABORTED' })
    t.ok(existsSync(path))
    const steps: number[] = []
    const resumed = await trainCnn(
      few,
      targets,
      ones(4),
      { ...options, checkpoint },
      { onProgress: ({ done }) => steps.push(done) },
    )
    t.ok(steps[0] > stop - 12, `it went on at step ${steps[0]}`)
    t.equal(bits(resumed), bits(undisturbed))
  }
})
