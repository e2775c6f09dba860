#include "fit/runs/text_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "base/error.h"

namespace frugal::fit {
namespace {

using base::UserError;

struct Format {
  std::string_view start;
  const char *name, *hint;
};

constexpr const char* save_as_csv =
    "save it as CSV: python -c \"import pandas; pandas.read_parquet('IN').to_csv('OUT.csv')\"";
constexpr Format formats[] = {
    {"PAR1", "a Parquet file", save_as_csv},
    {"ARROW1", "an Arrow (Feather) file", "save it as CSV: pandas.read_feather('IN').to_csv('OUT.csv')"},
    {"\x1f\x8b", "compressed with gzip", "gzip -dc FILE | scalefit fit -"},
    {"\x28\xb5\x2f\xfd", "compressed with zstd", "zstd -dc FILE | scalefit fit -"},
    {"\xfd"
     "7zXZ",
     "compressed with xz", "xz -dc FILE | scalefit fit -"},
    {"BZh", "compressed with bzip2", "bzip2 -dc FILE | scalefit fit -"},
    {"PK\x03\x04", "a ZIP archive or an Excel workbook (.xlsx)",
     "save the sheet as CSV, or unpack the archive"},
    {"\xd0\xcf\x11\xe0", "an Excel workbook (.xls)", "save the sheet as CSV"},
    {"SQLite format 3", "an SQLite data base", "sqlite3 -csv -header FILE 'SELECT * FROM TABLE' > runs.csv"},
    {"\x89HDF", "an HDF5 file", "save its table as CSV"},
    {"\x93NUMPY", "a NumPy array", "save it as CSV with a header line: numpy.savetxt(…, header=…)"},
    {"%PDF", "a PDF", "CSV or JSON lines are read"},
    {"\x80\x04", "a Python pickle", "save it as CSV: pandas.read_pickle('IN').to_csv('OUT.csv')"},
    {"\x80\x05", "a Python pickle", "save it as CSV: pandas.read_pickle('IN').to_csv('OUT.csv')"},
};

void append_utf8(std::string& out, std::uint32_t code) {
  const auto byte = [&out](std::uint32_t value) { out += static_cast<char>(value); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0 | code >> 6);
    byte(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    byte(0xE0 | code >> 12);
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  } else {
    byte(0xF0 | code >> 18);
    byte(0x80 | (code >> 12 & 0x3F));
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  }
}

std::string from_utf16(std::string_view bytes, bool big_endian, const std::string& file) {
  if (bytes.size() % 2 != 0)
    throw UserError(file, "is UTF-16 with half a character at its end", "is the file whole?");
  const auto unit = [&](std::size_t i) {
    const auto first = static_cast<std::uint8_t>(bytes[i]), second = static_cast<std::uint8_t>(bytes[i + 1]);
    return static_cast<std::uint32_t>(big_endian ? first << 8 | second : second << 8 | first);
  };
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    std::uint32_t code = unit(i);
    if (code >= 0xD800 && code < 0xDC00 && i + 3 < bytes.size()) {
      code = 0x10000 + ((code - 0xD800) << 10) + (unit(i + 2) - 0xDC00);
      i += 2;
    }
    append_utf8(out, code);
  }
  return out;
}

// Text of two-byte characters without a mark: every second byte of its start is zero.
bool zero_at(std::string_view bytes, std::size_t odd) {
  const std::size_t look = std::min<std::size_t>(bytes.size(), 64) / 2 * 2;
  for (std::size_t i = odd; i < look; i += 2) {
    if (bytes[i] != 0) return false;
  }
  return look >= 4;
}

}  // namespace

std::string text_of(std::string bytes, const std::string& file) {
  const std::string_view view = bytes;
  if (view.starts_with(std::string_view("\xFF\xFE\0\0", 4)) ||
      view.starts_with(std::string_view("\0\0\xFE\xFF", 4)))
    throw UserError(file, "is UTF-32 text, which is not read", "iconv -f UTF-32 -t UTF-8 FILE > runs.csv");
  if (view.starts_with("\xFF\xFE") || view.starts_with("\xFE\xFF"))
    return from_utf16(view.substr(2), view[0] == '\xFE', file);
  for (const Format& format : formats) {
    if (view.starts_with(format.start))
      throw UserError(file, fmt::format("is {}, which is not read", format.name), format.hint);
  }
  if (file.find(".tfevents") != std::string::npos)
    throw UserError(file, "is a TensorBoard log, which is not read", "download its scalars as CSV");
  if (zero_at(view, 1)) return from_utf16(view, false, file);
  if (zero_at(view, 0)) return from_utf16(view, true, file);
  if (view.substr(0, 4096).find('\0') != std::string_view::npos)
    throw UserError(file, "is no text (it has bytes that are zero)", "CSV or JSON lines are read");
  return bytes;
}

}  // namespace frugal::fit
