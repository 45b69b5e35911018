#include "sim/report/roofline.h"

#include <catch2/catch.hpp>

#include "sim/report/roofline_layout.h"

using namespace stagecraft;

namespace {

/// A device of 1 TB/s and 100 TFLOP/s: its corner lies at 100 FLOP per byte.
RooflinePicture picture(std::vector<RooflineDot> dots = {{1, 0.5e12}, {1000, 80e12}}) {
  return {.title = "Roofline of a test",
          .subtitle = "two <calls>",
          .bytes_per_s = 1e12,
          .peaks = {{"bf16, fp16", 100e12}, {"fp8", 200e12}},
          .series = {{"gemm bf16", std::move(dots)}}};
}

std::string svg(const RooflinePicture& drawn) {
  StringSink sink;
  write_roofline(drawn, sink);
  return sink.text;
}

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a logarithmic axis has equal steps for equal ratios", "[report][formula]") {
  const LogAxis axis{.least = 0.5, .most = 2000, .from = 100, .to = 500};
  CHECK(axis.at(0.5) == Approx(100));
  CHECK(axis.at(2000) == Approx(500));
  CHECK(axis.at(20) - axis.at(2) == Approx(axis.at(200) - axis.at(20)));
  CHECK(axis.decades() == std::vector<double>{1, 10, 100, 1000});
  CHECK(axis.between_decades().front() == Approx(0.5));
  CHECK(axis.between_decades().back() == Approx(2000));
}

TEST_CASE("the axes hold every dot, the corners of the roofs and room for their names", "[report]") {
  const RooflineLayout layout = roofline_layout(picture());
  CHECK(layout.x.least < 1);
  CHECK(layout.x.most >= 4 * 200);  // the farthest corner: 200 FLOP per byte
  CHECK(layout.y.least < 0.5);
  CHECK(layout.y.most > 200);
  CHECK(roofline_layout({}).x.most > roofline_layout({}).x.least);  // nothing to draw is no division by zero
}

TEST_CASE("dots on one spot are drawn once, darker where there are more", "[report]") {
  std::vector<RooflineDot> dots(10, RooflineDot{1, 1e12});
  dots.push_back({100, 1e12});
  const RooflinePicture drawn = picture(dots);
  const std::vector<DotCell> cells = dot_cells(drawn.series[0], roofline_layout(drawn));
  REQUIRE(cells.size() == 2);
  CHECK((cells[0].shade == kDotShades - 1 && cells[1].shade == 0));
  CHECK(cells[0].x < cells[1].x);
}

TEST_CASE("the roofs meet where peak arithmetic and bandwidth do", "[report][formula]") {
  // At an intensity of 1 the memory's roof is 1 TFLOP/s; bf16's begins at 100 FLOP per byte.
  const RooflinePicture drawn = picture();
  const RooflineLayout layout = roofline_layout(drawn);
  std::string roof = "<path class=\"r\" d=\"M";
  append_to(roof, Px{layout.x.at(100)});
  append_to(roof += ' ', Px{layout.y.at(100)});
  CHECK(has(svg(drawn), roof));
}

TEST_CASE("a roofline names its axes, roofs and series", "[report]") {
  const std::string text = svg(picture());
  CHECK(has(text, ">arithmetic intensity (FLOP per byte of device memory)</text>"));
  CHECK(has(text, ">achieved TFLOP/s</text>"));
  CHECK(has(text, ">bf16, fp16 100 TFLOP/s</text>"));
  CHECK(has(text, ">fp8 200 TFLOP/s</text>"));
  CHECK(has(text, ">memory 1 TB/s</text>"));
  CHECK(has(text, ">gemm bf16 (2)</text>"));
  CHECK(has(text, "two &lt;calls&gt;"));
  CHECK(has(text, "<title id=\"t\">Roofline of a test</title>"));
  CHECK(svg(picture()) == text);
  for (const char* element : {"text", "title", "desc", "style", "svg"})
    CHECK(count(text, std::string("<") + element) == count(text, std::string("</") + element));
}

TEST_CASE("without peaks there are dots and no roofs", "[report]") {
  RooflinePicture drawn = picture();
  drawn.bytes_per_s = 0;
  const std::string text = svg(drawn);
  CHECK(!has(text, "<path class=\"r\""));
  CHECK(count(text, "h0") == 2);
}

TEST_CASE("ninety thousand dots make a small file", "[report]") {
  std::vector<RooflineDot> dots;
  for (int i = 1; i <= 90'000; ++i) dots.push_back({1.0 + i % 300, 1e9 * i});
  CHECK(svg(picture(dots)).size() < 1'000'000);
}
