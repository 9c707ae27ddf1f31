#include "select/softmax.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace infomotion::select {

SoftmaxStudent::SoftmaxStudent(const StudentClips& clips, double ridge) : clips_(clips), ridge_(ridge) {}

void SoftmaxStudent::leave_out(const std::vector<uint32_t>& chosen, std::size_t slot) {
  std::vector<double> count(clips_.classes, 0.0);
  for (uint32_t clip : chosen) count[clips_.labels[clip]] += 1;
  double present = 0;
  for (double c : count) present += c > 0;
  const auto weight = [&](uint32_t clip) {
    return static_cast<double>(chosen.size()) / (present * count[clips_.labels[clip]]);
  };
  const std::size_t dim = clips_.points.columns;
  Dense bound(dim, dim);
  for (std::size_t a = 0; a < dim; ++a) bound.row(a)[a] = ridge_;
  others_.clear();
  weights_.clear();
  for (std::size_t s = 0; s < chosen.size(); ++s) {
    if (s == slot) continue;
    others_.push_back(chosen[s]);
    weights_.push_back(weight(chosen[s]));
    const double* x = clips_.points.row(chosen[s]);
    for (std::size_t a = 0; a < dim; ++a) add(bound.row(a), weights_.back() / 2 * x[a], x, dim);
  }
  weight_ = weight(chosen[slot]);
  inverse_ = inverse(std::move(bound));
}

double SoftmaxStudent::loss_with(uint32_t clip) const {
  const std::size_t dim = clips_.points.columns, classes = clips_.classes;
  const double* x = clips_.points.row(clip);
  // With the clip, B^-1 = P - u u' v / 2 / (1 + v / 2 x' u), u = P x, P that of the others (Sherman and Morrison).
  std::vector<double> u(dim), along(classes), logits(classes);
  for (std::size_t a = 0; a < dim; ++a) u[a] = dot(inverse_.row(a), x, dim);
  const double factor = weight_ / 2 / (1 + weight_ / 2 * dot(x, u.data(), dim));

  Dense w(dim, classes), gradient(dim, classes);
  for (std::size_t step = 0; step < kSteps; ++step) {
    for (std::size_t i = 0; i < gradient.values.size(); ++i) gradient.values[i] = ridge_ * w.values[i];
    for (std::size_t s = 0; s < others_.size(); ++s) add_gradient(others_[s], weights_[s], w, logits.data(), &gradient);
    add_gradient(clip, weight_, w, logits.data(), &gradient);
    std::fill(along.begin(), along.end(), 0.0);
    for (std::size_t a = 0; a < dim; ++a) add(along.data(), u[a], gradient.row(a), classes);
    for (std::size_t a = 0; a < dim; ++a) {
      for (std::size_t b = 0; b < dim; ++b) add(w.row(a), -inverse_.row(a)[b], gradient.row(b), classes);
      add(w.row(a), factor * u[a], along.data(), classes);
    }
  }
  double loss = 0;
  for (std::size_t i = clips_.judged; i < clips_.points.rows(); ++i)
    loss += clips_.balance[clips_.labels[i]] * cross_entropy(static_cast<uint32_t>(i), w, logits.data());
  return loss / std::log(static_cast<double>(classes));
}

double SoftmaxStudent::work(std::size_t chosen) const {
  const double dim = static_cast<double>(clips_.points.columns), classes = static_cast<double>(clips_.classes);
  const double step = (2 * static_cast<double>(chosen) + dim) * dim * classes;
  return kSteps * step +
         static_cast<double>(clips_.points.rows() - clips_.judged) * (dim + 8) * classes;  // an exponential is about 8
}

void SoftmaxStudent::predict(uint32_t clip, const Dense& w, double* logits) const {
  std::fill(logits, logits + clips_.classes, 0.0);
  const double* x = clips_.points.row(clip);
  for (std::size_t a = 0; a < w.rows(); ++a) add(logits, x[a], w.row(a), clips_.classes);
}

void SoftmaxStudent::add_gradient(uint32_t clip, double weight, const Dense& w, double* logits, Dense* gradient) const {
  predict(clip, w, logits);
  const double most = *std::max_element(logits, logits + clips_.classes);
  double sum = 0;
  for (std::size_t c = 0; c < clips_.classes; ++c) sum += logits[c] = std::exp(logits[c] - most);
  for (std::size_t c = 0; c < clips_.classes; ++c) logits[c] /= sum;
  logits[clips_.labels[clip]] -= 1;
  const double* x = clips_.points.row(clip);
  for (std::size_t a = 0; a < gradient->rows(); ++a) add(gradient->row(a), weight * x[a], logits, clips_.classes);
}

double SoftmaxStudent::cross_entropy(uint32_t clip, const Dense& w, double* logits) const {
  predict(clip, w, logits);
  const double most = *std::max_element(logits, logits + clips_.classes);
  double sum = 0;
  for (std::size_t c = 0; c < clips_.classes; ++c) sum += std::exp(logits[c] - most);
  return std::log(sum) + most - logits[clips_.labels[clip]];
}

}  // namespace infomotion::select
