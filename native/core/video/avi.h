// Where the frames of an AVI file are. An AVI is a RIFF file: chunks of a four-letter name, a 32-bit size and that many bytes,
// padded to an even length; LIST and RIFF chunks hold further chunks behind a four-letter type (Microsoft, "AVI RIFF File
// Reference"; OpenDML 1.02 adds further RIFF AVIX parts for long files). Only names and sizes are trusted, and those no
// further than the next chunk confirms them: lists are walked into whatever their size says, and after damage the walk goes
// on at the next thing that looks like a JPEG frame. Indexes are not needed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/cancel.h"
#include "runtime/status.h"
#include "video/jpeg_header.h"

namespace infomotion::video {

struct Range {
  std::size_t start = 0;
  std::size_t end = 0;
};

struct Avi {
  std::vector<Range> chunks;  // of video. An empty one repeats the frame before it, as AVI defines
  std::size_t named = 0;      // how many were found by their name, not by a JPEG that lies somewhere
  double fps = 0;             // 0: the headers name no rate between 0 and 1000 fps
  uint32_t promised = 0;      // chunks that the header promises; 0: it does not say
  uint32_t height = 0;        // of the picture, as the header has it; 0: it does not say
  std::string codec;          // four-letter code, or ""
  std::size_t resyncs = 0;    // how often the walk lost the chunks and had to search for the next frame
};

// Finds the chunks. Never reads beyond the file, whatever is in it. VIDEO_TOO_LARGE (more than 2^24 chunks), ABORTED.
runtime::Status walk_avi(Bytes file, const runtime::Cancel& cancel, Avi& avi);

}  // namespace infomotion::video
