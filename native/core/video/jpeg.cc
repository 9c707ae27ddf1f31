#include "video/jpeg.h"

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>

// After cstdio: it wants size_t and FILE.
#include <jerror.h>
#include <jpeglib.h>

#include "runtime/thread_pool.h"

namespace infomotion::video {
namespace {

using runtime::Cancel;
using runtime::Status;

#define INFOMOTION_TEXT(value) #value
#define INFOMOTION_TEXT_OF(value) INFOMOTION_TEXT(value)
// Whole in the binary, where scripts/check/sbom.mjs finds it.
constexpr char kLibrary[] = "libjpeg-turbo " INFOMOTION_TEXT_OF(LIBJPEG_TURBO_VERSION);

// An encoder writes one to four scans; a progressive one ten or so. Each costs a pass over all blocks, however few its bytes.
constexpr int kMaxScans = 64;
// For the coefficients of a progressive JPEG.
constexpr long kMaxMemory = 1L << 30;
// Bytes between the data of a scan and the marker behind it that cameras leave there; more are data that was not decoded.
constexpr int kMaxPadding = 16;

// libjpeg reports a failure by calling back, from where only longjmp leads out. guarded() is the one place that it leads
// to: what runs between has nothing to destroy.
struct Guard {
  jpeg_error_mgr handlers{};
  std::jmp_buf out{};
  char failure[JMSG_LENGTH_MAX] = "";
  char damage[JMSG_LENGTH_MAX] = "";
  bool ended_early = false;  // the end of the image was supplied
};

struct Decoder {
  jpeg_decompress_struct jpeg{};
  Guard guard;
  jpeg_progress_mgr progress{};
  const Cancel* cancel = nullptr;
};

void fail(j_common_ptr jpeg) {
  auto* guard = static_cast<Guard*>(jpeg->client_data);
  jpeg->err->format_message(jpeg, guard->failure);
  std::longjmp(guard->out, 1);
}

bool is_damage(j_common_ptr jpeg, Guard& guard) {
  switch (jpeg->err->msg_code) {
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_BOGUS_PROGRESSION: return true;
    case JWRN_JPEG_EOF: guard.ended_early = true; return false;
    case JWRN_EXTRANEOUS_DATA:
      return reinterpret_cast<j_decompress_ptr>(jpeg)->input_scan_number > 0 && jpeg->err->msg_parm.i[0] > kMaxPadding;
    default: return false;
  }
}

// Warnings (level -1), and traces, which are of no interest.
void hear(j_common_ptr jpeg, int level) {
  auto* guard = static_cast<Guard*>(jpeg->client_data);
  if (level < 0 && guard->damage[0] == '\0' && is_damage(jpeg, *guard)) jpeg->err->format_message(jpeg, guard->damage);
}

void silence(j_common_ptr) {}

template <typename Jpeg>
void set_up(Jpeg& jpeg, Guard& guard) {
  jpeg.err = jpeg_std_error(&guard.handlers);
  guard.handlers.error_exit = fail;
  guard.handlers.emit_message = hear;
  guard.handlers.output_message = silence;
  jpeg.client_data = &guard;
}

// False where `step` failed; the guard has the reason.
template <typename Work>
bool guarded(Guard& guard, void (*step)(Work&), Work& work) {
  if (setjmp(guard.out) != 0) return false;
  step(work);
  return true;
}

constexpr char kAborted[] = "aborted";

void watch(j_common_ptr jpeg) {
  auto* decompress = reinterpret_cast<j_decompress_ptr>(jpeg);
  auto* guard = static_cast<Guard*>(jpeg->client_data);
  auto* decoder = reinterpret_cast<Decoder*>(decompress);  // its first member
  if (decoder->cancel->requested()) std::strcpy(guard->failure, kAborted);
  else if (decompress->input_scan_number > kMaxScans)
    std::snprintf(guard->failure, sizeof guard->failure, "more than %d scans", kMaxScans);
  else return;
  std::longjmp(guard->out, 1);
}

struct Opening {
  Decoder& decoder;
  Bytes jpeg;
  Bytes tables;  // a JPEG of tables alone, or empty
};

void open(Opening& opening) {
  Decoder& decoder = opening.decoder;
  jpeg_decompress_struct& jpeg = decoder.jpeg;
  jpeg_create_decompress(&jpeg);
  jpeg.mem->max_memory_to_use = kMaxMemory;
  decoder.progress.progress_monitor = watch;
  jpeg.progress = &decoder.progress;
  if (opening.tables.size > 0) {
    jpeg_mem_src(&jpeg, opening.tables.data, static_cast<unsigned long>(opening.tables.size));
    jpeg_read_header(&jpeg, FALSE);
  }
  jpeg_mem_src(&jpeg, opening.jpeg.data, static_cast<unsigned long>(opening.jpeg.size));
  jpeg_read_header(&jpeg, TRUE);
  jpeg.dct_method = JDCT_ISLOW;
  jpeg.do_block_smoothing = FALSE;  // what is missing is told, not painted over
}

void start(Decoder& decoder) { jpeg_start_decompress(&decoder.jpeg); }

// Rows to read, straight to where they belong; rows of libjpeg's go into `scratch` where they are converted on the way.
struct Rows {
  Decoder& decoder;
  uint8_t* out;
  std::size_t stride;
  uint8_t* scratch = nullptr;
  void (*convert)(const jpeg_decompress_struct&, const uint8_t* from, uint8_t* to) = nullptr;
};

void read_rows(Rows& rows) {
  jpeg_decompress_struct& jpeg = rows.decoder.jpeg;
  while (jpeg.output_scanline < jpeg.output_height) {
    if (rows.convert != nullptr) {
      uint8_t* to = rows.out + jpeg.output_scanline * rows.stride;
      if (jpeg_read_scanlines(&jpeg, &rows.scratch, 1) == 1) rows.convert(jpeg, rows.scratch, to);
      continue;
    }
    JSAMPROW at[16];
    JDIMENSION count = 0;
    for (; count < 16 && jpeg.output_scanline + count < jpeg.output_height; ++count)
      at[count] = rows.out + (jpeg.output_scanline + count) * rows.stride;
    jpeg_read_scanlines(&jpeg, at, count);
  }
}

struct WideRows {
  Decoder& decoder;
  uint16_t* out;
  std::size_t stride;
};

void read_wide_rows(WideRows& rows) {
  jpeg_decompress_struct& jpeg = rows.decoder.jpeg;
  while (jpeg.output_scanline < jpeg.output_height) {
    uint16_t* to = rows.out + jpeg.output_scanline * rows.stride;
    if (jpeg.data_precision <= 12) {
      auto* row = reinterpret_cast<J12SAMPROW>(to);  // never negative
      jpeg12_read_scanlines(&jpeg, &row, 1);
    } else {
      J16SAMPROW row = to;
      jpeg16_read_scanlines(&jpeg, &row, 1);
    }
  }
}

// A component that no scan brought, or of which a progressive JPEG that ends early has not brought all.
void look_for_gaps(Decoder& decoder) {
  const jpeg_decompress_struct& jpeg = decoder.jpeg;
  bool whole = true;
  for (int c = 0; c < jpeg.num_components; ++c) {
    const jpeg_component_info& component = jpeg.comp_info[c];
    if (!component.component_needed) continue;
    if (jpeg.data_precision <= 12 && component.quant_table == nullptr && jpeg.coef_bits == nullptr &&
        decoder.guard.ended_early)
      whole = false;
    if (jpeg.coef_bits != nullptr && decoder.guard.ended_early)
      for (int k = 0; k < DCTSIZE2; ++k) whole = whole && jpeg.coef_bits[c][k] == 0;
  }
  if (!whole && decoder.guard.damage[0] == '\0') std::strcpy(decoder.guard.damage, "Premature end of JPEG file");
}

void finish(Decoder& decoder) {
  look_for_gaps(decoder);
  jpeg_finish_decompress(&decoder.jpeg);
}

uint8_t luma(int red, int green, int blue) {
  return static_cast<uint8_t>((19595 * red + 38470 * green + 7471 * blue + 32768) >> 16);
}

void first_component(const jpeg_decompress_struct& jpeg, const uint8_t* from, uint8_t* to) {
  for (JDIMENSION x = 0; x < jpeg.output_width; ++x) to[x] = from[x * jpeg.output_components];
}

void luma_of_rgb(const jpeg_decompress_struct& jpeg, const uint8_t* from, uint8_t* to) {
  for (JDIMENSION x = 0; x < jpeg.output_width; ++x, from += 3) to[x] = luma(from[0], from[1], from[2]);
}

// Inks on white. Adobe stores them inverted, as light that they let through.
void luma_of_cmyk(const jpeg_decompress_struct& jpeg, const uint8_t* from, uint8_t* to) {
  const int flip = jpeg.saw_Adobe_marker ? 0 : 255;
  for (JDIMENSION x = 0; x < jpeg.output_width; ++x, from += 4) {
    const int black = from[3] ^ flip;
    int light[3];
    for (int c = 0; c < 3; ++c) light[c] = (from[c] ^ flip) * black * 257 >> 16;  // / 255, as FFmpeg has it
    to[x] = luma(light[0], light[1], light[2]);
  }
}

// What libjpeg shall give so that luma comes of it, and how: null where it is luma already. It converts nothing of what is
// lossless.
auto choose_luma(jpeg_decompress_struct& jpeg, bool lossless) -> decltype(Rows::convert) {
  switch (jpeg.jpeg_color_space) {
    case JCS_CMYK:
    case JCS_YCCK: jpeg.out_color_space = JCS_CMYK; return luma_of_cmyk;
    case JCS_GRAYSCALE: jpeg.out_color_space = JCS_GRAYSCALE; return nullptr;
    case JCS_YCbCr:
      jpeg.out_color_space = lossless ? JCS_YCbCr : JCS_GRAYSCALE;
      return lossless ? first_component : nullptr;
    case JCS_RGB: jpeg.out_color_space = lossless ? JCS_RGB : JCS_GRAYSCALE; return lossless ? luma_of_rgb : nullptr;
    default: jpeg.out_color_space = jpeg.jpeg_color_space; return first_component;
  }
}

const char* name_of(J_COLOR_SPACE space) {
  switch (space) {
    case JCS_GRAYSCALE: return "grey";
    case JCS_RGB: return "rgb";
    case JCS_YCbCr: return "ycc";
    case JCS_CMYK: return "cmyk";
    case JCS_YCCK: return "ycck";
    default: return "unknown";
  }
}

// A decoder that is freed at the end of its scope.
struct Scope {
  Decoder decoder;
  explicit Scope(const Cancel& cancel) {
    decoder.cancel = &cancel;
    set_up(decoder.jpeg, decoder.guard);
  }
  ~Scope() { jpeg_destroy_decompress(&decoder.jpeg); }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
};

std::string precision_refused(int bits) {
  return "its samples have " + std::to_string(bits) + " bits, where luma is read of 8";
}

// The samples of a decoder that has started, as luma.
bool read_luma(Decoder& decoder, decltype(Rows::convert) convert, const Plane& out) {
  std::vector<uint8_t> scratch;
  if (convert != nullptr) scratch.resize(std::size_t{out.width} * decoder.jpeg.output_components);
  Rows rows{decoder, out.data, out.stride, scratch.data(), convert};
  return guarded(decoder.guard, read_rows, rows) && guarded(decoder.guard, finish, decoder);
}

}  // namespace

const char* jpeg_library() { return kLibrary + std::strlen("libjpeg-turbo "); }

JpegOutcome decode_luma(Bytes bytes, const std::vector<uint8_t>& tables, const Plane& out, const Cancel& cancel) {
  JpegHeader header;
  if (!read_header(bytes, header)) return {"its header is damaged", ""};
  Scope scope(cancel);
  Decoder& decoder = scope.decoder;
  Opening opening{decoder, bytes, {tables.data(), tables.size()}};
  if (!guarded(decoder.guard, open, opening)) return {decoder.guard.failure, ""};
  jpeg_decompress_struct& jpeg = decoder.jpeg;
  if (jpeg.data_precision != 8) return {precision_refused(jpeg.data_precision), ""};
  if (jpeg.image_width != out.width || jpeg.image_height != out.height) return {"it is of another size", ""};
  const auto convert = choose_luma(jpeg, header.lossless);
  if (!guarded(decoder.guard, start, decoder) || !read_luma(decoder, convert, out)) return {decoder.guard.failure, ""};
  return {"", decoder.guard.damage};
}

Status decode_image(Bytes bytes, Colour colour, const Cancel& cancel, JpegImage& image) {
  const auto refuse = [&](const std::string& why) {
    if (cancel.requested()) return Status::cancelled();
    return Status::error("IMAGE_UNREADABLE", "A JPEG that cannot be decoded: " + why + ".");
  };
  JpegHeader header;
  if (!read_header(bytes, header)) return refuse("its header is damaged, or promises more than its bytes can hold");
  Scope scope(cancel);
  Decoder& decoder = scope.decoder;
  Opening opening{decoder, bytes, {}};
  if (!guarded(decoder.guard, open, opening)) return refuse(decoder.guard.failure);
  jpeg_decompress_struct& jpeg = decoder.jpeg;
  const bool luma = colour == Colour::kLuma;
  if (luma && jpeg.data_precision != 8) return refuse(precision_refused(jpeg.data_precision));
  image.width = jpeg.image_width;
  image.height = jpeg.image_height;
  image.bits = jpeg.data_precision;
  image.components = luma ? 1 : jpeg.num_components;
  image.space = name_of(jpeg.jpeg_color_space);
  decltype(Rows::convert) convert = nullptr;
  if (luma) convert = choose_luma(jpeg, header.lossless);
  else jpeg.out_color_space = jpeg.jpeg_color_space;
  if (!guarded(decoder.guard, start, decoder)) return refuse(decoder.guard.failure);
  const std::size_t row = std::size_t{image.width} * image.components;
  bool read = false;
  if (image.bits <= 8) {
    image.pixels.resize(row * image.height);
    read = read_luma(decoder, convert, {image.pixels.data(), image.width, image.height, row});
  } else {
    image.wide.resize(row * image.height);
    WideRows rows{decoder, image.wide.data(), row};
    read = guarded(decoder.guard, read_wide_rows, rows) && guarded(decoder.guard, finish, decoder);
  }
  if (!read) return refuse(decoder.guard.failure);
  image.damage = decoder.guard.damage;
  return {};
}

namespace {

struct Encoder {
  jpeg_compress_struct jpeg{};
  Guard guard;
  const Picture* picture = nullptr;
  int quality = 0;
  unsigned char* out = nullptr;
  unsigned long size = 0;
};

void compress(Encoder& encoder) {
  const Picture& picture = *encoder.picture;
  jpeg_compress_struct& jpeg = encoder.jpeg;
  jpeg_create_compress(&jpeg);
  jpeg_mem_dest(&jpeg, &encoder.out, &encoder.size);
  jpeg.image_width = picture.width;
  jpeg.image_height = picture.height;
  jpeg.input_components = picture.channels;
  jpeg.in_color_space = picture.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, encoder.quality, TRUE);
  jpeg.dct_method = JDCT_ISLOW;
  for (int c = 0; c < jpeg.num_components; ++c) jpeg.comp_info[c].h_samp_factor = jpeg.comp_info[c].v_samp_factor = 1;
  jpeg_start_compress(&jpeg, TRUE);
  const std::size_t row = std::size_t{picture.width} * picture.channels;
  while (jpeg.next_scanline < jpeg.image_height) {
    auto* at = const_cast<JSAMPROW>(picture.pixels + jpeg.next_scanline * row);  // read only
    jpeg_write_scanlines(&jpeg, &at, 1);
  }
  jpeg_finish_compress(&jpeg);
}

Status encode_jpeg(const Picture& picture, int quality, std::vector<uint8_t>& jpeg) {
  Encoder encoder;
  encoder.picture = &picture;
  encoder.quality = quality;
  set_up(encoder.jpeg, encoder.guard);
  const bool done = guarded(encoder.guard, compress, encoder);
  if (done) jpeg.assign(encoder.out, encoder.out + encoder.size);
  jpeg_destroy_compress(&encoder.jpeg);
  std::free(encoder.out);
  if (!done) return Status::error("INTERNAL", std::string("A JPEG could not be made: ") + encoder.guard.failure + ".");
  return {};
}

}  // namespace

Status encode_jpegs(const Picture& first, std::size_t count, int quality, const Cancel& cancel,
                    std::vector<uint8_t>& jpegs, std::vector<double>& ends) {
  const std::size_t size = std::size_t{first.width} * first.height * first.channels;
  std::vector<std::vector<uint8_t>> each(count);
  std::vector<Status> failed(count);
  runtime::parallel_for(count, 0, [&](std::size_t i) {
    Picture picture = first;
    picture.pixels += i * size;
    failed[i] = cancel.requested() ? Status::cancelled() : encode_jpeg(picture, quality, each[i]);
  });
  for (const Status& status : failed)
    if (!status.ok()) return status;
  std::size_t bytes = 0;
  for (const auto& jpeg : each) bytes += jpeg.size();
  jpegs.clear();
  jpegs.reserve(bytes);
  ends.clear();
  for (const auto& jpeg : each) {
    jpegs.insert(jpegs.end(), jpeg.begin(), jpeg.end());
    ends.push_back(static_cast<double>(jpegs.size()));
  }
  return {};
}

}  // namespace infomotion::video
