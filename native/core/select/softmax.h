// The student of the swap search that learns by cross-entropy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "select/dense.h"

namespace infomotion::select {

// All clips as students see them: centred and scaled, with a 1 appended, and what those of the loss weigh.
struct StudentClips {
  const Dense& points;
  const uint32_t* labels;
  std::size_t classes;
  const std::vector<double>& balance;  // of a clip of each class in the loss; all clips together weigh 1
  std::size_t judged;                  // first clip of those in the loss
};

// Softmax regression with a penalty, trained on a few clips:
//
//   W  =  argmin  sum_s v_s CE(y_s, softmax(W' x_s)) + ridge / 2 |W|^2      over the chosen clips s,
//   loss(W)  =  sum_i b_i CE(y_i, softmax(W' x_i)) / ln(classes)            over all clips i of the loss,
//
// by Boehning's bound on the Hessian (Boehning, "Multinomial logistic regression algorithm", 1992): with
// B = sum_s v_s x_s x_s' / 2 + ridge each step W -= B^-1 gradient lowers the objective, and one inverse serves all steps
// and classes. From zeros the first step gives the ridge classifier of squared loss (but for the penalty's size); a fixed
// number of steps makes the loss a function of the chosen clips alone.
class SoftmaxStudent {
 public:
  SoftmaxStudent(const StudentClips& clips, double ridge);

  // To train on the chosen clips but that in `slot`, with a candidate in its place.
  void leave_out(const std::vector<uint32_t>& chosen, std::size_t slot);

  // The loss on all clips with `clip` in the place left out.
  double loss_with(uint32_t clip) const;

  // Multiplications and additions that loss_with takes where so many clips are chosen.
  double work(std::size_t chosen) const;

 private:
  static constexpr std::size_t kSteps = 8;

  // rows += weight * x (softmax(W' x) - y)'
  void add_gradient(uint32_t clip, double weight, const Dense& w, double* logits, Dense* gradient) const;
  double cross_entropy(uint32_t clip, const Dense& w, double* logits) const;
  void predict(uint32_t clip, const Dense& w, double* logits) const;

  StudentClips clips_;
  double ridge_;
  std::vector<uint32_t> others_;
  std::vector<double> weights_;  // of the others
  double weight_ = 0;            // of the clip in the place left out
  Dense inverse_;                // B^-1 of the others
};

}  // namespace infomotion::select
