#include "sim/report/lanes.h"

#include <catch2/catch.hpp>

using namespace stagecraft;

namespace {

std::string drawn(const LanePicture& picture) {
  StringSink sink;
  write_lanes_svg(picture, sink);
  return sink.text;
}

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

LanePicture two_lanes() {
  const Hatch hatch_of_host = hatch(BubbleCause::Drain);
  return {.title = "a <trace>",
          .subtitle = "2 rows",
          .styles = {{.name = "compute", .fill = {0x56, 0xB4, 0xE9}},
                     {.name = "idle: host", .hatched = true, .hatch = hatch_of_host},
                     {.name = "never", .fill = {1, 2, 3}}},
          .lanes = {{.name = "GPU 0",
                     .boxes = {{TimePoint{0}, TimePoint{600}, 0, "gemm", "gemm_a"},
                               {TimePoint{600}, TimePoint{1000}, 1, "", "host"}}},
                    {.name = "rank 0",
                     .boxes = {{TimePoint{0}, TimePoint{400}, 0, "0", "0F0"}},
                     .starts_group = true}}};
}

}  // namespace

TEST_CASE("lanes have boxes with labels, titles and times, and a legend of what occurs", "[report]") {
  const std::string svg = drawn(two_lanes());
  CHECK(count(svg, "a &lt;trace&gt;") == 2);
  CHECK(count(svg, "<title>gemm_a, 0–0.6 µs</title>") == 1);
  CHECK(count(svg, "<title>host, 0.6–1 µs</title>") == 1);
  CHECK(count(svg, ">gemm</text>") == 1);
  CHECK(count(svg, ">idle: host</text>") == 1);
  CHECK(count(svg, "never") == 0);
  CHECK(count(svg, "<pattern") == 1);
  CHECK(svg == drawn(two_lanes()));
}

TEST_CASE("boxes that cannot be told apart become one", "[report]") {
  LanePicture picture = two_lanes();
  picture.lanes.resize(1);
  picture.lanes[0].boxes = {{TimePoint{0}, TimePoint{500'000'000}, 0, "", "long"}};
  for (int i = 0; i < 1000; ++i)  // of a hundredth of a pixel
    picture.lanes[0].boxes.push_back(
        {TimePoint{600'000'000 + i * 10'000}, TimePoint{600'000'000 + i * 10'000 + 9'000}, 0, "", "short"});
  picture.lanes[0].boxes.push_back({TimePoint{900'000'000}, TimePoint{1'000'000'000}, 0, "", "last"});
  const std::string svg = drawn(picture);
  CHECK(count(svg, "<rect x=") == 3);
  CHECK(count(svg, "<title>1,000 x compute, 0.6–0.609999 s</title>") == 1);
}

TEST_CASE("a picture without lanes, and with too many", "[report]") {
  CHECK(count(drawn({}), "</svg>") == 1);
  LanePicture picture = two_lanes();
  for (int i = 0; i < 300; ++i) picture.lanes.push_back(picture.lanes[1]);
  CHECK(count(drawn(picture), "46 more rows are left out") == 1);
}
