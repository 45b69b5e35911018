#include "base/json.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/random.h"

using namespace stagecraft;
using namespace std::chrono_literals;

namespace {

template <class Write>
std::string written(const Write& write, int indent = 0) {
  std::string out;
  JsonWriter json(out, indent);
  write(json);
  json.finish();
  return out;
}

}  // namespace

TEST_CASE("objects and arrays are written without blanks") {
  CHECK(written([](JsonWriter& json) {
          json.begin_object().member("a", 1).key("b").begin_array().value(true).null().value("x").end_array();
          json.key("c").begin_object().end_object().end_object();
        }) == R"({"a":1,"b":[true,null,"x"],"c":{}})");
}

TEST_CASE("with indentation every entry has its line") {
  CHECK(written(
            [](JsonWriter& json) {
              json.begin_object().member("a", 1).key("b").begin_array().value(2).value(3).end_array();
              json.key("c").begin_array().end_array().end_object();
            },
            2) == "{\n  \"a\": 1,\n  \"b\": [\n    2,\n    3\n  ],\n  \"c\": []\n}\n");
}

TEST_CASE("strings are escaped and invalid UTF-8 is replaced") {
  const auto text = [](std::string_view s) { return written([&](JsonWriter& json) { json.value(s); }); };
  CHECK(text("a\"b\\c") == R"("a\"b\\c")");
  CHECK(text("\n\r\t") == R"("\n\r\t")");
  CHECK(text(std::string_view("\0\x1f\x7f", 3)) == R"("\u0000\u001f\u007f")");
  CHECK(text("\xc3\xa4\xf0\x9f\x98\x80") == "\"\xc3\xa4\xf0\x9f\x98\x80\"");
  CHECK(text("a\xff"
             "b\xe2\x82") ==
        "\"a\xef\xbf\xbd"
        "b\xef\xbf\xbd\xef\xbf\xbd\"");
}

TEST_CASE("numbers keep all their digits") {
  const auto number = [](auto value) { return written([&](JsonWriter& json) { json.value(value); }); };
  CHECK(number(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(number(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  CHECK(number(0.1) == "0.1");
  CHECK(number(1e300) == "1e+300");
  CHECK(number(1.0) == "1");
  CHECK(number(false) == "false");
}

TEST_CASE("seconds are exact to the nanosecond") {
  CHECK(seconds_text(1'234'567'891ns) == "1.234567891");
  CHECK(seconds_text(0ns) == "0");
  CHECK(seconds_text(1ns) == "0.000000001");
  CHECK(seconds_text(-500ms) == "-0.5");
  CHECK(seconds_text(3s) == "3");
  CHECK(seconds_text(Duration::max()) == "9223372036.854775807");
  CHECK(seconds_text(Duration::min()) == "-9223372036.854775808");
  CHECK(written([](JsonWriter& json) { json.begin_array().seconds(20ms).end_array(); }) == "[0.02]");
}

TEST_CASE("random doubles and strings read back equal with another reader", "[property]") {
  RandomStream random(3, "json");
  for (int i = 0; i < 2'000; ++i) {
    double number = 0;
    do {
      const std::uint64_t bits = random.next();
      std::memcpy(&number, &bits, sizeof number);
    } while (!std::isfinite(number));
    std::string text;
    for (std::uint64_t n = random.below(20); n > 0; --n) text += static_cast<char>(random.below(128));
    const std::string out =
        written([&](JsonWriter& json) { json.begin_array().value(number).value(text).end_array(); });
    const nlohmann::json read = nlohmann::json::parse(out);
    REQUIRE(read[0].get<double>() == number);
    REQUIRE(read[1].get<std::string>() == text);
  }
}

TEST_CASE("a long document reaches the sink in pieces, whole and in order") {
  std::string out;
  int pieces = 0;
  JsonWriter json([&](std::string_view piece) {
    out += piece;
    ++pieces;
  });
  json.begin_array();
  for (int i = 0; i < 100'000; ++i) json.value(i);
  json.end_array().finish();
  CHECK(pieces > 5);
  const nlohmann::json read = nlohmann::json::parse(out);
  REQUIRE(read.size() == 100'000);
  CHECK(read[99'999] == 99'999);
}

TEST_CASE("misuse of the writer is a logic error", "[error]") {
  const auto misuse = [](auto write) {
    std::string out;
    JsonWriter json(out);
    try {
      write(json);
    } catch (const std::logic_error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  CHECK(misuse([](JsonWriter& j) { j.begin_object().value(1); }) ==
        "JsonWriter: a value in an object needs its key");
  CHECK(misuse([](JsonWriter& j) { j.begin_array().key("a"); }) ==
        "JsonWriter: a key belongs into an object");
  CHECK(misuse([](JsonWriter& j) { j.begin_array().end_object(); }) ==
        "JsonWriter: a bracket is closed that is not open");
  CHECK(misuse([](JsonWriter& j) { j.begin_object().key("a").end_object(); }) ==
        "JsonWriter: a bracket is closed that is not open");
  CHECK(misuse([](JsonWriter& j) { j.value(1).value(2); }) == "JsonWriter: a document has one value");
  CHECK(misuse([](JsonWriter& j) { j.begin_array().finish(); }) ==
        "JsonWriter: the document is not complete");
  CHECK(misuse([](JsonWriter& j) { j.value(std::nan("")); }) == "JsonWriter: a number is not finite");
  CHECK(misuse([](JsonWriter& j) { j.value(HUGE_VAL); }) == "JsonWriter: a number is not finite");
}
