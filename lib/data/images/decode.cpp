#include "data/images/decode.h"

#include <csetjmp>
#include <cstdio>
#include <cstring>

#include <jpeglib.h>

#include <jerror.h>
#include <png.h>

#include "base/error.h"
#include "data/images/exif.h"

namespace frugal::data {
namespace {

constexpr std::int64_t most_pixels = std::int64_t{1} << 28;

[[noreturn]] void refuse(const std::string& origin, const std::string& message) {
  throw base::UserError(origin, message, "replace the file or take it out of the folder");
}

void check_size(std::int64_t width, std::int64_t height, const std::string& origin) {
  if (width <= 0 || height <= 0 || width > most_pixels / height) {
    refuse(origin,
           "an image of " + std::to_string(width) + "×" + std::to_string(height) + " pixels is too large");
  }
}

// A file of some bytes may say that it is an image of a gigabyte: its bytes must be able to hold it before
// memory is taken.
void check_held(double held, std::int64_t width, std::int64_t height, std::size_t bytes,
                const std::string& origin) {
  if (held >= 1) return;
  refuse(origin, "says " + std::to_string(width) + "×" + std::to_string(height) + " pixels, which its " +
                     std::to_string(bytes) + " bytes cannot hold");
}

// Interleaved rows to planes.
void to_planes(const std::vector<std::uint8_t>& rows, Decoded& out) {
  const std::int64_t area = out.height * out.width;
  if (out.channels == 1) {
    out.pixels = rows;
    return;
  }
  out.pixels.resize(rows.size());
  for (std::int64_t i = 0; i < area; ++i) {
    for (std::int64_t c = 0; c < out.channels; ++c) {
      out.pixels[static_cast<std::size_t>(c * area + i)] =
          rows[static_cast<std::size_t>(i * out.channels + c)];
    }
  }
}

// Everything that a jump may leave behind lives in one of these structs, made before setjmp and destroyed
// by its C++ owner afterwards.
struct PngState {
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::span<const std::uint8_t> bytes;
  std::size_t at = 0;
  char message[200] = "damaged PNG";
  png_uint_32 width = 0, height = 0;
  std::size_t packed_row = 0;  // bytes of a row as the file has it
  int channels = 0;
  bool has_alpha = false;
  std::vector<std::uint8_t> rows;
  std::vector<png_bytep> row_pointers;

  ~PngState() { png_destroy_read_struct(&png, &info, nullptr); }
};

void png_fail(png_structp png, png_const_charp message) {
  auto* state = static_cast<PngState*>(png_get_error_ptr(png));
  std::snprintf(state->message, sizeof state->message, "%s", message);
  longjmp(png_jmpbuf(png), 1);
}

void png_ignore(png_structp, png_const_charp) {}

void png_take(png_structp png, png_bytep out, std::size_t count) {
  auto* state = static_cast<PngState*>(png_get_io_ptr(png));
  if (count > state->bytes.size() - state->at) png_error(png, "truncated: the file ends early");
  std::memcpy(out, state->bytes.data() + state->at, count);
  state->at += count;
}

// The two halves that call libpng; each returns false after an error. No C++ object is created in them.
bool png_header(PngState& s, std::int64_t wanted_channels) {
  if (setjmp(png_jmpbuf(s.png))) return false;
  png_set_read_fn(s.png, &s, png_take);
  png_set_user_limits(s.png, 1u << 24, 1u << 24);
  png_read_info(s.png, s.info);
  const int color = png_get_color_type(s.png, s.info);
  const int depth = png_get_bit_depth(s.png, s.info);
  const bool transparent = png_get_valid(s.png, s.info, PNG_INFO_tRNS) != 0;
  s.width = png_get_image_width(s.png, s.info);
  s.height = png_get_image_height(s.png, s.info);
  s.packed_row = png_get_rowbytes(s.png, s.info);
  png_set_expand(s.png);  // palette to RGB, 1-4 bit grey to 8, tRNS to alpha
  if (depth == 16) png_set_scale_16(s.png);
  s.has_alpha = transparent || (color & PNG_COLOR_MASK_ALPHA) != 0;
  const bool grey = color == PNG_COLOR_TYPE_GRAY || color == PNG_COLOR_TYPE_GRAY_ALPHA;
  if (grey && wanted_channels == 3) png_set_gray_to_rgb(s.png);
  // libpng's fixed-point weights of BT.601, in 1/100,000.
  if (!grey && wanted_channels == 1) png_set_rgb_to_gray_fixed(s.png, PNG_ERROR_ACTION_NONE, 29900, 58700);
  png_set_interlace_handling(s.png);
  png_read_update_info(s.png, s.info);
  s.channels = png_get_channels(s.png, s.info);
  return true;
}

bool png_pixels(PngState& s) {
  if (setjmp(png_jmpbuf(s.png))) return false;
  png_read_image(s.png, s.row_pointers.data());
  png_read_end(s.png, nullptr);  // a file cut off in its last bytes is damaged too
  return true;
}

struct JpegState {
  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr errors{};
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX] = "damaged JPEG";
  std::vector<std::uint8_t> rows;

