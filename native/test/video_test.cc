#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

// After cstdio: it wants size_t and FILE.
#include <jpeglib.h>

#include "runtime/random.h"
#include "test.h"
#include "video/avi.h"
#include "video/clip.h"
#include "video/jpeg.h"

using namespace infomotion;
using namespace infomotion::runtime;
using namespace infomotion::video;

namespace {

const Cancel kNever;
using Blob = std::vector<uint8_t>;

Bytes bytes(const Blob& blob) { return {blob.data(), blob.size()}; }

struct Kind {
  const char* name;
  J_COLOR_SPACE space = JCS_YCbCr;
  int sampling[4][2] = {{1, 1}, {1, 1}, {1, 1}, {1, 1}};
  bool progressive = false;
  unsigned restart = 0;
  bool adobe = true;
  int width = 61, height = 45;
};

int components_of(J_COLOR_SPACE space) {
  return space == JCS_GRAYSCALE ? 1 : space == JCS_CMYK || space == JCS_YCCK ? 4 : 3;
}

// By libjpeg's own interface: smooth content with some noise, of any kind of JPEG.
Blob make_jpeg(const Kind& kind, uint32_t seed = 1, int quality = 92) {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr handlers{};
  jpeg.err = jpeg_std_error(&handlers);
  jpeg_create_compress(&jpeg);
  unsigned char* out = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &out, &size);
  jpeg.image_width = kind.width;
  jpeg.image_height = kind.height;
  jpeg.input_components = components_of(kind.space);
  jpeg.in_color_space = kind.space;  // the samples are those of the file: nothing is converted
  jpeg_set_defaults(&jpeg);
  jpeg_set_colorspace(&jpeg, kind.space);
  if (!kind.adobe) jpeg.write_Adobe_marker = FALSE;
  jpeg_set_quality(&jpeg, quality, TRUE);
  for (int c = 0; c < jpeg.num_components; ++c) {
    jpeg.comp_info[c].h_samp_factor = kind.sampling[c][0];
    jpeg.comp_info[c].v_samp_factor = kind.sampling[c][1];
  }
  jpeg.restart_interval = kind.restart;
  if (kind.progressive) jpeg_simple_progression(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  Random random(seed);
  Blob row(static_cast<std::size_t>(kind.width) * jpeg.input_components);
  for (int y = 0; y < kind.height; ++y) {
    for (int x = 0; x < kind.width; ++x)
      for (int c = 0; c < jpeg.input_components; ++c)
        row[x * jpeg.input_components + c] = static_cast<uint8_t>(
            128 + 90 * std::sin((x + 7 * c + seed) / 5.0) * std::cos(y / (4.0 + c)) + random.below(30));
    JSAMPROW at = row.data();
    jpeg_write_scanlines(&jpeg, &at, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  Blob blob(out, out + size);
  std::free(out);
  return blob;
}

// Luma by the plainest use of libjpeg; of CMYK by definition, in real numbers.
std::vector<double> plain_luma(const Blob& blob) {
  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr handlers{};
  jpeg.err = jpeg_std_error(&handlers);
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, blob.data(), blob.size());
  jpeg_read_header(&jpeg, TRUE);
  const bool inks = jpeg.num_components == 4;
  jpeg.out_color_space = inks ? JCS_CMYK : JCS_GRAYSCALE;
  jpeg.dct_method = JDCT_ISLOW;
  jpeg_start_decompress(&jpeg);
  std::vector<double> luma;
  Blob row(static_cast<std::size_t>(jpeg.output_width) * jpeg.output_components);
  JSAMPROW at = row.data();
  while (jpeg.output_scanline < jpeg.output_height) {
    jpeg_read_scanlines(&jpeg, &at, 1);
    for (JDIMENSION x = 0; x < jpeg.output_width; ++x) {
      if (!inks) {
        luma.push_back(row[x]);
        continue;
      }
      double light[4];
      for (int c = 0; c < 4; ++c) light[c] = jpeg.saw_Adobe_marker ? row[4 * x + c] : 255 - row[4 * x + c];
      luma.push_back((0.299 * light[0] + 0.587 * light[1] + 0.114 * light[2]) * light[3] / 255);
    }
  }
  jpeg_finish_decompress(&jpeg);
  jpeg_destroy_decompress(&jpeg);
  return luma;
}

double apart(const Blob& found, const std::vector<double>& expected) {
  if (found.size() != expected.size()) return 1e9;
  double most = 0;
  for (std::size_t i = 0; i < found.size(); ++i) most = std::max(most, std::fabs(found[i] - expected[i]));
  return most;
}

const Kind kKinds[] = {
    {"grey", JCS_GRAYSCALE},
    {"grey, 2x2", JCS_GRAYSCALE, {{2, 2}}},
    {"4:4:4"},
    {"4:2:2", JCS_YCbCr, {{2, 1}, {1, 1}, {1, 1}}},
    {"4:2:0", JCS_YCbCr, {{2, 2}, {1, 1}, {1, 1}}},
    {"4:4:0", JCS_YCbCr, {{1, 2}, {1, 1}, {1, 1}}},
    {"4:1:1", JCS_YCbCr, {{4, 1}, {1, 1}, {1, 1}}},
    {"1x4", JCS_YCbCr, {{1, 4}, {1, 1}, {1, 1}}},
    {"4x2", JCS_YCbCr, {{4, 2}, {1, 1}, {1, 1}}},
    {"3x1", JCS_YCbCr, {{3, 1}, {1, 1}, {1, 1}}},
    {"2x1 of all", JCS_YCbCr, {{2, 1}, {2, 1}, {2, 1}}},
    {"4:2:2 as 2x2, 1x2, 1x2", JCS_YCbCr, {{2, 2}, {1, 2}, {1, 2}}},
    {"luma at half", JCS_YCbCr, {{1, 1}, {2, 2}, {2, 1}}},
    {"progressive 4:2:0", JCS_YCbCr, {{2, 2}, {1, 1}, {1, 1}}, true},
    {"progressive grey", JCS_GRAYSCALE, {{1, 1}}, true},
    {"restarts", JCS_YCbCr, {{2, 1}, {1, 1}, {1, 1}}, false, 2},
    {"RGB", JCS_RGB},
    {"RGB 2x2, 1x1, 1x1", JCS_RGB, {{2, 2}, {1, 1}, {1, 1}}},
    {"CMYK of Adobe", JCS_CMYK},
    {"CMYK", JCS_CMYK, {{1, 1}, {1, 1}, {1, 1}, {1, 1}}, false, 0, false},
    {"YCCK", JCS_YCCK, {{2, 2}, {1, 1}, {1, 1}, {2, 2}}},
    {"1 x 1", JCS_YCbCr, {{2, 2}, {1, 1}, {1, 1}}, false, 0, true, 1, 1},
    {"1 x 300", JCS_YCbCr, {{2, 2}, {1, 1}, {1, 1}}, false, 0, true, 1, 300},
};

JpegOutcome decode(const Blob& jpeg, const Kind& kind, Blob& out, const Blob& tables = {}) {
  out.assign(static_cast<std::size_t>(kind.width) * kind.height, 0);
  const Plane plane{out.data(), static_cast<uint32_t>(kind.width), static_cast<uint32_t>(kind.height),
                    static_cast<std::size_t>(kind.width)};
  return decode_luma(bytes(jpeg), tables, plane, kNever);
}

Blob inserted(const Blob& blob, std::size_t at, const Blob& more) {
  Blob changed = blob;
  changed.insert(changed.begin() + static_cast<std::ptrdiff_t>(at), more.begin(), more.end());
  return changed;
}

std::size_t find(const Blob& blob, uint8_t marker) {
  for (std::size_t at = 2; at + 1 < blob.size(); ++at)
    if (blob[at] == 0xff && blob[at + 1] == marker) return at;
  return blob.size();
}

// Without the segments of a marker.
Blob without(const Blob& blob, uint8_t marker) {
  Blob changed(blob.begin(), blob.begin() + 2);
  std::size_t at = 2;
  while (blob[at + 1] != 0xda) {
    const std::size_t length = 2 + (blob[at + 2] << 8 | blob[at + 3]);
    if (blob[at + 1] != marker) changed.insert(changed.end(), blob.begin() + at, blob.begin() + at + length);
    at += length;
  }
  changed.insert(changed.end(), blob.begin() + at, blob.end());
  return changed;
}

Blob segment(uint8_t marker, const std::string& body) {
  Blob blob{0xff, marker, static_cast<uint8_t>((body.size() + 2) >> 8), static_cast<uint8_t>(body.size() + 2)};
  blob.insert(blob.end(), body.begin(), body.end());
  return blob;
}

void add_word(Blob& blob, uint32_t word) {
  for (int i = 0; i < 4; ++i) blob.push_back(static_cast<uint8_t>(word >> 8 * i));
}

Blob chunk(const char* name, const Blob& body) {
  Blob blob(name, name + 4);
  add_word(blob, static_cast<uint32_t>(body.size()));
  blob.insert(blob.end(), body.begin(), body.end());
  if (body.size() % 2) blob.push_back(0);
  return blob;
}

Blob joined(const std::vector<Blob>& parts) {
  Blob blob;
  for (const Blob& part : parts) blob.insert(blob.end(), part.begin(), part.end());
  return blob;
}

Blob text(const char* letters) { return {letters, letters + std::strlen(letters)}; }

// An AVI of 25 fps with those chunks.
Blob make_avi(const std::vector<Blob>& chunks, uint32_t width, uint32_t height, const char* codec = "MJPG") {
  Blob avih, strh = text("vidsMJPG"), strf;
  for (const uint32_t word : {40000u, 0u, 0u, 0u, static_cast<uint32_t>(chunks.size()), 0u, 1u, 0u, width, height})
    add_word(avih, word);
  for (const uint32_t word : {0u, 0u, 0u, 1u, 25u, 0u}) add_word(strh, word);
  for (const uint32_t word : {40u, width, height, 1u}) add_word(strf, word);
  strf = joined({strf, text(codec)});
  const Blob headers = joined({text("hdrl"), chunk("avih", avih),
                               chunk("LIST", joined({text("strl"), chunk("strh", strh), chunk("strf", strf)}))});
  return joined({text("RIFF"), Blob(4), text("AVI "), chunk("LIST", headers),
                 chunk("LIST", joined({text("movi"), joined(chunks)}))});
}

struct Clip {
  Avi avi;
  ClipSurvey survey;
  Blob frames, states;
  std::size_t size() const { return std::size_t{survey.layout.width} * survey.layout.height; }
  Blob frame(std::size_t i) const { return Blob(frames.begin() + i * size(), frames.begin() + (i + 1) * size()); }
};

Clip read_clip(const Blob& file) {
  Clip clip;
  CHECK(walk_avi(bytes(file), kNever, clip.avi).ok());
  CHECK(survey_clip(bytes(file), clip.avi, kNever, clip.survey).ok());
  clip.frames.resize(clip.avi.chunks.size() / clip.survey.layout.chunks * clip.size());
  CHECK(decode_clip(bytes(file), clip.avi.chunks, clip.survey.layout, kNever, clip.frames.data(), clip.states).ok());
  return clip;
}

Blob whole(const Blob& jpeg) {
  JpegHeader header;
  CHECK(read_header(bytes(jpeg), header));
  Blob out(std::size_t{header.width} * header.height);
  CHECK(decode_luma(bytes(jpeg), {}, {out.data(), header.width, header.height, header.width}, kNever).whole());
  return out;
}

}  // namespace

TEST("video: JPEGs of every kind are decoded as libjpeg's accurate DCT has them") {
  for (const Kind& kind : kKinds) {
    const Blob jpeg = make_jpeg(kind);
    Blob luma;
    const JpegOutcome outcome = decode(jpeg, kind, luma);
    const double limit = components_of(kind.space) == 4 ? 1.5 : 0;
    if (!outcome.whole() || apart(luma, plain_luma(jpeg)) > limit)
      test::fail(__FILE__, __LINE__, std::string(kind.name) + ": " + outcome.failure + outcome.damage);
    JpegImage image;
    CHECK(decode_image(bytes(jpeg), Colour::kLuma, kNever, image).ok() && image.pixels == luma && image.damage.empty());
  }
}

TEST("video: components as they are stored") {
  for (const Kind& kind : kKinds) {
    JpegImage image;
    const Blob jpeg = make_jpeg(kind, 1, 100);
    const Status status = decode_image(bytes(jpeg), Colour::kStored, kNever, image);
    if (!status.ok()) test::fail(__FILE__, __LINE__, std::string(kind.name) + ": " + status.message);
    CHECK(image.components == components_of(kind.space) && image.bits == 8 && image.damage.empty());
    CHECK(image.pixels.size() == static_cast<std::size_t>(kind.width) * kind.height * image.components);
    const char* space = kind.space == JCS_GRAYSCALE ? "grey"
                        : kind.space == JCS_RGB     ? "rgb"
                        : kind.space == JCS_CMYK    ? "cmyk"
                        : kind.space == JCS_YCCK    ? "ycck"
                                                    : "ycc";
    CHECK(image.space == space);
  }
}

TEST("video: more than 8 bits a sample, of a DCT and without loss") {
  for (const int bits : {12, 14, 16}) {
    jpeg_compress_struct jpeg{};
    jpeg_error_mgr handlers{};
    jpeg.err = jpeg_std_error(&handlers);
    jpeg_create_compress(&jpeg);
    unsigned char* out = nullptr;
    unsigned long size = 0;
    jpeg_mem_dest(&jpeg, &out, &size);
    jpeg.image_width = 40;
    jpeg.image_height = 30;
    jpeg.input_components = 1;
    jpeg.in_color_space = JCS_GRAYSCALE;
    jpeg.data_precision = bits;
    jpeg_set_defaults(&jpeg);
    if (bits > 12) jpeg_enable_lossless(&jpeg, 1, 0);
    else jpeg_set_quality(&jpeg, 100, TRUE);
    jpeg_start_compress(&jpeg, TRUE);
    std::vector<uint16_t> samples(40 * 30);
    for (std::size_t i = 0; i < samples.size(); ++i)
      samples[i] = static_cast<uint16_t>((i % 40 * 1601 + i / 40 * 97) % (1 << bits) / 3);
    for (int y = 0; y < 30; ++y) {
      auto* row = samples.data() + 40 * y;
      auto* signed_row = reinterpret_cast<short*>(row);
      if (bits > 12) jpeg16_write_scanlines(&jpeg, &row, 1);
      else jpeg12_write_scanlines(&jpeg, &signed_row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    JpegImage image;
    CHECK(decode_image({out, size}, Colour::kStored, kNever, image).ok() && image.bits == bits && image.damage.empty());
    int most = image.wide.size() == samples.size() ? 0 : 99;
    for (std::size_t i = 0; i < image.wide.size(); ++i) most = std::max(most, std::abs(image.wide[i] - samples[i]));
    CHECK(most <= (bits > 12 ? 0 : 4));
    CHECK(decode_image({out, size}, Colour::kLuma, kNever, image).code == "IMAGE_UNREADABLE");
    std::free(out);
  }
}

TEST("video: what libjpeg only warns of is no damage") {
  for (const Kind& kind : {kKinds[0], kKinds[4], kKinds[15]}) {
    const Blob jpeg = make_jpeg(kind);
    Blob expected;
    CHECK(decode(jpeg, kind, expected).whole());
    const std::size_t scan = find(jpeg, 0xda);
    Blob odd_scan = jpeg;
    const std::size_t parameters = scan + 2 + (jpeg[scan + 2] << 8 | jpeg[scan + 3]) - 3;
    odd_scan[parameters + 1] = 0;
    const std::pair<const char*, Blob> harmless[] = {
        {"no end", Blob(jpeg.begin(), jpeg.end() - 2)},
        {"half an end", Blob(jpeg.begin(), jpeg.end() - 1)},
        {"bytes before the end", inserted(jpeg, jpeg.size() - 2, {0x12, 0x34, 0x56})},
        {"more bytes before the end", inserted(jpeg, jpeg.size() - 2, Blob(12, 0x5a))},
        {"zeros behind the end", joined({jpeg, Blob(100)})},
        {"bytes between segments", inserted(jpeg, find(jpeg, 0xdb), Blob(40, 0x77))},
        {"fill bytes", inserted(jpeg, find(jpeg, 0xc4), Blob(5, 0xff))},
        {"odd parameters of a scan", odd_scan},
        {"no Huffman tables", without(jpeg, 0xc4)},
        {"a comment", inserted(jpeg, 2, segment(0xfe, "a comment"))},
        {"a broken ICC profile", inserted(jpeg, 2, segment(0xe2, std::string("ICC_PROFILE\0\x09\x02", 14)))},
        {"an Exif of nonsense", inserted(jpeg, 2, segment(0xe1, std::string("Exif\0\0MM\xff\xd8\xff\xd9", 12)))},
    };
    for (const auto& [name, changed] : harmless) {
      Blob luma;
      const JpegOutcome outcome = decode(changed, kind, luma);
      if (!outcome.whole() || luma != expected)
        test::fail(__FILE__, __LINE__, std::string(kind.name) + ", " + name + ": " + outcome.failure + outcome.damage);
    }
  }
}

TEST("video: a JPEG cut anywhere is whole only where nothing of the image is missing") {
  for (const Kind& kind : {kKinds[0], kKinds[4], kKinds[13], kKinds[15], kKinds[18]}) {
    const Blob jpeg = make_jpeg(kind);
    Blob expected;
    CHECK(decode(jpeg, kind, expected).whole());
    std::size_t complete = 0;
    for (std::size_t length = 0; length < jpeg.size(); ++length) {
      Blob luma;
      const Blob cut(jpeg.begin(), jpeg.begin() + static_cast<std::ptrdiff_t>(length));
      if (!decode(cut, kind, luma).whole()) continue;
      ++complete;
      CHECK(luma == expected && length + 12 >= jpeg.size());
    }
    CHECK(complete >= 1);
  }
}

TEST("video: bits of the image that flip are damage, or hardly seen") {
  const Kind kind = kKinds[0];
  const Blob jpeg = make_jpeg(kind);
  Blob expected;
  CHECK(decode(jpeg, kind, expected).whole());
  Random random(5);
  int damaged = 0;
  const std::size_t begin = find(jpeg, 0xda) + 10;
  for (int i = 0; i < 400; ++i) {
    Blob flipped = jpeg;
    flipped[begin + random.below(static_cast<uint32_t>(jpeg.size() - 2 - begin))] ^= 1 << random.below(8);
    Blob luma;
    damaged += decode(flipped, kind, luma).whole() ? 0 : 1;
  }
  CHECK(damaged >= 100);  // a code of the same length in place of another cannot be told from a picture
}

TEST("video: what is not decoded is named") {
  const Kind kind = kKinds[0];
  const Blob jpeg = make_jpeg(kind);
  const auto refused = [&](const Blob& bad, const char* why) {
    Blob luma;
    const JpegOutcome outcome = decode(bad, kind, luma);
    if (outcome.failure.find(why) == std::string::npos) test::fail(__FILE__, __LINE__, why + (": " + outcome.failure));
  };
  const std::size_t frame = find(jpeg, 0xc0);
  Blob arithmetic = jpeg;
  arithmetic[frame + 1] = 0xc9;
  refused(arithmetic, "arithmetic");
  Blob wide = jpeg;
  wide[frame + 1] = 0xc1;
  wide[frame + 4] = 12;
  refused(wide, "12 bits");
  Blob other = jpeg;
  other[frame + 6] += 1;
  refused(other, "another size");
  Blob lie = jpeg;
  lie[frame + 5] = lie[frame + 7] = 0x3e;
  refused(lie, "header");
  refused({0xff, 0xd8, 0xff, 0xd9}, "header");
  Blob scans = make_jpeg(kKinds[14]);
  const std::size_t last = find(scans, 0xda);
  Blob scan(scans.begin() + last, scans.begin() + last + 10);
  Blob many(scans.begin(), scans.begin() + last);
  many = joined({many, scan});
  for (int i = 0; i < 200; ++i) many = joined({many, scan});
  refused(many, "scans");
  Cancel cancel;
  cancel.request();
  JpegImage image;
  CHECK(decode_image(bytes(scans), Colour::kLuma, cancel, image).code == "ABORTED");
  CHECK(decode_image(bytes(arithmetic), Colour::kLuma, kNever, image).code == "IMAGE_UNREADABLE");
}

TEST("video: chunks of every name, in lists, with rubbish between") {
  const Kind kind = kKinds[4];
  const Blob jpeg = make_jpeg(kind);
  const Blob luma = whole(jpeg);
  for (const char* name : {"00dc", "00db", "00__", "00dx", "00iv", "00AM"}) {
    const Clip clip = read_clip(make_avi({chunk(name, jpeg), chunk("JUNK", Blob(33, 0xff)), chunk("ix00", Blob(24)),
                                          chunk("00ix", Blob(24)), chunk("00pc", Blob(8)), chunk("01wb", jpeg),
                                          chunk("LIST", joined({text("rec "), chunk(name, jpeg)})), chunk(name, jpeg)},
                                         61, 45));
    CHECK(clip.avi.chunks.size() == 3 && clip.avi.fps == 25 && clip.avi.codec == "MJPG" && clip.avi.resyncs == 0);
    for (std::size_t i = 0; i < 3; ++i) CHECK(clip.states[i] == kGood && clip.frame(i) == luma);
  }
}

TEST("video: two fields make a frame") {
  const Kind kind{"field", JCS_GRAYSCALE, {{1, 1}}, false, 0, true, 64, 24};
  const Blob first = make_jpeg(kind, 1);
  const Blob second = make_jpeg(kind, 9);
  const Blob lines[2] = {whole(first), whole(second)};
  const auto expect = [&](const Clip& clip, bool even_first) {
    CHECK(clip.survey.layout.height == 48 && clip.survey.layout.woven && clip.states == Blob(2, kGood));
    for (std::size_t y = 0; y < 48; ++y) {
      const Blob& field = lines[(y % 2 == 1) == even_first ? 0 : 1];
      CHECK(std::equal(field.begin() + y / 2 * 64, field.begin() + (y / 2 + 1) * 64, clip.frames.begin() + y * 64));
    }
  };
  const Blob pair = joined({first, Blob(7), second});
  const std::vector<Blob> together = {chunk("00dc", pair), chunk("00dc", pair)};
  const std::vector<Blob> apart = {chunk("00dc", first), chunk("00dc", second), chunk("00dc", first),
                                   chunk("00dc", second)};
  expect(read_clip(make_avi(together, 64, 48)), true);
  expect(read_clip(make_avi(together, 64, 48, "dmb1")), false);
  expect(read_clip(make_avi(apart, 64, 48)), true);
  const std::string avi1("AVI1\0\0\0\0\0\0\0\0\0\0", 14);
  const auto marked = [&](const Blob& jpeg, char polarity) {
    std::string body = avi1;
    body[4] = polarity;
    return inserted(without(jpeg, 0xe0), 2, segment(0xe0, body));
  };
  const Blob said = joined({marked(first, 1), marked(second, 2)});
  expect(read_clip(make_avi({chunk("00dc", said), chunk("00dc", said)}, 64, 24)),
         true);  // the header has a field's height
  // One of which the second field is damaged is damaged; headers that lie by much are no fields.
  const Blob cut(pair.begin(), pair.end() - 60);
  CHECK(read_clip(make_avi({chunk("00dc", pair), chunk("00dc", cut)}, 64, 48)).states == (Blob{kGood, kDamaged}));
  CHECK(!read_clip(make_avi(apart, 64, 4000)).survey.layout.woven);
  CHECK(!read_clip(make_avi(apart, 64, 0x7fffffff)).survey.layout.woven);
  CHECK(!read_clip(make_avi(apart, 64, 24)).survey.layout.woven);
  // A picture of 49 lines: one field has 25, the other 24, of which the last is there twice.
  const Blob tall = make_jpeg({"field", JCS_GRAYSCALE, {{1, 1}}, false, 0, true, 64, 25}, 1);
  const Blob odd = joined({tall, second});
  for (const auto& chunks :
       {std::vector<Blob>{chunk("00dc", odd), chunk("00dc", odd)},
        {chunk("00dc", tall), chunk("00dc", second), chunk("00dc", tall), chunk("00dc", second)}}) {
    const Clip clip = read_clip(make_avi(chunks, 64, 49, "dmb1"));
    CHECK(clip.survey.layout.height == 50 && clip.states == Blob(2, kGood));
    const Blob fields[2] = {whole(tall), lines[1]};
    for (std::size_t y = 0; y < 50; ++y) {
      const Blob& field = fields[y % 2];
      const std::size_t line = std::min<std::size_t>(y / 2, y % 2 == 1 ? 23 : 24);
      CHECK(std::equal(field.begin() + line * 64, field.begin() + (line + 1) * 64, clip.frames.begin() + y * 64));
    }
  }
}

TEST(
    "video: limited range is expanded, Intel's upside-down frames are turned, tables are borrowed from frames before") {
  const Kind kind = kKinds[4];
  const Blob jpeg = make_jpeg(kind);
  const Blob luma = whole(jpeg);
  const Clip limited = read_clip(make_avi({chunk("00dc", inserted(jpeg, 2, segment(0xfe, "CS=ITU601")))}, 61, 45));
  for (std::size_t i = 0; i < luma.size(); ++i)
    CHECK(limited.frames[i] == std::clamp(std::lround((luma[i] - 16) * 255.0 / 219), 0L, 255L));
  const Clip turned = read_clip(
      make_avi({chunk("00dc", inserted(jpeg, 2, segment(0xfe, "Intel(R) JPEG Library, version 1,5,4,36")))}, 61, 45));
  for (std::size_t y = 0; y < 45; ++y)
    CHECK(std::equal(luma.begin() + y * 61, luma.begin() + (y + 1) * 61, turned.frames.begin() + (44 - y) * 61));
  const Blob bare = without(without(jpeg, 0xdb), 0xc4);
  const Clip borrowed = read_clip(
      make_avi({chunk("00dc", jpeg), chunk("00dc", bare), chunk("00dc", Blob()), chunk("00dc", bare)}, 61, 45));
  CHECK((borrowed.states == Blob{kGood, kGood, kRepeated, kGood}));
  for (std::size_t i = 0; i < 4; ++i) CHECK(borrowed.frame(i) == luma);
  CHECK(read_clip(make_avi({chunk("00dc", bare), chunk("00dc", jpeg)}, 61, 45)).states == (Blob{kDamaged, kGood}));
}

TEST("video: a damaged frame is replaced by the good one before it, the first ones by the first good one") {
  const Kind kind = kKinds[0];
  const Blob jpegs[] = {make_jpeg(kind, 1), make_jpeg(kind, 2)};
  Blob cut = jpegs[0];
  cut.resize(cut.size() - 200);
  const Clip clip = read_clip(make_avi(
      {chunk("00dc", cut), chunk("00dc", jpegs[0]), chunk("00dc", cut), chunk("00dc", jpegs[1]), chunk("00dc", Blob())},
      61, 45));
  CHECK((clip.states == Blob{kDamaged, kGood, kDamaged, kGood, kRepeated}));
  const Blob lumas[] = {whole(jpegs[0]), whole(jpegs[1])};
  for (std::size_t i = 0; i < 5; ++i) CHECK(clip.frame(i) == lumas[i / 3]);
}

TEST("video: a walk through any bytes ends, inside the file") {
  Random random(3);
  const Kind kind = kKinds[0];
  const Blob good = make_avi({chunk("00dc", make_jpeg(kind)), chunk("00dc", make_jpeg(kind, 2))}, 61, 45);
  for (int i = 0; i < 300; ++i) {
    Blob bad = good;
    for (uint32_t flips = 1 + random.below(30); flips > 0; --flips)
      bad[random.below(static_cast<uint32_t>(bad.size()))] = static_cast<uint8_t>(random.below(256));
    bad.resize(bad.size() - random.below(static_cast<uint32_t>(bad.size())));
    read_clip(bad);
  }
}

TEST("video: pictures are compressed in order, as well as libjpeg's accurate DCT can, for any number of them") {
  const uint32_t width = 64, height = 48;
  Blob pixels(5 * width * height * 3);
  for (std::size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = static_cast<uint8_t>(128 + 100 * std::sin(static_cast<double>(i % (width * 3)) / 20) *
                                               std::cos(static_cast<double>(i / (width * 3)) / 9));
  for (const int channels : {1, 3}) {
    Blob jpegs;
    std::vector<double> ends;
    CHECK(encode_jpegs({pixels.data(), width, height, channels}, 5, 100, kNever, jpegs, ends).ok());
    CHECK(ends.size() == 5 && ends.back() == static_cast<double>(jpegs.size()));
    for (std::size_t i = 0; i < 5; ++i) {
      const auto start = static_cast<std::size_t>(i > 0 ? ends[i - 1] : 0);
      const Bytes jpeg{jpegs.data() + start, static_cast<std::size_t>(ends[i]) - start};
      JpegImage image;
      CHECK(decode_image(jpeg, Colour::kStored, kNever, image).ok() && image.components == channels &&
            image.damage.empty());
      CHECK(image.width == width && image.height == height);
      int most = 0;
      for (std::size_t p = 0; channels == 1 && p < image.pixels.size(); ++p)
        most = std::max(most, std::abs(image.pixels[p] - pixels[i * width * height + p]));
      CHECK(most <= 1);
    }
  }
  Cancel cancel;
  cancel.request();
  Blob jpegs;
  std::vector<double> ends;
  CHECK(encode_jpegs({pixels.data(), width, height, 1}, 5, 90, cancel, jpegs, ends).code == "ABORTED");
}
