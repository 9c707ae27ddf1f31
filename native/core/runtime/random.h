// Seeded random numbers, the same in C++ and in TypeScript (lib/runtime/random.ts) and on every platform:
// xoshiro128** 1.1 (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021), its state filled by
// splitmix32 from a hash of the seed and of the words that name the stream.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <utility>

namespace infomotion::runtime {

class Random {
 public:
  // One independent stream for each (seed, words...), for example (seed, class index, trial).
  explicit Random(uint32_t seed, std::initializer_list<uint32_t> words = {}) {
    uint32_t h = mix(seed);
    for (uint32_t word : words) h = mix(h ^ (mix(word) + 0x9e3779b9u));
    for (uint32_t& s : state_) s = h = mix(h + 0x9e3779b9u);
    if ((state_[0] | state_[1] | state_[2] | state_[3]) == 0) state_[0] = 1;
  }

  uint32_t next() {
    const uint32_t result = rotl(state_[1] * 5, 7) * 9;
    const uint32_t t = state_[1] << 9;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = rotl(state_[3], 11);
    return result;
  }

  // Uniform in [0, 1), a multiple of 2^-24.
  double uniform() { return (next() >> 8) * (1.0 / 16777216.0); }

  // Uniform in 0..n-1 (n >= 1), by rejection under a bit mask: no bias, and no 64-bit product to differ in.
  uint32_t below(uint32_t n) {
    uint32_t mask = n - 1;
    mask |= mask >> 1;
    mask |= mask >> 2;
    mask |= mask >> 4;
    mask |= mask >> 8;
    mask |= mask >> 16;
    for (;;) {
      const uint32_t x = next() & mask;
      if (x < n) return x;
    }
  }

  // Fisher and Yates, from the last element down.
  template <typename T>
  void shuffle(T* items, uint32_t n) {
    for (uint32_t i = n; i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  static uint32_t rotl(uint32_t x, int k) { return (x << k) | (x >> (32 - k)); }
  // The finalizer of MurmurHash3 (Appleby, public domain).
  static uint32_t mix(uint32_t h) {
    h = (h ^ (h >> 16)) * 0x85ebca6bu;
    h = (h ^ (h >> 13)) * 0xc2b2ae35u;
    return h ^ (h >> 16);
  }

  uint32_t state_[4];
};

}  // namespace infomotion::runtime
