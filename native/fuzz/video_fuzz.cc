// libFuzzer target of the AVI walk and the JPEG decoder: any bytes give frames that are whole, or an error by name. The first
// byte chooses between an AVI, and a JPEG as luma or as it is stored.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "video/avi.h"
#include "video/clip.h"
#include "video/jpeg.h"

using namespace infomotion;
using namespace infomotion::video;
using namespace infomotion::runtime;

namespace {

const Cancel kNever;
constexpr std::size_t kMostPixels = std::size_t{1} << 18;  // larger ones only take time

void promise(bool holds) {
  if (!holds) std::abort();
}

void read_clip(Bytes file) {
  Avi avi;
  promise(walk_avi(file, kNever, avi).ok());
  std::size_t last = 0;
  for (const Range& chunk : avi.chunks) {
    promise(chunk.start >= last && chunk.end >= chunk.start && chunk.end <= file.size);
    last = chunk.end;
  }
  promise(avi.named <= avi.chunks.size() && avi.fps >= 0 && avi.fps <= 1000);
  ClipSurvey survey;
  promise(survey_clip(file, avi, kNever, survey).ok());
  const ClipLayout& layout = survey.layout;
  promise(survey.jpegs <= survey.filled && survey.filled <= avi.chunks.size());
  promise((layout.width > 0) == (survey.jpegs > 0) && layout.width <= kMaxSide && layout.height <= kMaxSide);
  const std::size_t count = avi.chunks.size() / layout.chunks;
  const std::size_t size = std::size_t{layout.width} * layout.height;
  if (count * size > kMostPixels) return;
  std::vector<uint8_t> frames(count * size);
  std::vector<uint8_t> states;
  promise(decode_clip(file, avi.chunks, layout, kNever, frames.data(), states).ok());
  promise(states.size() == count);
  for (const uint8_t state : states) promise(state <= kRepeated);
}

void read_image(Bytes jpeg, Colour colour) {
  JpegHeader header;
  if (read_header(jpeg, header) && std::size_t{header.width} * header.height > kMostPixels) return;
  JpegImage image;
  const Status status = decode_image(jpeg, colour, kNever, image);
  if (!status.ok()) {
    promise(status.code == "IMAGE_UNREADABLE" && !status.message.empty());
    return;
  }
  const std::size_t samples = std::size_t{image.width} * image.height * image.components;
  promise(samples > 0 && (image.bits > 8 ? image.wide.size() : image.pixels.size()) == samples);
  promise(colour == Colour::kStored || (image.components == 1 && image.bits == 8));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes rest{data + 1, size - 1};
  switch (data[0] & 3) {
    case 0: read_image(rest, Colour::kLuma); break;
    case 1: read_image(rest, Colour::kStored); break;
    default: read_clip(rest);
  }
  return 0;
}
