#include "base/quantity.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "base/random.h"

using namespace stagecraft;
using namespace std::chrono_literals;

namespace {

template <class Q>
std::string problem(std::string_view text) {
  try {
    (void)parse_quantity<Q>(text);
  } catch (const QuantityError& error) {
    return error.what();
  }
  return "no error";
}

std::int64_t bytes(std::string_view text) {
  return parse_quantity<Bytes>(text).count;
}
double byte_rate(std::string_view text) {
  return parse_quantity<ByteRate>(text).per_second;
}
double flop_rate(std::string_view text) {
  return parse_quantity<FlopRate>(text).per_second;
}

}  // namespace

TEST_CASE("durations are read exactly in every unit") {
  CHECK(parse_quantity<Duration>("7 ns") == 7ns);
  CHECK(parse_quantity<Duration>("5 us") == 5us);
  CHECK(parse_quantity<Duration>("18.522 ms") == 18'522us);
  CHECK(parse_quantity<Duration>("0.601ms") == 601us);
  CHECK(parse_quantity<Duration>("1.5e3us") == 1500us);
  CHECK(parse_quantity<Duration>(" 2   s ") == 2s);
  CHECK(parse_quantity<Duration>("1.5 min") == 90s);
  CHECK(parse_quantity<Duration>("0.5 h") == 30min);
  CHECK(parse_quantity<Duration>("0 s") == 0s);
  CHECK(parse_quantity<Duration>(".5 us") == 500ns);
  CHECK(parse_quantity<Duration>("5. us") == 5us);
  CHECK(parse_quantity<Duration>("1.234567891 s") == 1'234'567'891ns);
}

TEST_CASE("fractions of a nanosecond are rounded from the decimal value, halves up") {
  CHECK(parse_quantity<Duration>("0.4999 ns") == 0ns);
  CHECK(parse_quantity<Duration>("0.5 ns") == 1ns);
  CHECK(parse_quantity<Duration>("2.5 ns") == 3ns);
  // As a double 0.0010005 ms is 1000.4999..., which would be rounded the other way.
  CHECK(parse_quantity<Duration>("0.0010005 ms") == 1001ns);
  CHECK(parse_quantity<Duration>("1e-400 s") == 0ns);
  CHECK(parse_quantity<Duration>("0.00000000000000000000000000000000000001e30 s") == 10ns);
}

TEST_CASE("the largest duration fits and one more does not", "[error]") {
  CHECK(parse_quantity<Duration>("9223372036854775807 ns") == Duration::max());
  CHECK(parse_quantity<Duration>("9223372036854775807.4 ns") == Duration::max());
  CHECK(problem<Duration>("9223372036854775807.5 ns") == "must be less than 292 years");
  CHECK(problem<Duration>("9223372036.854775808 s") == "must be less than 292 years");
  CHECK(problem<Duration>("1e99999999999 s") == "must be less than 292 years");
  CHECK(problem<Duration>("3000000 h") == "must be less than 292 years");
}

TEST_CASE("bytes are read with decimal and binary prefixes kept apart") {
  CHECK(bytes("80 GiB") == 85'899'345'920);
  CHECK(bytes("80 GB") == 80'000'000'000);
  CHECK(bytes("1.5 KiB") == 1536);
  CHECK(bytes("3 kB") == 3000);
  CHECK(bytes("0.5 TiB") == 549'755'813'888);
  CHECK(bytes("7 B") == 7);
  CHECK(bytes("2 MB") == 2'000'000);
  CHECK(bytes("2 MiB") == 2'097'152);
  CHECK(bytes("1 TB") == 1'000'000'000'000);
  CHECK(problem<Bytes>("8388608 TiB") == "must be less than 8388608 TiB");
}

TEST_CASE("rates are the double nearest to the decimal text") {
  CHECK(byte_rate("900 GB/s") == 900e9);
  CHECK(byte_rate("0.3 GB/s") == 0.3e9);
  CHECK(byte_rate("1.1 TB/s") == 1.1e12);  // 1.1 * 1e12 in doubles is 1100000000000.0002
  CHECK(byte_rate("200 Gb/s") == 25e9);
  CHECK(byte_rate("8 b/s") == 1.0);
  CHECK(byte_rate("1 KiB/s") == 1024);
  CHECK(byte_rate("1 GiB/s") == 1073741824.0);
  CHECK(flop_rate("312 TFLOP/s") == 312e12);
  CHECK(flop_rate("1.9795 PFLOP/s") == 1.9795e15);
  CHECK(flop_rate("989.4 GFLOP/s") == 989.4e9);
  CHECK(parse_quantity<Flops>("2.15 ZFLOP").count == 2.15e21);
}

TEST_CASE("a text that is no quantity says why", "[error]") {
  CHECK(problem<ByteRate>("50") == "needs a unit, such as \"50 GB/s\"");
  CHECK(problem<Duration>("1e3") == "needs a unit, such as \"5 ms\"");
  CHECK(problem<Bytes>("80") == "needs a unit, such as \"80 GiB\"");
  CHECK(problem<FlopRate>("312") == "needs a unit, such as \"312 TFLOP/s\"");
  CHECK(problem<Duration>("") == "must be a duration, such as \"5 ms\"");
  CHECK(problem<Duration>("ms") == "must be a duration, such as \"5 ms\"");
  CHECK(problem<Duration>(". ms") == "must be a duration, such as \"5 ms\"");
  CHECK(problem<Duration>("nanoseconds") == "must be a duration, such as \"5 ms\"");
  CHECK(problem<Bytes>("lots") == "must be a number of bytes, such as \"80 GiB\"");
  CHECK(problem<Duration>("-5 ms") == "must not be negative");
  CHECK(problem<ByteRate>("-0.1 GB/s") == "must not be negative");
  CHECK(problem<Duration>("nan ms") == "must be finite");
  CHECK(problem<Duration>(".inf") == "must be finite");
  CHECK(problem<Duration>("-inf s") == "must be finite");
  CHECK(problem<ByteRate>("Infinity GB/s") == "must be finite");
  CHECK(problem<ByteRate>("1e400 B/s") == "is too large");
  CHECK(problem<ByteRate>("1.7e308 GiB/s") == "is too large");
  CHECK(problem<ByteRate>("1e-400 B/s") == "is too small");
  CHECK(problem<ByteRate>("50 gb/s") == "has the unknown unit 'gb/s'; did you mean 'GB/s'?");
  CHECK(problem<Duration>("5 msec") == "has the unknown unit 'msec'");
  CHECK(problem<Duration>("5 parsecs") == "has the unknown unit 'parsecs'");
  CHECK(problem<Duration>("5 m s") == "has the unknown unit 'm s'; did you mean 'ms'?");
  CHECK(problem<Duration>("1.2.3 ms") == "has the unknown unit '.3 ms'");
  CHECK(problem<Duration>("0x10 ms") == "has the unknown unit 'x10 ms'");
  CHECK(problem<Duration>("1,5 ms") == "has the unknown unit ',5 ms'");
  CHECK(problem<Bytes>("80 Gib") == "has the unknown unit 'Gib'; did you mean 'GiB'?");
}

TEST_CASE("quantities are printed with four digits in a unit that suits them") {
  CHECK(to_text(Duration(412'612'345)) == "412.6 ms");
  CHECK(to_text(Duration(0)) == "0 s");
  CHECK(to_text(Duration(999)) == "999 ns");
  CHECK(to_text(Duration(999'960)) == "1 ms");
  CHECK(to_text(Duration(-5'000)) == "-5 us");
  CHECK(to_text(Duration(1'500'000'000)) == "1.5 s");
  CHECK(to_text(Duration(90s)) == "1.5 min");
  CHECK(to_text(Duration(5h + 30min)) == "5.5 h");
  CHECK(to_text(Duration::max()) == "2562000 h");
  CHECK(to_text(Bytes{65'820'372'336}) == "61.3 GiB");
  CHECK(to_text(Bytes{0}) == "0 B");
  CHECK(to_text(Bytes{1023}) == "1023 B");
  CHECK(to_text(Bytes{1536}) == "1.5 KiB");
  CHECK(to_text(ByteRate{900e9}) == "900 GB/s");
  CHECK(to_text(ByteRate{3.35e12}) == "3.35 TB/s");
  CHECK(to_text(FlopRate{989.4e12}) == "989.4 TFLOP/s");
  CHECK(to_text(Flops{2.15e24}) == "2150 ZFLOP");
  CHECK(to_text(ByteRate{0.5}) == "0.5 B/s");
  CHECK(to_text(ByteRate{1e-9}) == "1e-9 B/s");
  CHECK(to_text(FlopRate{999.96e9}) == "1 TFLOP/s");
}

TEST_CASE("exact texts keep all digits") {
  CHECK(exact_text(Duration(412'612'345)) == "412.612345 ms");
  CHECK(exact_text(Duration(2h)) == "2 h");
  CHECK(exact_text(Duration(90s)) == "90 s");
  CHECK(exact_text(Duration::max()) == "9223372036.854775807 s");
  CHECK(exact_text(Duration::min()) == "-9223372036.854775808 s");
  CHECK(exact_text(Bytes{85'899'345'920}) == "80 GiB");
  CHECK(exact_text(Bytes{80'000'000'000}) == "80 GB");
  CHECK(exact_text(Bytes{85'899'345'921}) == "85899345921 B");
  CHECK(exact_text(ByteRate{1.0 / 3}) == "0.3333333333333333 B/s");
  CHECK(exact_text(FlopRate{312e12}) == "312 TFLOP/s");
}

TEST_CASE("exact texts read back as the same value", "[property]") {
  RandomStream random(1, "quantities");
  for (int i = 0; i < 20'000; ++i) {
    const auto count = static_cast<std::int64_t>(random.next() >> (1 + random.below(63)));
    CAPTURE(count);
    REQUIRE(parse_quantity<Duration>(exact_text(Duration(count))) == Duration(count));
    REQUIRE(parse_quantity<Bytes>(exact_text(Bytes{count})) == Bytes{count});
    const double value = std::ldexp(1 + random.uniform01(), static_cast<int>(random.between(-1022, 1023)));
    CAPTURE(value);
    REQUIRE(parse_quantity<ByteRate>(exact_text(ByteRate{value})) == ByteRate{value});
    REQUIRE(parse_quantity<Flops>(exact_text(Flops{value})) == Flops{value});
    REQUIRE(parse_quantity<FlopRate>(exact_text(FlopRate{value})) == FlopRate{value});
  }
  for (const double value :
       {0.0, std::numeric_limits<double>::denorm_min(), std::numeric_limits<double>::max()}) {
    CHECK(parse_quantity<ByteRate>(exact_text(ByteRate{value})) == ByteRate{value});
  }
}

TEST_CASE("printed texts read back within half a unit of the fourth digit", "[property]") {
  RandomStream random(2, "quantities");
  for (int i = 0; i < 5'000; ++i) {
    const auto count = static_cast<std::int64_t>(random.next() >> (1 + random.below(63)));
    CAPTURE(count);
    const auto error = [count](std::int64_t read) { return std::fabs(static_cast<double>(read - count)); };
    const double allowed = 0.5e-3 * static_cast<double>(count) + 1;
    CHECK(error(parse_quantity<Duration>(to_text(Duration(count))).count()) <= allowed);
    CHECK(error(bytes(to_text(Bytes{count}))) <= allowed);
  }
}
