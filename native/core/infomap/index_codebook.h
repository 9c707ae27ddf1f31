// The index codebook, whose words are the modules, and those terms of the codelength that do not depend on the
// partition. With q = outer_exit + sum q_m, its part of the map equation is plogp(q) - plogp(outer_exit) - sum
// plogp(q_m); the last sum is in the terms of the modules (map_equation.h).
#pragma once

#include <cmath>
#include <optional>
#include <vector>

#include "infomap/plogp.h"

namespace infomotion::infomap {

class IndexCodebook {
 public:
  // For partitions of these units: of a whole network, or of the inside of a module. There the exit of the module is
  // one more word, and the codebook costs plogp(outer_exit) less (Rosvall and Bergstrom, PLoS ONE 6, e18209 (2011)).
  template <class Unit>
  static IndexCodebook of(const std::vector<Unit>& units, std::optional<double> outer_exit) {
    IndexCodebook index;
    index.outer_exit_ = outer_exit.value_or(0);
    index.constant_ = -plogp(index.outer_exit_);  // and - sum plogp(p_i), the same for all partitions
    for (const Unit& unit : units) index.constant_ -= plogp(unit.flow), index.flow_ += unit.flow;
    return index;
  }

  // For a part of the network that holds `share` of its flow, assuming that the modules of the rest are always as fine
  // as those of the part. Then the q of the network is 1/share times that of the part. Only differences of its bits
  // have a meaning.
  IndexCodebook part(double share) const {
    IndexCodebook index(*this);
    index.outer_exit_ *= share;
    index.slope_ -= log2_portable(share);  // share plogp(q / share) = plogp(q) - q log2(share)
    return index;
  }

  // clear(): no modules. add(): one more module, or a change of a rate. settle(): after the last add().
  void clear() { enter_ = outer_exit_; }
  void add(double enter) { enter_ += enter; }
  void settle() {
    term_ = term(enter_);
    inverse_ = enter_ > 0 ? 1 / enter_ : HUGE_VAL;
    slope_of_term_ = enter_ > 0 ? term_ / enter_ + plogp_detail::kInverseLn2 : 0;
  }

  double enter() const { return enter_; }  // q
  double bits() const { return term_ + constant_; }
  double undivided() const {
    return constant_ + plogp(outer_exit_ + flow_);
  }  // with no modules: one codebook for all units

  // The change of bits() if q became `enter`. Nearly always the series (1 + x) log(1 + x) = x + x^2/2 - x^3/6 + x^4/12
  // - ... is enough, and cheaper than a logarithm: the first term left out is below 1e-16 of x.
  double change(double enter) const {
    const double change = enter - enter_, x = change * inverse_;
    if (!(x < 0.0078125 && x > -0.0078125)) return term(enter) - term_;
    const double series =
        x * (1.0 / 2 + x * (-1.0 / 6 + x * (1.0 / 12 + x * (-1.0 / 20 + x * (1.0 / 30 + x * (-1.0 / 42))))));
    return change * (slope_of_term_ + plogp_detail::kInverseLn2 * series);
  }

 private:
  double term(double enter) const { return plogp(enter) + slope_ * enter; }

  double constant_ = 0, outer_exit_ = 0, flow_ = 0, slope_ = 0;
  double enter_ = 0, term_ = 0, inverse_ = 0, slope_of_term_ = 0;
};

}  // namespace infomotion::infomap
