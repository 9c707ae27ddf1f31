/**
 * Seeded random numbers, the same here and in C++ (`native/core/runtime/random.h`) and on every platform: xoshiro128**
 * (Blackman and Vigna 2021), its state filled by splitmix32 from a hash of the seed and of the words naming the stream.
 *
 * @example
 * ```js
 * const random = new Random(7, 'select', 3) // one independent stream for each (seed, words...)
 * random.uniform() // [0, 1)
 * random.below(10) // 0..9
 * ```
 */
export class Random {
  private readonly state = new Uint32Array(4)

  /** `words` name the stream: non-negative integers below 2^32, or strings (hashed by FNV-1a over their UTF-8). */
  constructor(seed: number, ...words: (number | string)[]) {
    let h = mix(seed)
    for (const word of words) h = mix(h ^ (mix(typeof word === 'string' ? fnv1a(word) : word) + 0x9e3779b9))
    for (let i = 0; i < 4; i++) {
      h = (h + 0x9e3779b9) >>> 0
      this.state[i] = h = mix(h)
    }
    if (this.state.every((word) => word === 0)) this.state[0] = 1
  }

  /** A uniform unsigned 32-bit integer. */
  next(): number {
    const s = this.state
    const result = Math.imul(rotl(Math.imul(s[1], 5), 7), 9) >>> 0
    const t = s[1] << 9
    s[2] ^= s[0]
    s[3] ^= s[1]
    s[1] ^= s[2]
    s[0] ^= s[3]
    s[2] ^= t
    s[3] = rotl(s[3], 11)
    return result
  }

  /** Uniform in [0, 1), a multiple of 2^-24. */
  uniform(): number {
    return (this.next() >>> 8) / 16777216
  }

  /** Uniform in [low, high). */
  range(low: number, high: number): number {
    return low + (high - low) * this.uniform()
  }

  /** Uniform in 0..n-1, n >= 1, without bias. */
  below(n: number): number {
    let mask = n - 1
    for (const shift of [1, 2, 4, 8, 16]) mask |= mask >>> shift
    for (;;) {
      const x = (this.next() & mask) >>> 0
      if (x < n) return x
    }
  }

  /** Standard normal, by Box and Muller. */
  gaussian(): number {
    const r = Math.sqrt(-2 * Math.log(1 - this.uniform()))
    return r * Math.cos(2 * Math.PI * this.uniform())
  }

  /** Shuffles in place (Fisher and Yates) and returns the array. */
  shuffle<T extends { length: number; [index: number]: unknown }>(items: T): T {
    for (let i = items.length; i > 1; i--) {
      const j = this.below(i)
      const last = items[i - 1]
      items[i - 1] = items[j]
      items[j] = last
    }
    return items
  }

  /** `count` different integers of 0..n-1, in random order (count <= n). */
  sample(n: number, count: number): number[] {
    return Array.from(this.shuffle(Uint32Array.from({ length: n }, (_, i) => i)).subarray(0, count))
  }
}

function rotl(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k))
}

/** The finalizer of MurmurHash3 (Appleby, public domain). */
function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

function fnv1a(text: string): number {
  let h = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) h = Math.imul(h ^ byte, 0x01000193)
  return h >>> 0
}
