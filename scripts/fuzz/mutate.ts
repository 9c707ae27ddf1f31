import type { Random } from '#lib/runtime/random.js'

/** Values at which readers break: ends of ranges, signs, sizes just past a bound. */
const INTERESTING = [0, 1, -1, 7, 16, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]

/** Longest stretch that is copied, taken out or put in. */
const STRETCH = 64

type Mutation = (input: Buffer, random: Random, corpus: readonly Buffer[], words: readonly Buffer[]) => Buffer

const stretch = (input: Buffer, random: Random): [number, number] => {
  const start = random.below(input.length + 1)
  return [start, Math.min(input.length, start + 1 + random.below(STRETCH))]
}

/** Puts `part` in the place of `removed` bytes from `at` on. */
const put = (input: Buffer, at: number, part: Buffer, removed = 0): Buffer =>
  Buffer.concat([input.subarray(0, at), part, input.subarray(at + removed)])

const MUTATIONS: readonly Mutation[] = [
  function flipBit(input, random) {
    const output = Buffer.from(input)
    if (output.length > 0) output[random.below(output.length)] ^= 1 << random.below(8)
    return output
  },
  function setByte(input, random) {
    const output = Buffer.from(input)
    if (output.length > 0) output[random.below(output.length)] = random.below(256)
    return output
  },
  function setInteger(input, random) {
    const output = Buffer.from(input)
    const value = INTERESTING[random.below(INTERESTING.length)]
    const bytes = [1, 2, 4][random.below(3)]
    if (output.length < bytes) return output
    const mask = bytes === 4 ? value >>> 0 : value & (2 ** (8 * bytes) - 1)
    output.writeUIntLE(mask, random.below(output.length - bytes + 1), bytes)
    return output
  },
  function insert(input, random) {
    const part = Buffer.from(Array.from({ length: 1 + random.below(8) }, () => random.below(256)))
    return put(input, random.below(input.length + 1), part)
  },
  function remove(input, random) {
    const [start, end] = stretch(input, random)
    return put(input, start, Buffer.alloc(0), end - start)
  },
  function duplicate(input, random) {
    const [start, end] = stretch(input, random)
    return put(input, random.below(input.length + 1), input.subarray(start, end))
  },
  function splice(input, random, corpus) {
    const other = corpus[random.below(corpus.length)]
    return put(
      input.subarray(0, random.below(input.length + 1)),
      input.length,
      other.subarray(random.below(other.length)),
    )
  },
  function cut(input, random) {
    return input.subarray(0, random.below(input.length + 1))
  },
  function insertWord(input, random, _, words) {
    return put(input, random.below(input.length + 1), words[random.below(words.length)])
  },
  function overwriteWord(input, random, _, words) {
    const word = words[random.below(words.length)]
    return put(input, random.below(input.length + 1), word, word.length)
  },
]

/** A seed input with one to six things wrong, mostly few: files that are nearly good get further. The same random numbers, the same bytes. */
export function mutate(corpus: readonly Buffer[], words: readonly Buffer[], random: Random): Buffer {
  let input = corpus[random.below(corpus.length)]
  for (let left = 1 + random.below(1 + random.below(6)); left > 0; left--)
    input = MUTATIONS[random.below(MUTATIONS.length)](input, random, corpus, words)
  return input
}
