// The formatting library, compiled here once: as headers alone each source that formats a text compiled it
// anew (measured: a quarter of its time). Debian has it as a shared library only, which would cost scalefit
// its start.
#include <fmt/format-inl.h>

FMT_BEGIN_NAMESPACE
namespace detail {
// What fmt/format.h declares as instantiated elsewhere.
template FMT_API auto thousands_sep_impl(locale_ref) -> thousands_sep_result<char>;
template FMT_API auto decimal_point_impl(locale_ref) -> char;
}  // namespace detail
FMT_END_NAMESPACE
