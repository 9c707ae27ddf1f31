// The inner loops of the flow, a row at a time: the only code that is compiled for each instruction set. Their text is
// kernels.inc; a kernels_*.cc file instantiates it for one set.
//
// Unless said otherwise, rows lie in a Buffer: whole vectors are read and written, a little beyond the last pixel.
#pragma once

#include <cstddef>
#include <cstdint>

#include "flow/expansion.h"
#include "flow/resample.h"
#include "runtime/isa.h"

namespace infomotion::flow {

// The equations of motion of one row.
struct EquationRow {
  int x, y, width;  // the first pixel, and how many of its row
  int image_width, image_height;
  const float* from;  // of the first frame's expansion, from that pixel on
  const float* to;    // the whole of the second's
  int pitch;          // of both
  const float* u;     // the flow known so far of these pixels, px; null: none
  const float* v;
  const float* border_x;  // squared_border_weights(image_width) of these pixels
  float border_y;         // of this row
  bool symmetric;         // Border::kSymmetric
  float* out;             // equation e of the i-th pixel goes to out[e * out_pitch + i]
  int out_pitch;
  int before, after;  // how many places before the first and behind the last equation repeat them
};

// From the equations summed down the window's columns to the flow of one row. The i-th pixel's window is columns
// first + i .. first + i + 2 half of each of the kEquations stretches.
struct WindowRow {
  int width, half, first;
  float* columns;
  const float* enters;  // box: first this row is added to the columns and `leaves` is subtracted; null: neither
  const float* leaves;
  float* compensation;  // box: what rounding has added to the columns so far that is not theirs (Kahan)
  int pitch;            // of a stretch; a multiple of 16
  const float* kernel;  // Gaussian weights for 0..half; null: box
  float regular;        // keeps the determinant away from zero where there is no structure
  float* scratch;       // kEquations * pitch
  float* u;
  float* v;
};

constexpr int kBlurred = 4;

struct Kernels {
  // out[x] = sum over t of weights[t] * rows[t][x], x < n. The rows need not lie in a Buffer: no value from n on is
  // read.
  void (*mix_bytes)(const std::uint8_t* const* rows, const float* weights, int taps, int n, float* out);
  void (*mix)(const float* const* rows, const float* weights, int taps, int n, float* out);

  // Outputs [begin, end) of the filter along one row that is padded at both ends (AxisFilter::before). `out` need not
  // lie in a Buffer.
  void (*filter_row)(const AxisFilter& filter, const float* row, int begin, int end, float* out);

  // From 2 radius + 1 rows of an image to sum g f, sum j g f, sum j^2 g f of each column, `pitch` floats apart.
  void (*moments)(const PolynomialBasis& basis, const float* const* rows, int width, float* out, int pitch);

  // From those, padded by the radius at both ends, to one row of an Expansion.
  void (*expand)(const PolynomialBasis& basis, const float* moments, int pitch, int width, float* out, int out_pitch);

  void (*equations)(const EquationRow& row);

  void (*add)(float* sum, const float* row, int n);  // sum[i] += row[i]

  // kBlurred rows at a time, each row of equations being read once for all of them:
  // out[k * pitch + i] = sum over |j| <= half of kernel[|j|] * rows[half + k + j][i]
  void (*blur)(const float* const* rows, const float* kernel, int half, int n, float* out, int pitch);

  void (*solve)(const WindowRow& row);

  // out = u[0], v[0], u[1], v[1], ... up to n. `out` need not lie in a Buffer.
  void (*pairs)(const float* u, const float* v, int n, float* out);
};

// `isa` is one of available_isas().
const Kernels& kernels(runtime::Isa isa);

}  // namespace infomotion::flow
