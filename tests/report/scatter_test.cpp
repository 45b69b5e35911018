#include "sim/report/scatter.h"

#include <catch2/catch.hpp>

using namespace stagecraft;

namespace {

std::string drawn(const ScatterPicture& picture) {
  StringSink sink;
  write_scatter(picture, sink);
  return sink.text;
}

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

ScatterPicture three_points() {
  return {.title = "a <title>",
          .subtitle = "3 schedules",
          .x_label = "memory (GiB)",
          .y_label = "samples per second",
          .points = {{.x = 10, .y = 1, .label = "small", .on_front = true},
                     {.x = 20, .y = 2, .label = "large", .on_front = true},
                     {.x = 20, .y = 1, .label = "neither & nor"}}};
}

}  // namespace

TEST_CASE("points have their places on round axes, labels and tooltips", "[report][golden]") {
  // Both axes reach a twentieth of the range beyond the points, and on to a multiple of their step: x from 8
  // to 22 GiB over 78 to 986 pixels, so 10 at 78 + 908 / 7; y from 0.8 to 2.2 over 442 to 62, so 1 at 442 -
  // 380 / 7.
  const std::string svg = drawn(three_points());
  CHECK(
      count(svg, "<circle class=\"o\" cx=\"207.71\" cy=\"387.71\" r=\"4.5\"><title>small</title></circle>") ==
      1);
  CHECK(count(svg,
              "<circle class=\"p\" cx=\"856.29\" cy=\"387.71\" r=\"4.5\"><title>neither &amp; nor</title>") ==
        1);
  CHECK(count(svg, "a &lt;title&gt;") == 2);
  CHECK(count(svg, "<desc id=\"d\">samples per second over memory (GiB)</desc>") == 1);
  for (const char* label : {">small</text>", ">large</text>", ">neither &amp; nor</text>", ">10</text>",
                            ">22</text>", ">0.8</text>", ">2.2</text>", ">memory (GiB)</text>"}) {
    INFO(label);
    CHECK(count(svg, label) == 1);
  }
  CHECK(svg == drawn(three_points()));
}

TEST_CASE("the front is a line in steps through its points, in order of x", "[report]") {
  ScatterPicture picture = three_points();
  const std::string line = "<path class=\"f\" d=\"M207.71 442H207.71V387.71H856.29V116.29H986\"/>";
  CHECK(count(drawn(picture), line) == 1);
  std::swap(picture.points[0], picture.points[1]);
  CHECK(count(drawn(picture), line) == 1);
  for (ScatterPoint& point : picture.points) point.on_front = false;
  CHECK(count(drawn(picture), "<path class=\"f\"") == 0);
}

TEST_CASE("a limit is a line of its own that the axis reaches", "[report]") {
  ScatterPicture picture = three_points();
  CHECK(count(drawn(picture), "<path class=\"m\"") == 0);
  picture.x_limit = 80;
  picture.x_limit_label = "limit: 80 GiB";
  const std::string svg = drawn(picture);
  CHECK(count(svg, "<path class=\"m\"") == 1);
  CHECK(count(svg, ">limit: 80 GiB</text>") == 1);
  CHECK(count(svg, ">90</text>") == 1);
}

TEST_CASE("labels that would cover another one are left out, tooltips stay", "[report]") {
  ScatterPicture picture = three_points();
  for (int i = 0; i < 30; ++i) picture.points.push_back({.x = 15, .y = 1.5, .label = "crowd"});
  const std::string svg = drawn(picture);
  CHECK(count(svg, ">crowd</text>") < 7);
  CHECK(count(svg, ">crowd</text>") > 0);
  CHECK(count(svg, "<title>crowd</title>") == 30);
}

TEST_CASE("one point, and points without any extent, have axes", "[report]") {
  ScatterPicture picture = three_points();
  for (const double value : {0.0, 1e-9, 1.0, 1e12}) {
    picture.points = {{.x = value, .y = value, .label = "one", .on_front = true}};
    const std::string svg = drawn(picture);
    CAPTURE(value);
    CHECK(count(svg, "<circle") == 1);
    CHECK(count(svg, "nan") == 0);
    CHECK(count(svg, "inf") == 0);
    CHECK(count(svg, "<text class=\"c\"") > 3);
  }
}