  ~JpegState() { jpeg_destroy_decompress(&jpeg); }
};

void jpeg_fail(j_common_ptr common) {
  auto* state = static_cast<JpegState*>(common->client_data);
  common->err->format_message(common, state->message);
  longjmp(state->jump, 1);
}

// libjpeg warns and fills with grey where a file ends early or its codes are wrong; training on that would
// go unnoticed. Its other warnings (bytes between markers, odd Adobe tags) are of files that show well.
void jpeg_remark(j_common_ptr common, int level) {
  const int code = common->err->msg_code;
  const bool damaged = code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE;
  if (level < 0 && damaged) jpeg_fail(common);
}
void jpeg_quiet(j_common_ptr) {}

bool jpeg_header(JpegState& s, std::span<const std::uint8_t> bytes, std::int64_t wanted_channels) {
  if (setjmp(s.jump)) return false;
  jpeg_create_decompress(&s.jpeg);
  s.jpeg.client_data = &s;
  jpeg_mem_src(&s.jpeg, bytes.data(), static_cast<unsigned long>(bytes.size()));
  jpeg_read_header(&s.jpeg, TRUE);
  const bool grey = s.jpeg.jpeg_color_space == JCS_GRAYSCALE;
  const bool four = s.jpeg.jpeg_color_space == JCS_CMYK || s.jpeg.jpeg_color_space == JCS_YCCK;
  s.jpeg.out_color_space = four                                                     ? JCS_CMYK
                           : wanted_channels == 1 || (wanted_channels == 0 && grey) ? JCS_GRAYSCALE
                                                                                    : JCS_RGB;
  // The accurate transform: the same pixels whatever the processor's vector units.
  s.jpeg.dct_method = JDCT_ISLOW;
  return true;
}

bool jpeg_pixels(JpegState& s, std::uint8_t* rows, std::size_t row_bytes) {
  if (setjmp(s.jump)) return false;
  jpeg_start_decompress(&s.jpeg);
  while (s.jpeg.output_scanline < s.jpeg.output_height) {
    JSAMPROW row = rows + s.jpeg.output_scanline * row_bytes;
    jpeg_read_scanlines(&s.jpeg, &row, 1);
  }
  jpeg_finish_decompress(&s.jpeg);
  return true;
}

// Print colours without a profile: Adobe's files hold them inverted, so that the product with black is RGB.
void cmyk_to_rgb(JpegState& s, std::int64_t wanted_channels, Decoded& out) {
  const unsigned flip = s.jpeg.saw_Adobe_marker ? 0 : 255;
  std::vector<std::uint8_t> rows;
  for (std::size_t at = 0; at + 3 < s.rows.size(); at += 4) {
    const unsigned black = s.rows[at + 3] ^ flip;
    unsigned rgb[3];
    for (std::size_t c = 0; c < 3; ++c) rgb[c] = ((s.rows[at + c] ^ flip) * black + 127) / 255;
    if (wanted_channels == 1) {
      rows.push_back(static_cast<std::uint8_t>((299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] + 500) / 1000));
    } else {
      for (unsigned value : rgb) rows.push_back(static_cast<std::uint8_t>(value));
    }
  }
  out.channels = wanted_channels == 1 ? 1 : 3;
  s.rows = std::move(rows);
}

}  // namespace

