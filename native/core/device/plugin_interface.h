// What a compute plugin exports: one function that gives a table of functions. Plain C on both sides, so that plugin
// and addon may be built by different compilers; whatever changes here raises the version, and the loader
// (device/cuda.h) takes no other version.
#pragma once

#include <stdint.h>

extern "C" {

enum { kInfomotionPluginVersion = 1 };

// What a function of the table returns; anything but 0 comes with a message.
enum InfomotionResult {
  kInfomotionDone = 0,
  kInfomotionUnavailable = 1,  // no driver, no device, or none that the plugin's code runs on
  kInfomotionOutOfMemory = 2,
  kInfomotionFailed = 3,
  kInfomotionCancelled = 4,
};

struct InfomotionMessage {
  char text[240];
};

// Polled between two pieces of work, every few milliseconds: not 0 asks to stop.
struct InfomotionCancel {
  int (*requested)(const void* context);
  const void* context;
};

struct InfomotionDevice {
  char name[256];
  int32_t major, minor;  // compute capability
  int32_t multiprocessors;
  uint64_t memory;  // bytes
};

// As flow::FarnebackParams.
struct InfomotionFlowParams {
  double pyr_scale, poly_sigma;
  int32_t levels, winsize, iterations, poly_n;
  int32_t gaussian, symmetric;
};

// `count` frames and what is wanted of their count - 1 pairs; a null pointer is not wanted (or, of `initial`, not
// known).
struct InfomotionClip {
  const void* frames;  // count * height * width bytes or floats
  uint64_t count;
  const float* initial;  // pairs * height * width * 2: a first guess at the flow
  float* flow;           // pairs * height * width * 2: (u, v), px/frame
  float* cells;          // pairs * grid * grid * 11: as features::MotionCells measures at 1 frame/s
};

// Clips of one size and any lengths.
struct InfomotionFlowRequest {
  int32_t width, height;
  int32_t floats;  // 1: frames are floats; 0: bytes
  int32_t grid;    // of `cells`
  InfomotionFlowParams params;
  const InfomotionClip* clips;
  uint64_t clip_count;
  InfomotionCancel cancel;
};

// For each row i the `wanted` columns j != i of the greatest score rows[i] . rows[j] + bias[j], taken in floats: by
// falling score, ties by lower index. Rows with `skip` have none and are none; places without one hold 0xffffffff.
struct InfomotionNeighboursRequest {
  uint64_t rows, dim, wanted;
  const float* values;  // rows * dim
  const float* bias;    // rows, or null: 0
  const uint8_t* skip;  // rows, or null: none
  uint32_t* index;      // rows * wanted
  float* score;         // rows * wanted
  InfomotionCancel cancel;
};

// What `measure` finds: the request's flow computed over and over from frames that lie on the device already.
struct InfomotionMeasurement {
  double seconds;         // for one pass over the request, median of the repeats
  double copy_bandwidth;  // bytes/s, read and written, of a device-to-device copy far larger than any cache
  double bytes;           // one pass reads and writes at least, every launch each of its values once
  uint64_t launches;      // kernels in one pass
};

struct InfomotionPlugin {
  int32_t version;      // kInfomotionPluginVersion
  const char* runtime;  // for people: "CUDA 13.0"
  // Fills up to `capacity` devices and their number.
  int32_t (*devices)(InfomotionDevice* devices, int32_t capacity, int32_t* count, InfomotionMessage* message);
  int32_t (*flow)(const InfomotionFlowRequest* request, InfomotionMessage* message);
  int32_t (*neighbours)(const InfomotionNeighboursRequest* request, InfomotionMessage* message);
  int32_t (*measure)(const InfomotionFlowRequest* request, int32_t repeats, InfomotionMeasurement* measurement,
                     InfomotionMessage* message);
};

// The plugin's one exported name.
typedef const InfomotionPlugin* (*InfomotionPluginEntry)(void);
}
