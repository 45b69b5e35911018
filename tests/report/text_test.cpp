#include "sim/report/text.h"

#include <catch2/catch.hpp>
#include <limits>

#include "sim/report/svg_text.h"

using namespace stagecraft;

namespace {

template <class T>
std::string written(const T& value) {
  std::string text;
  append_to(text, value);
  return text;
}

}  // namespace

TEST_CASE("decimals are exact and have no trailing zeros", "[report]") {
  CHECK(written(Decimal{0, 3}) == "0");
  CHECK(written(Decimal{1, 3}) == "0.001");
  CHECK(written(Decimal{1500, 3}) == "1.5");
  CHECK(written(Decimal{-1500, 3}) == "-1.5");
  CHECK(written(Decimal{123456, 3}) == "123.456");
  CHECK(written(Decimal{1'000'000'001, 9}) == "1.000000001");
  CHECK(written(Decimal{42, 0}) == "42");
  CHECK(written(Decimal{std::numeric_limits<std::int64_t>::max(), 9}) == "9223372036.854775807");
  CHECK(written(Decimal{std::numeric_limits<std::int64_t>::min(), 9}) == "-9223372036.854775808");
}

TEST_CASE("text is escaped for the format that it goes into", "[report]") {
  CHECK(written(JsonText{"a \"b\" \\ \n\x01 ü"}) == R"(a \"b\" \\ \n\u0001 ü)");
  CHECK(written(XmlText{"<a & \"b\">\n"}) == "&lt;a &amp; &quot;b&quot;&gt; ");
}

TEST_CASE("a writer hands over chunks, not single events", "[report]") {
  struct Counting final : TextSink {
    void write(std::string_view chunk) override { sizes.push_back(chunk.size()); }
    std::vector<std::size_t> sizes;
  } sink;
  TextWriter out(sink);
  for (int i = 0; i < 20'000; ++i) out.put("0123456", i % 10, '\n');  // 180,000 bytes
  out.flush();
  REQUIRE(sink.sizes.size() == 3);
  CHECK(sink.sizes[0] >= 64 * 1024);
  CHECK(sink.sizes[0] + sink.sizes[1] + sink.sizes[2] == 180'000);
}

TEST_CASE("text that is too wide ends in an ellipsis, never inside a letter", "[report]") {
  CHECK(fit_text("short", 11, 100) == "short");
  const std::string cut = fit_text("größer als der Platz", 11, 40);
  CHECK(cut.substr(cut.size() - 3) == "…");
  CHECK(text_width(cut, 11) <= 40);
  for (double width = 0; width < 60; width += 1) {
    const std::string text = fit_text("öööö", 11, width);
    CHECK(text.size() % 2 == (text == "öööö" ? 0 : 1));  // whole two-byte letters and the ellipsis of three
  }
}

TEST_CASE("a picture's unit is the largest that its span has one of", "[report]") {
  CHECK(time_unit(Duration{999}).name == "ns");
  CHECK(time_unit(Duration{1'000}).name == "µs");
  CHECK(time_unit(Duration{999'999'999}).name == "ms");
  CHECK(time_unit(Duration{1'000'000'000}).name == "s");
}

TEST_CASE("text can go to anything that takes it", "[report]") {
  struct Target {
    void write(std::string_view chunk) { text += chunk; }
    std::string text;
  } target;
  ForwardingSink sink(target);
  TextWriter out(sink);
  out.put("a", 1, 'b', Decimal{25, 1});
  CHECK(target.text.empty());
  out.flush();
  CHECK(target.text == "a1b2.5");
}
