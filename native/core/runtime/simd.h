// The few words in which vector kernels are written. A kernel's text (an .inc file) is compiled once for each
// instruction set: the file that instantiates it includes target_avx2.h or target_avx512.h, or defines
// INFOMOTION_SIMD_NEON, or neither (portable), and then includes the text, which includes this header. Everything is
// local to that file, so that no function compiled for one instruction set can be taken for another's.
//
// F and I are vectors of kLanes floats and int32; arithmetic on them is the compiler's own (GCC and Clang vector
// extensions). A Mask has one truth value a lane.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(INFOMOTION_SIMD_AVX512) || defined(INFOMOTION_SIMD_AVX2)
#include <immintrin.h>
#elif defined(INFOMOTION_SIMD_NEON)
#include <arm_neon.h>
#endif

// Unrolls the loop that follows, whose number of rounds is known when compiled.
#if defined(__clang__)
#define INFOMOTION_UNROLL _Pragma("unroll")
#else
#define INFOMOTION_UNROLL _Pragma("GCC unroll 64")
#endif

namespace infomotion::runtime {
namespace {

#if defined(INFOMOTION_SIMD_AVX512)
constexpr int kLanes = 16;
#elif defined(INFOMOTION_SIMD_AVX2)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif

constexpr unsigned kAllLanes = (1u << kLanes) - 1;  // bits() of a mask that is true everywhere

typedef float F __attribute__((vector_size(kLanes * 4)));
typedef std::int32_t I __attribute__((vector_size(kLanes * 4)));

inline F load(const float* p) {
  F v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline I load(const std::int32_t* p) {
  I v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline void store(float* p, F v) { std::memcpy(p, &v, sizeof v); }
inline void store(std::int32_t* p, I v) { std::memcpy(p, &v, sizeof v); }
inline F broadcast(float x) { return x - F{}; }
inline I broadcast(std::int32_t x) { return x - I{}; }
inline F to_float(I v) { return __builtin_convertvector(v, F); }

// 0, 1, 2, ...
inline I lanes() {
#if defined(INFOMOTION_SIMD_AVX512)
  return I{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
#elif defined(INFOMOTION_SIMD_AVX2)
  return I{0, 1, 2, 3, 4, 5, 6, 7};
#else
  return I{0, 1, 2, 3};
#endif
}

#if defined(INFOMOTION_SIMD_AVX512)

typedef __mmask16 Mask;
inline F fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
inline F load(const std::uint8_t* p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
}
inline I truncate(F v) { return (I)_mm512_cvttps_epi32(v); }
inline Mask less(F a, F b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
inline Mask at_most(F a, F b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
inline F floor(F v) { return _mm512_roundscale_ps(v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC); }
inline Mask equal(I a, I b) { return _mm512_cmpeq_epi32_mask((__m512i)a, (__m512i)b); }
inline Mask equal(F a, F b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
inline Mask both(Mask a, Mask b) { return a & b; }
inline Mask either(Mask a, Mask b) { return a | b; }
inline F blend(Mask m, F yes, F no) { return _mm512_mask_blend_ps(m, no, yes); }
inline unsigned bits(Mask m) { return m; }
// p[index], for indices below kLanes, below 2 kLanes, and any.
inline F pick(const float* p, I index) { return _mm512_permutexvar_ps((__m512i)index, load(p)); }
inline F pick_wide(const float* p, I index) {
  return _mm512_permutex2var_ps(load(p), (__m512i)index, load(p + kLanes));
}
inline F gather(const float* p, I index) { return _mm512_i32gather_ps((__m512i)index, p, 4); }
// The first n lanes, n <= kLanes.
inline void store_part(float* p, F v, int n) { _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << n) - 1), v); }
// Lanes kShift .. kShift + kLanes - 1 of a and b end to end.
template <int kShift>
inline F shifted(F a, F b) {
  return (F)_mm512_alignr_epi32((__m512i)b, (__m512i)a, kShift);
}
// 1 / v to 2^-23: an estimate of 14 bits and one step of Newton's.
inline F reciprocal(F v) {
  const F guess = _mm512_rcp14_ps(v);
  return fma(guess, fma(-v, guess, broadcast(1.0f)), guess);
}
// a0 b0 a1 b1 ...
inline void store_pairs(float* p, F a, F b) {
  const __m512i low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const __m512i high = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  store(p, _mm512_permutex2var_ps(a, low, b));
  store(p + kLanes, _mm512_permutex2var_ps(a, high, b));
}

#elif defined(INFOMOTION_SIMD_AVX2)

typedef I Mask;
inline F fma(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
inline F load(const std::uint8_t* p) {
  return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
}
inline I truncate(F v) { return (I)_mm256_cvttps_epi32(v); }
inline Mask less(F a, F b) { return (Mask)_mm256_cmp_ps(a, b, _CMP_LT_OQ); }
inline Mask at_most(F a, F b) { return (Mask)_mm256_cmp_ps(a, b, _CMP_LE_OQ); }
inline F floor(F v) { return _mm256_floor_ps(v); }
inline Mask equal(I a, I b) { return (Mask)_mm256_cmpeq_epi32((__m256i)a, (__m256i)b); }
inline Mask equal(F a, F b) { return (Mask)_mm256_cmp_ps(a, b, _CMP_EQ_OQ); }
inline Mask both(Mask a, Mask b) { return a & b; }
inline Mask either(Mask a, Mask b) { return a | b; }
inline F blend(Mask m, F yes, F no) { return _mm256_blendv_ps(no, yes, (F)m); }
inline unsigned bits(Mask m) { return static_cast<unsigned>(_mm256_movemask_ps((F)m)); }
inline F pick(const float* p, I index) { return _mm256_permutevar8x32_ps(load(p), (__m256i)index); }
inline F pick_wide(const float* p, I index) {
  const F low = pick(p, index), high = pick(p + kLanes, index);  // the permutation takes an index modulo kLanes
  return _mm256_blendv_ps(low, high, (F)(index > 7));
}
inline F gather(const float* p, I index) { return _mm256_i32gather_ps(p, (__m256i)index, 4); }
inline void store_part(float* p, F v, int n) { _mm256_maskstore_ps(p, (__m256i)(lanes() < n), v); }
template <int kShift>
inline F shifted(F a, F b) {
  static_assert(kShift < 4, "within half a vector");
  const __m256 middle = _mm256_permute2f128_ps(a, b, 0x21);
  return (F)_mm256_alignr_epi8((__m256i)middle, (__m256i)a, 4 * kShift);
}
inline F reciprocal(F v) { return 1.0f / v; }
inline void store_pairs(float* p, F a, F b) {
  const F low = _mm256_unpacklo_ps(a, b), high = _mm256_unpackhi_ps(a, b);
  store(p, _mm256_permute2f128_ps(low, high, 0x20));
  store(p + kLanes, _mm256_permute2f128_ps(low, high, 0x31));
}

#else

typedef I Mask;
#if defined(INFOMOTION_SIMD_NEON)
inline F fma(F a, F b, F c) { return (F)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b); }
inline F floor(F v) { return (F)vrndmq_f32((float32x4_t)v); }
#else
inline F fma(F a, F b, F c) { return a * b + c; }
inline F floor(F v) {  // of what an int32 holds
  const F whole = __builtin_convertvector(__builtin_convertvector(v, I), F);
  return whole - (F)((I)(whole > v) & (I)broadcast(1.0f));
}
#endif
inline F load(const std::uint8_t* p) {
  return F{static_cast<float>(p[0]), static_cast<float>(p[1]), static_cast<float>(p[2]), static_cast<float>(p[3])};
}
inline I truncate(F v) { return __builtin_convertvector(v, I); }
inline Mask less(F a, F b) { return a < b; }
inline Mask at_most(F a, F b) { return a <= b; }
inline Mask equal(I a, I b) { return a == b; }
inline Mask equal(F a, F b) { return a == b; }
inline Mask both(Mask a, Mask b) { return a & b; }
inline Mask either(Mask a, Mask b) { return a | b; }
inline F blend(Mask m, F yes, F no) { return (F)(((I)yes & m) | ((I)no & ~m)); }
inline unsigned bits(Mask m) {
  const I each = m & I{1, 2, 4, 8};
  return static_cast<unsigned>(each[0] | each[1] | each[2] | each[3]);
}
inline F gather(const float* p, I index) { return F{p[index[0]], p[index[1]], p[index[2]], p[index[3]]}; }
inline F pick(const float* p, I index) { return gather(p, index); }
inline F pick_wide(const float* p, I index) { return gather(p, index); }
inline void store_part(float* p, F v, int n) { std::memcpy(p, &v, static_cast<std::size_t>(n) * sizeof(float)); }
template <int kShift>
inline F shifted(F a, F b) {
  float both[2 * kLanes];
  store(both, a);
  store(both + kLanes, b);
  return load(both + kShift);
}
inline F reciprocal(F v) { return 1.0f / v; }
inline void store_pairs(float* p, F a, F b) {
  store(p, F{a[0], b[0], a[1], b[1]});
  store(p + kLanes, F{a[2], b[2], a[3], b[3]});
}

#endif

// a b - c d, to 1.5 units in the last place of the result (Kahan's algorithm; Jeannerod, Louvet and Muller, "Further
// analysis of Kahan's algorithm for the accurate computation of 2 x 2 determinants", Math. Comp. 82, 2013).
inline F difference_of_products(F a, F b, F c, F d) {
#if defined(INFOMOTION_SIMD_AVX512) || defined(INFOMOTION_SIMD_AVX2) || defined(INFOMOTION_SIMD_NEON)
  const F product = c * d;
  return fma(a, b, -product) + fma(-c, d, product);
#else
  F left;
  for (int i = 0; i < kLanes; ++i)  // a double holds the product of two floats exactly
    left[i] = static_cast<float>(static_cast<double>(a[i]) * b[i] - static_cast<double>(c[i]) * d[i]);
  return left;
#endif
}

// The first n < kLanes values at p, zeros behind.
template <typename T>
inline F load_part(const T* p, int n) {
  T values[kLanes] = {};
  std::memcpy(values, p, static_cast<std::size_t>(n) * sizeof(T));
  return load(values);
}

}  // namespace
}  // namespace infomotion::runtime