ImageKind image_kind(std::span<const std::uint8_t> bytes) {
  static constexpr std::uint8_t png_magic[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  if (bytes.size() >= 8 && std::memcmp(bytes.data(), png_magic, 8) == 0) return ImageKind::png;
  if (bytes.size() >= 3 && bytes[0] == 0xff && bytes[1] == 0xd8 && bytes[2] == 0xff) return ImageKind::jpeg;
  return ImageKind::other;
}

Decoded decode_png(std::span<const std::uint8_t> bytes, std::int64_t channels, const std::string& origin) {
  PngState s;
  s.bytes = bytes;
  s.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &s, png_fail, png_ignore);
  s.info = s.png ? png_create_info_struct(s.png) : nullptr;
  if (!s.info) throw base::Failure("libpng could not be started");
  const auto fail = [&] { refuse(origin, std::string("damaged PNG: ") + s.message); };
  if (!png_header(s, channels)) fail();
  check_size(s.width, s.height, origin);
  // Deflate makes of a byte 1,032 at most (two bits for 258 equal bytes).
  const double unpacked = 1032.0 * static_cast<double>(bytes.size());
  check_held(unpacked / (static_cast<double>(s.packed_row) * s.height), s.width, s.height, bytes.size(),
             origin);
  const std::size_t row_bytes = static_cast<std::size_t>(s.width) * static_cast<std::size_t>(s.channels);
  s.rows.resize(row_bytes * s.height);
  for (std::size_t y = 0; y < s.height; ++y) s.row_pointers.push_back(s.rows.data() + y * row_bytes);
  if (!png_pixels(s)) fail();

  Decoded out;
  out.height = s.height;
  out.width = s.width;
  out.channels = s.channels - (s.has_alpha ? 1 : 0);
  if (s.has_alpha) {
    std::vector<std::uint8_t> opaque;
    opaque.reserve(s.rows.size());
    const auto step = static_cast<std::size_t>(s.channels);
    for (std::size_t at = 0; at < s.rows.size(); at += step) {
      const unsigned alpha = s.rows[at + step - 1];
      for (std::size_t c = 0; c + 1 < step; ++c) {
        opaque.push_back(static_cast<std::uint8_t>((s.rows[at + c] * alpha + 127) / 255));
      }
    }
    s.rows = std::move(opaque);
  }
  to_planes(s.rows, out);
  return out;
}

Decoded decode_jpeg(std::span<const std::uint8_t> bytes, std::int64_t channels, const std::string& origin) {
  JpegState s;
  s.jpeg.err = jpeg_std_error(&s.errors);
  s.jpeg.client_data = &s;
  s.errors.error_exit = jpeg_fail;
  s.errors.emit_message = jpeg_remark;
  s.errors.output_message = jpeg_quiet;
  const auto fail = [&] { refuse(origin, std::string("damaged JPEG: ") + s.message); };
  if (!jpeg_header(s, bytes, channels)) fail();
  check_size(s.jpeg.image_width, s.jpeg.image_height, origin);
  // A block of 64 pixels of one component takes a bit of Huffman code at least; arithmetic codes have no such
  // bound, but equal blocks do not go below a hundredth of that.
  const double pixels = (s.jpeg.arith_code ? 100.0 : 1.0) * 64 * 8 * static_cast<double>(bytes.size());
  const double subsampled =
      s.jpeg.max_h_samp_factor * s.jpeg.max_v_samp_factor;  // of the components, one is whole
  check_held(pixels * subsampled / (static_cast<double>(s.jpeg.image_width) * s.jpeg.image_height),
             s.jpeg.image_width, s.jpeg.image_height, bytes.size(), origin);
  Decoded out;
  out.height = s.jpeg.image_height;
  out.width = s.jpeg.image_width;
  out.channels = s.jpeg.out_color_space == JCS_GRAYSCALE ? 1 : s.jpeg.out_color_space == JCS_CMYK ? 4 : 3;
  const std::size_t row_bytes = static_cast<std::size_t>(out.width * out.channels);
  s.rows.resize(row_bytes * static_cast<std::size_t>(out.height));
  if (!jpeg_pixels(s, s.rows.data(), row_bytes)) fail();
  if (out.channels == 4) cmyk_to_rgb(s, channels, out);
  to_planes(s.rows, out);
  return out;
}

Decoded decode_image(std::span<const std::uint8_t> bytes, std::int64_t channels, const std::string& origin) {
  const ImageKind kind = image_kind(bytes);
  if (kind == ImageKind::other) refuse(origin, "neither PNG nor JPEG");
  Decoded image =
      kind == ImageKind::png ? decode_png(bytes, channels, origin) : decode_jpeg(bytes, channels, origin);
  turn(image, exif_orientation(bytes));
  return image;
}

}  // namespace frugal::data
