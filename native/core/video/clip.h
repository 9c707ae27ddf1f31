// Motion JPEG: the chunks of an AVI as frames of luma.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/cancel.h"
#include "runtime/status.h"
#include "video/avi.h"

namespace infomotion::video {

// How chunks make frames. A camera that scans a picture in two fields stores each as a JPEG of half the height: both in one
// chunk, or a chunk each.
struct ClipLayout {
  uint32_t width = 0;  // 0: no chunk has a readable JPEG header
  uint32_t height = 0;
  bool woven = false;       // of two fields
  bool even_first = false;  // the first field has the lines 1, 3, 5... where the first line is 0
  std::size_t chunks = 1;   // a frame
};

struct ClipSurvey {
  ClipLayout layout;
  std::size_t filled = 0;  // chunks that are not empty
  std::size_t jpegs = 0;   // chunks with a readable JPEG header
};

// The size that most JPEGs have. Two in a chunk are fields where the header of the AVI has a picture of more than 4/3 their
// height, or where they say so themselves, one of the odd and one of the even lines; one in a chunk is a field where the header
// has a picture of twice its height. FFmpeg and OpenCV decide by the header, and take the lower field for the first where the
// codec is "MJPG" by that name, whatever the JPEGs say. ABORTED.
runtime::Status survey_clip(Bytes file, const Avi& avi, const runtime::Cancel& cancel, ClipSurvey& survey);

// What became of a frame.
enum FrameState : uint8_t { kDamaged, kGood, kRepeated };

// Decodes count = chunks.size() / layout.chunks frames into out[count, height, width]. A frame that does not decode in full
// is replaced by the good frame before it (the first good one at the start), since half a frame of grey would look like
// motion; so is one of an empty chunk, which repeats by AVI's definition. Limited range is expanded to 0..255. `states` has a
// FrameState for each frame. ABORTED.
runtime::Status decode_clip(Bytes file, const std::vector<Range>& chunks, const ClipLayout& layout,
                            const runtime::Cancel& cancel, uint8_t* out, std::vector<uint8_t>& states);

}  // namespace infomotion::video
