// x log2 x, the term all of the map equation is made of. The logarithm is our own: libm's differs between platforms in
// its last bit, and one bit can turn a move, hence a partition. This one uses only IEEE additions and products in a
// fixed order (the build forbids contraction to FMA), so it gives the same bits everywhere; it is also faster inline.
#pragma once

#include <cstdint>
#include <cstring>

namespace infomotion::infomap {
namespace plogp_detail {

constexpr int kBits = 7;  // 128 intervals of the mantissa
constexpr double kInverseLn2 = 1.4426950408889634074;

// For the mantissas z of one interval: c ~ 1/z of few bits, and -log2(c).
struct Entry {
  double c = 1;
  double log = 0;
};
struct Table {
  Entry entries[1 << kBits];
};

// log2(x) for x in [0.7, 1.5], by log(x) = 2 artanh((x-1)/(x+1)), |argument| < 0.2.
constexpr double log2_by_series(double x) {
  const double z = (x - 1) / (x + 1);
  double sum = 0;
  for (int k = 27; k >= 1; k -= 2) sum = sum * z * z + 1.0 / k;
  return 2 * kInverseLn2 * z * sum;
}

// Interval i holds the mantissas z in [0.75, 1.5) whose bits are kOffset + i * 2^-kBits and following: steps of 1/256
// below 1 and of 1/128 above. c is 1/(middle of the interval) in multiples of 1/256, and exactly 1 beside z = 1, where
// log2 passes through zero and must keep its relative precision.
constexpr Table make_table() {
  Table table{};
  for (int i = 0; i < 1 << kBits; ++i) {
    const double middle = i < 64 ? 0.75 + (i + 0.5) / 256 : 1 + (i - 64 + 0.5) / 128;
    int c256 = static_cast<int>(256 / middle + 0.5);
    if (i == 63 || i == 64) c256 = 256;
    table.entries[i].c = c256 / 256.0;
    table.entries[i].log = c256 == 256 ? 0 : -log2_by_series(c256 / 256.0);
  }
  return table;
}
inline constexpr Table kTable = make_table();
constexpr uint64_t kOffset = 0x3fe8000000000000u;  // the bits of 0.75

}  // namespace plogp_detail

// log2(x) for normal x > 0, to about 1e-16 of its value.
inline double log2_portable(double x) {
  using namespace plogp_detail;
  uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  const uint64_t shifted = bits - kOffset;
  const int64_t exponent = static_cast<int64_t>(shifted) >> 52;
  const Entry& entry = kTable.entries[(shifted >> (52 - kBits)) & ((1 << kBits) - 1)];
  const uint64_t mantissa = bits - (static_cast<uint64_t>(exponent) << 52);
  const uint64_t high_bits = mantissa & ~uint64_t{0xffffffff};
  double z, high;
  std::memcpy(&z, &mantissa, sizeof z);
  std::memcpy(&high, &high_bits, sizeof high);
  // r = z c - 1 with |r| < 0.01; both products are exact (21 + 9 and 32 + 9 bits), so r is rounded once.
  const double r = (high * entry.c - 1) + (z - high) * entry.c;
  // log(1 + r) / r - 1 by its Taylor series; the first term left out is below 2e-17.
  const double tail =
      r * (-1.0 / 2 + r * (1.0 / 3 + r * (-1.0 / 4 + r * (1.0 / 5 + r * (-1.0 / 6 + r * (1.0 / 7 + r * (-1.0 / 8)))))));
  return static_cast<double>(exponent) + (entry.log + kInverseLn2 * (r + r * tail));
}

// p log2 p, with 0 log 0 = 0. Values below the smallest normal number (and what rounding left below zero) count as 0.
inline double plogp(double p) { return p >= 2.3e-308 ? p * log2_portable(p) : 0.0; }

}  // namespace infomotion::infomap
