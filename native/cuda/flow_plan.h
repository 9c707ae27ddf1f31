// What is decided before a batch of clips is computed: the tables of its levels, how its kernels are laid out, and
// which frames and pairs are on the device at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "device/plugin_interface.h"
#include "flow/resample.h"
#include "flow_kernels.h"

namespace infomotion::cuda {

// Values that kernels look up, in one block of memory; places are counted in 4-byte words.
class Tables {
 public:
  struct AxisPlace {
    int taps = 0;
    std::size_t source = 0, weights = 0;
  };

  std::size_t add(const std::vector<float>& values);
  std::size_t add(const std::vector<int>& values);
  AxisPlace add(const flow::AxisFilter& filter);

  const std::vector<std::uint32_t>& words() const { return words_; }

  // As found in a copy of the words.
  static const float* floats(const std::uint32_t* base, std::size_t place) {
    return reinterpret_cast<const float*>(base) + place;
  }
  static Axis axis(const std::uint32_t* base, const AxisPlace& place) {
    return {place.taps, reinterpret_cast<const int*>(base) + place.source, floats(base, place.weights)};
  }

 private:
  std::vector<std::uint32_t> words_;
};

struct LevelPlan {
  int width = 0, height = 0;
  std::size_t first_pixel = 0;  // of the level, among those of all levels
  Tables::AxisPlace image_x, image_y, flow_x, flow_y;
  std::size_t border_x = 0, border_y = 0;
  int border_pitch = 0;  // of rows of border_x; 0: one row for all, but in images narrower than flow::kNarrow
  int tile_width = 0, tile_height = 0;  // 0: the window is too wide for tiles

  std::size_t pixels() const { return static_cast<std::size_t>(width) * height; }
  bool tiled() const { return tile_width > 0; }
};

struct FlowPlan {
  InfomotionFlowParams params = {};
  Tables tables;
  std::vector<LevelPlan> levels;  // fine to coarse
  std::size_t pixels_of_all_levels = 0;
  Tables::AxisPlace initial_x, initial_y;  // a first guess, full size -> the coarsest level
  float initial_gain = 1, coarse_gain = 1;
  Expand expand = {};  // with its weights only
  int half = 0;
  float gain = 1;
  std::size_t taps = 0;
  int frames_at_once = 1;

  bool wide() const;  // some level has no tiles
};

// Bytes that the launches for one frame, and for one pair, read and write, each value once a launch.
struct Traffic {
  double frame, pair;
};
Traffic traffic(const InfomotionFlowRequest& request, const FlowPlan& plan);

// `workspace`: bytes for the frames and pairs of a chunk, or what one frame takes if that is more. Fails with words
// where the request is out of range.
std::string make_plan(const InfomotionFlowRequest& request, std::size_t workspace, FlowPlan* plan);

// The frames of the batch that are computed together, `plan.frames_at_once` at most, and the pairs that end in them.
struct Chunk {
  struct Run {
    std::size_t clip;
    std::uint64_t first;  // frame or pair of the clip
    int place;            // in the chunk
    int count;
  };
  int frames = 0;
  int first_slot = 0;  // of the ring of frames_at_once + 1 expansions
  std::vector<Run> frame_runs, pair_runs;
  std::vector<SlotPair> pairs;
};

std::vector<Chunk> make_chunks(const InfomotionFlowRequest& request, int frames_at_once);

}  // namespace infomotion::cuda
