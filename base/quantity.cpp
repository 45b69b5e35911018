#include "base/quantity.h"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "base/suggest.h"
#include "base/text.h"

namespace stagecraft {
namespace {

__extension__ using Wide = unsigned __int128;

/// One unit is factor * 10^ten * 2^two of the base unit (ns, B, B/s, FLOP, FLOP/s).
struct Unit {
  std::string_view name;
  int ten = 0;
  int two = 0;
  int factor = 1;
};

// Decimal units come in ascending order, then the others: place_decimal() relies on it.
constexpr Unit kDurationUnits[] = {{"ns"},   {"us", 3},         {"ms", 6},
                                   {"s", 9}, {"min", 10, 0, 6}, {"h", 11, 0, 36}};
constexpr Unit kBytesUnits[] = {{"B"},          {"kB", 3},      {"MB", 6},      {"GB", 9},     {"TB", 12},
                                {"KiB", 0, 10}, {"MiB", 0, 20}, {"GiB", 0, 30}, {"TiB", 0, 40}};
constexpr Unit kByteRateUnits[] = {{"B/s"},          {"kB/s", 3},      {"MB/s", 6},      {"GB/s", 9},
                                   {"TB/s", 12},     {"KiB/s", 0, 10}, {"MiB/s", 0, 20}, {"GiB/s", 0, 30},
                                   {"TiB/s", 0, 40}, {"b/s", 0, -3},   {"kb/s", 3, -3},  {"Mb/s", 6, -3},
                                   {"Gb/s", 9, -3},  {"Tb/s", 12, -3}};
constexpr Unit kFlopsUnits[] = {{"FLOP"},      {"kFLOP", 3},  {"MFLOP", 6},  {"GFLOP", 9},
                                {"TFLOP", 12}, {"PFLOP", 15}, {"EFLOP", 18}, {"ZFLOP", 21}};
constexpr Unit kFlopRateUnits[] = {{"FLOP/s"},      {"kFLOP/s", 3},  {"MFLOP/s", 6}, {"GFLOP/s", 9},
                                   {"TFLOP/s", 12}, {"PFLOP/s", 15}, {"EFLOP/s", 18}};

using Units = std::span<const Unit>;

QuantityKind make_kind(std::string_view name, std::string_view example, Units units) {
  QuantityKind kind{.name = name, .example = example};
  for (const Unit& unit : units) kind.units.push_back(unit.name);
  return kind;
}

// --- reading ---------------------------------------------------------------------------------------------

/// A decimal number, taken apart: digits * 10^exponent. `digits` has no leading zeros and may be empty
/// (zero).
struct Decimal {
  std::string digits;
  int exponent = 0;
  std::string_view rest;  ///< what follows the number, blanks removed
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

[[noreturn]] void not_a_quantity(const QuantityKind& kind) {
  throw QuantityError(fmt::format("must be {}, such as \"{}\"", kind.name, kind.example));
}

/// Moves the exponent ("e-3") from the front of `text` into `exponent`. An `e` that no digit follows is left.
void take_exponent(std::string_view& text, int& exponent) {
  if (text.empty() || (text[0] != 'e' && text[0] != 'E')) return;
  std::size_t at = 1;
  const bool minus = text.size() > at && text[at] == '-';
  if (text.size() > at && (text[at] == '-' || text[at] == '+')) ++at;
  if (at >= text.size() || !is_digit(text[at])) return;
  int value = 0;
  for (; at < text.size() && is_digit(text[at]); ++at)
    value = std::min(value * 10 + (text[at] - '0'), 100000);
  exponent += minus ? -value : value;
  text.remove_prefix(at);
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// True for nan, inf and their YAML spellings: what a spreadsheet or a script leaves in a generated file.
bool is_not_finite(std::string_view text) {
  if (text.starts_with('.')) text.remove_prefix(1);
  if (text.size() < 3) return false;
  std::string word;
  for (const char c : text.substr(0, 3)) word += static_cast<char>(c | 0x20);
  const bool ends = text.size() == 3 || text[3] == ' ' || text.substr(3, 5) == "inity";
  return (word == "nan" || word == "inf") && ends;
}

Decimal take_number(std::string_view text, const QuantityKind& kind) {
  text = trim(text);
  const bool minus = text.starts_with('-');
  if (minus) text.remove_prefix(1);
  if (is_not_finite(text)) throw QuantityError("must be finite");
  Decimal number;
  std::size_t seen = 0;
  bool point = false;
  while (!text.empty() && (is_digit(text[0]) || (text[0] == '.' && !point))) {
    if (text[0] == '.') {
      point = true;
    } else {
      ++seen;
      if (point) --number.exponent;
      if (!number.digits.empty() || text[0] != '0') number.digits += text[0];
    }
    text.remove_prefix(1);
  }
  if (seen == 0) not_a_quantity(kind);
  if (minus) throw QuantityError("must not be negative");
  take_exponent(text, number.exponent);
  number.rest = trim(text);
  return number;
}

const Unit& find_unit(std::string_view name, Units units, const QuantityKind& kind) {
  if (name.empty()) throw QuantityError(fmt::format("needs a unit, such as \"{}\"", kind.example), true);
  for (const Unit& unit : units)
    if (unit.name == name) return unit;
  throw QuantityError(
      fmt::format("has the unknown unit {}{}", in_quotes(name), did_you_mean(name, kind.units)), true,
      fmt::format("known units: {}", join(kind.units, ", ")));
}

/// digits * 10^exponent * unit, rounded to the nearest integer, halves up.
std::int64_t to_integer(const Decimal& number, const Unit& unit, std::string_view too_large) {
  constexpr std::size_t kDigits = 25;  // 10^25 * 36 * 2^40 < 2^128
  Wide value = 0;
  int exponent = number.exponent + unit.ten;
  for (std::size_t i = 0; i < number.digits.size(); ++i) {
    if (i < kDigits)
      value = value * 10 + static_cast<unsigned>(number.digits[i] - '0');
    else
      ++exponent;
  }
  value *= static_cast<unsigned>(unit.factor);
  value <<= unit.two;
  constexpr Wide kLimit = Wide{1} << 63;
  for (; exponent > 0 && value > 0; --exponent) {
    value *= 10;
    if (value >= kLimit) break;
  }
  for (; exponent < -1 && value > 0; ++exponent) value /= 10;
  if (exponent == -1 && value > 0) value = value / 10 + (value % 10 >= 5 ? 1 : 0);
  if (value >= kLimit) throw QuantityError(std::string(too_large));
  return static_cast<std::int64_t>(value);
}

/// The double nearest to digits * 10^exponent * unit: powers of ten go into the text, powers of two are
/// exact.
double to_double(const Decimal& number, const Unit& unit) {
  if (number.digits.empty()) return 0;
  const std::string text = fmt::format("{}e{}", number.digits, number.exponent + unit.ten);
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool small = static_cast<int>(number.digits.size()) + number.exponent + unit.ten < 0;
  if (code == std::errc::result_out_of_range) throw QuantityError(small ? "is too small" : "is too large");
  value = std::ldexp(value, unit.two);
  if (!std::isfinite(value)) throw QuantityError("is too large");
  return value;
}

// --- printing --------------------------------------------------------------------------------------------

/// A positive number in scientific form: d.ddd * 10^exponent, `digits` without trailing zeros.
struct Scientific {
  std::string digits;
  int exponent = 0;
};

/// precision < 0: the shortest text that reads back as the same double; otherwise digits behind the point.
Scientific scientific(double value, int precision) {
  std::array<char, 64> buffer{};
  char* const begin = buffer.data();
  char* const limit = begin + buffer.size();
  const auto result = precision < 0
                          ? std::to_chars(begin, limit, value, std::chars_format::scientific)
                          : std::to_chars(begin, limit, value, std::chars_format::scientific, precision);
  const std::string_view text(begin, static_cast<std::size_t>(result.ptr - begin));
  const std::size_t e = text.find('e');
  Scientific parts{.digits = std::string(text.substr(0, e))};
  std::erase(parts.digits, '.');
  while (parts.digits.size() > 1 && parts.digits.back() == '0') parts.digits.pop_back();
  parts.exponent = std::atoi(std::string(text.substr(e + 1)).c_str());
  return parts;
}

/// The number as plain decimal text, moved by `shift` places to the right.
std::string decimal_text(const Scientific& number, int shift) {
  const int exponent = number.exponent + shift;
  const int size = static_cast<int>(number.digits.size());
  if (exponent < -6 || exponent > 20) {
    const std::string fraction = size > 1 ? "." + number.digits.substr(1) : "";
    return fmt::format("{}{}e{}", number.digits[0], fraction, exponent);
  }
  if (exponent < 0) return "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + number.digits;
  if (size <= exponent + 1)
    return number.digits + std::string(static_cast<std::size_t>(exponent + 1 - size), '0');
  const auto point = static_cast<std::size_t>(exponent + 1);
  return number.digits.substr(0, point) + "." + number.digits.substr(point);
}

/// In the largest decimal unit that is not larger than the value.
std::string place_decimal(const Scientific& number, Units units) {
  const Unit* best = &units[0];
  for (const Unit& unit : units)
    if (unit.two == 0 && unit.factor == 1 && unit.ten <= number.exponent) best = &unit;
  return fmt::format("{} {}", decimal_text(number, -best->ten), best->name);
}

std::string rate_text(double value, Units units, int precision) {
  if (!std::isfinite(value))
    return fmt::format("{} {}", std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf", units[0].name);
  if (value == 0) return fmt::format("0 {}", units[0].name);
  return (value < 0 ? "-" : "") + place_decimal(scientific(std::fabs(value), precision), units);
}

constexpr int kReadable = 3;  // digits behind the point in scientific form: four significant ones
constexpr int kShortest = -1;

/// |value|, also of the smallest integer.
std::uint64_t magnitude(std::int64_t value) {
  return value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
}

/// All digits of an integer as a Scientific: place_decimal() then only sets the point.
Scientific all_digits(std::uint64_t value) {
  Scientific number{.digits = fmt::format("{}", value)};
  number.exponent = static_cast<int>(number.digits.size()) - 1;
  while (number.digits.size() > 1 && number.digits.back() == '0') number.digits.pop_back();
  return number;
}

std::uint64_t integer_size(const Unit& unit) {
  std::uint64_t size = static_cast<std::uint64_t>(unit.factor) << unit.two;
  for (int i = 0; i < unit.ten; ++i) size *= 10;
  return size;
}

/// In the unit that divides the value and leaves the smallest number; of equals the first.
std::string smallest_whole(std::uint64_t value, Units units) {
  const Unit* best = &units[0];
  for (const Unit& unit : units)
    if (value % integer_size(unit) == 0 && integer_size(unit) > integer_size(*best)) best = &unit;
  return fmt::format("{} {}", value / integer_size(*best), best->name);
}

}  // namespace

template <>
const QuantityKind& quantity_kind<Duration>() {
  static const QuantityKind kind = make_kind("a duration", "5 ms", kDurationUnits);
  return kind;
}
template <>
const QuantityKind& quantity_kind<Bytes>() {
  static const QuantityKind kind = make_kind("a number of bytes", "80 GiB", kBytesUnits);
  return kind;
}
template <>
const QuantityKind& quantity_kind<ByteRate>() {
  static const QuantityKind kind = make_kind("a bandwidth", "50 GB/s", kByteRateUnits);
  return kind;
}
template <>
const QuantityKind& quantity_kind<Flops>() {
  static const QuantityKind kind = make_kind("a number of operations", "2 TFLOP", kFlopsUnits);
  return kind;
}
template <>
const QuantityKind& quantity_kind<FlopRate>() {
  static const QuantityKind kind = make_kind("a rate of operations", "312 TFLOP/s", kFlopRateUnits);
  return kind;
}

namespace {

struct Parsed {
  Decimal number;
  const Unit* unit;
};

template <class Q>
Parsed parse(std::string_view text, Units units) {
  const QuantityKind& kind = quantity_kind<Q>();
  Parsed parsed{.number = take_number(text, kind), .unit = nullptr};
  parsed.unit = &find_unit(parsed.number.rest, units, kind);
  return parsed;
}

template <class Q>
double parse_double(std::string_view text, Units units) {
  const Parsed parsed = parse<Q>(text, units);
  return to_double(parsed.number, *parsed.unit);
}

}  // namespace

template <>
Duration parse_quantity<Duration>(std::string_view text) {
  const Parsed parsed = parse<Duration>(text, kDurationUnits);
  return Duration(to_integer(parsed.number, *parsed.unit, "must be less than 292 years"));
}
template <>
Bytes parse_quantity<Bytes>(std::string_view text) {
  const Parsed parsed = parse<Bytes>(text, kBytesUnits);
  return {to_integer(parsed.number, *parsed.unit, "must be less than 8388608 TiB")};
}
template <>
ByteRate parse_quantity<ByteRate>(std::string_view text) {
  return {parse_double<ByteRate>(text, kByteRateUnits)};
}
template <>
Flops parse_quantity<Flops>(std::string_view text) {
  return {parse_double<Flops>(text, kFlopsUnits)};
}
template <>
FlopRate parse_quantity<FlopRate>(std::string_view text) {
  return {parse_double<FlopRate>(text, kFlopRateUnits)};
}

std::string to_text(ByteRate value) {
  return rate_text(value.per_second, kByteRateUnits, kReadable);
}
std::string to_text(Flops value) {
  return rate_text(value.count, kFlopsUnits, kReadable);
}
std::string to_text(FlopRate value) {
  return rate_text(value.per_second, kFlopRateUnits, kReadable);
}
std::string exact_text(ByteRate value) {
  return rate_text(value.per_second, kByteRateUnits, kShortest);
}
std::string exact_text(Flops value) {
  return rate_text(value.count, kFlopsUnits, kShortest);
}
std::string exact_text(FlopRate value) {
  return rate_text(value.per_second, kFlopRateUnits, kShortest);
}

std::string to_text(Duration value) {
  const std::uint64_t ns = magnitude(value.count());
  const std::string sign = value.count() < 0 ? "-" : "";
  if (ns == 0) return "0 s";
  const auto count = static_cast<double>(ns);
  constexpr std::uint64_t kMinute = 60'000'000'000;
  if (ns >= 60 * kMinute) return sign + decimal_text(scientific(count / 3.6e12, kReadable), 0) + " h";
  if (ns >= kMinute) return sign + decimal_text(scientific(count / 6e10, kReadable), 0) + " min";
  return sign + place_decimal(scientific(count, kReadable), kDurationUnits);
}

std::string to_text(Bytes value) {
  constexpr std::string_view kBinary[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  const std::uint64_t count = magnitude(value.count);
  if (count == 0) return "0 B";
  std::size_t power = 0;
  while (power + 1 < std::size(kBinary) && (count >> (10 * (power + 1))) > 0) ++power;
  const double scaled = std::ldexp(static_cast<double>(count), -10 * static_cast<int>(power));
  return fmt::format("{}{} {}", value.count < 0 ? "-" : "", decimal_text(scientific(scaled, kReadable), 0),
                     kBinary[power]);
}

std::string exact_text(Duration value) {
  const std::uint64_t ns = magnitude(value.count());
  if (ns == 0) return "0 s";
  const bool whole_minutes = ns % 60'000'000'000 == 0;
  return (value.count() < 0 ? "-" : "") +
         (whole_minutes ? smallest_whole(ns, kDurationUnits) : place_decimal(all_digits(ns), kDurationUnits));
}

std::string exact_text(Bytes value) {
  if (value.count == 0) return "0 B";
  return (value.count < 0 ? "-" : "") + smallest_whole(magnitude(value.count), kBytesUnits);
}

std::string quantity_pattern(const QuantityKind& kind) {
  return fmt::format("^ *([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)? *({}) *$", join(kind.units, "|"));
}

}  // namespace stagecraft
