#include "sim/report/svg.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>
#include <vector>

#include "sim/report/svg_palette.h"
#include "sim/report/svg_text.h"
#include "timelines.h"

using namespace stagecraft;

namespace {

std::string svg(const Timeline& timeline, const SvgOptions& options = {}) {
  StringSink sink;
  write_svg(timeline, options, sink);
  return sink.text;
}

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

Timeline with_transfer(TestPipeline pipeline, Duration transfer) {
  pipeline.transfer = transfer;
  return run(pipeline);
}

/// An element as it stands in the file: its tag's text without the brackets, and the text that follows.
struct Element {
  std::string tag;
  std::string text;
};

std::vector<Element> elements(const std::string& xml) {
  std::vector<Element> list;
  for (auto at = xml.find('<'); at != std::string::npos; at = xml.find('<', at + 1)) {
    const auto end = xml.find('>', at);
    list.push_back({xml.substr(at + 1, end - at - 1), xml.substr(end + 1, xml.find('<', end) - end - 1)});
  }
  return list;
}

/// Empty, or what is wrong: every element closed in order, no stray '&'.
std::string xml_error(const std::string& xml) {
  std::vector<std::string> open;
  for (const Element& element : elements(xml)) {
    const std::string name = element.tag.substr(0, element.tag.find_first_of(" /", 1));
    if (count(element.tag, "\"") % 2 != 0) return "open quote in " + element.tag;
    if (element.tag[0] == '/') {
      if (open.empty() || "/" + open.back() != element.tag) return "unexpected " + element.tag;
      open.pop_back();
    } else if (element.tag.back() != '/') {
      open.push_back(name);
    }
    if (count(element.text, "&") != count(element.text, "&amp;") + count(element.text, "&quot;") +
                                        count(element.text, "&lt;") + count(element.text, "&gt;")) {
      return "stray & in " + element.text;
    }
  }
  return open.empty() ? "" : "not closed: " + open.back();
}

double attribute(const std::string& tag, const std::string& name, double otherwise = 0) {
  const auto at = tag.find(" " + name + "=\"");
  return at == std::string::npos ? otherwise : std::strtod(tag.c_str() + at + name.size() + 3, nullptr);
}

/// What a reader sees of a text in the file.
std::string unescaped(std::string text) {
  constexpr std::pair<std::string_view, std::string_view> kEntities[] = {
      {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&amp;", "&"}};
  for (const auto& [entity, letter] : kEntities) {
    for (auto at = text.find(entity); at != std::string::npos; at = text.find(entity)) {
      text.replace(at, entity.size(), letter);
    }
  }
  return text;
}

/// The area that a text covers at most.
struct TextBox {
  std::string text;
  double left, right, top, bottom;
};

bool overlap(const TextBox& a, const TextBox& b) {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

std::vector<TextBox> texts(const std::string& xml) {
  std::vector<TextBox> boxes;
  double down = 0;
  for (const Element& element : elements(xml)) {
    const auto moved = element.tag.find("translate(0,");
    if (moved != std::string::npos) down = std::strtod(element.tag.c_str() + moved + 12, nullptr);
    if (element.tag == "/g") down = 0;
    if (element.tag.rfind("text ", 0) != 0) continue;
    const bool title = element.tag.find("class=\"t\"") != std::string::npos;
    const bool centred = element.tag.find("class=\"c\"") != std::string::npos ||
                         element.tag.find("class=\"n") != std::string::npos;
    const bool ends = element.tag.find("class=\"e\"") != std::string::npos;
    const std::string text = unescaped(element.text);
    const double size = title ? 15 : 11, width = text_width(text, size);
    const double x = attribute(element.tag, "x") - (centred ? width / 2 : ends ? width : 0);
    const double baseline = attribute(element.tag, "y") + down;
    boxes.push_back({text, x, x + width, baseline - size * 0.75, baseline + size * 0.2});
  }
  return boxes;
}

std::string overlapping_texts(const std::string& xml) {
  const std::vector<TextBox> boxes = texts(xml);
  const double width = attribute(elements(xml)[0].tag, "width"),
               height = attribute(elements(xml)[0].tag, "height");
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const TextBox& box = boxes[i];
    if (box.left < 0 || box.right > width || box.top < 0 || box.bottom > height)
      return box.text + " is outside";
    for (std::size_t j = 0; j < i; ++j) {
      if (overlap(boxes[i], boxes[j])) return boxes[j].text + " and " + boxes[i].text;
    }
  }
  return "";
}

}  // namespace

TEST_CASE("a tiny picture, byte for byte", "[report][golden]") {
  // The plot is 276 - 62 = 214 px wide and 3 ms long: 71.33 px per ms.
  CHECK(
      svg(run(one_f_one_b_pipeline(1, 1)), {.title = "One & only", .subtitle = "1 rank", .width = 300}) ==
      R"svg(<svg xmlns="http://www.w3.org/2000/svg" width="300" height="163" viewBox="0 0 300 163" role="img" aria-labelledby="t d">
<title id="t">One &amp; only</title>
<desc id="d">Gantt chart, rank by rank over time: 2 ops. 1 rank, makespan 3 ms</desc>
<style>
text{font:11px Helvetica,Arial,sans-serif;fill:#222}
.t{font-size:15px;font-weight:bold}.s{fill:#555}.e{text-anchor:end}.c{text-anchor:middle}
.n{text-anchor:middle;font-size:11px;fill:#000;pointer-events:none}.w{fill:#fff}
.r{fill:#fafafa}.l{stroke:#e4e4e4;fill:none}.x{stroke:#555;fill:none}.m{fill:#9aa5b1}
.a path{stroke:#333;stroke-width:.8;fill:none;marker-end:url(#arrow)}
.k0s0{fill:#56b4e9;stroke:#fff;stroke-width:.6}
.k1s0{fill:#009e73;stroke:#fff;stroke-width:.6}
</style>
<defs>
</defs>
<rect width="300" height="163" fill="#fff"/>
<text class="t" x="14" y="26">One &amp; only</text>
<text class="s" x="14" y="45">1 rank, makespan 3 ms</text>
<path class="r" d="M62 58H276v26H62z"/>
<path class="l" d="M62 55V89M133.33 55V89M204.67 55V89M276 55V89"/>
<text class="e" x="54" y="74.96">rank 0</text>
<g transform="translate(0,58)">
<rect x="62" width="71.33" height="26" class="k0s0"><title>0F0 forward, 0–1 ms</title></rect>
<text class="n" x="97.67" y="16.96">0</text>
<rect x="133.33" width="142.67" height="26" class="k1s0"><title>0B0 backward, 1–3 ms</title></rect>
<text class="n" x="204.67" y="16.96">0</text>
</g>
<path class="x" d="M62 89H276M62 89v4M133.33 89v4M204.67 89v4M276 89v4"/>
<text class="c" x="62" y="105">0</text>
<text class="c" x="133.33" y="105">1</text>
<text class="c" x="204.67" y="105">2</text>
<text class="c" x="276" y="105">3</text>
<text class="c" x="169" y="121">time (ms)</text>
<rect class="k0s0" x="14" y="139" width="14" height="11"/><text x="34" y="149">forward</text>
<rect class="k1s0" x="90.79" y="139" width="14" height="11"/><text x="110.79" y="149">backward</text>
</svg>
)svg");
}

TEST_CASE("pictures are well-formed, and no text overlaps another or leaves them", "[report][property]") {
  const auto ranks = GENERATE(1, 2, 4, 16, 33, 100);
  const auto width = GENERATE(300, 640, 1000, 1600);
  const auto counter = GENERATE("", "activations");
  const auto transfer = GENERATE(0, 333'333);
  CAPTURE(ranks, width, counter, transfer);
  Timeline timeline = with_transfer(one_f_one_b_pipeline(ranks, 8), Duration{transfer});
  timeline.rank_names.assign(static_cast<std::size_t>(ranks), "a long <name> & more, of stage & device");
  const std::string picture =
      svg(timeline, {.title = "A long title, which may be wider than its picture is: " + std::string(80, 'm'),
                     .subtitle = "shape & more",
                     .counter = counter,
                     .width = width});
  CHECK(xml_error(picture) == "");
  CHECK(overlapping_texts(picture) == "");
}

TEST_CASE("late windows with long tick labels do not overlap either", "[report]") {
  const auto shift = GENERATE(1'000'000'000'000ll, 3'600'000'000'000'000ll, 123'456'789'012'345'678ll);
  const auto scale = GENERATE(1, 1'000, 1'000'000);
  CAPTURE(shift, scale);
  Timeline timeline = run(one_f_one_b_pipeline(2, 2));
  for (auto* times : {&timeline.start, &timeline.end}) {
    for (TimePoint& time : *times) time = time / 1'000'000 * scale + Duration{shift};
  }
  timeline.bubbles.clear();
  timeline.makespan = *std::max_element(timeline.end.begin(), timeline.end.end());
  const std::string picture = svg(timeline, {.selection = {.from = TimePoint{shift}}});
  CHECK(xml_error(picture) == "");
  CHECK(overlapping_texts(picture) == "");
}

TEST_CASE("every op and bubble is a box with a tooltip", "[report]") {
  const Timeline timeline = with_transfer(one_f_one_b_pipeline(4, 8), Duration{300'000});
  const std::string picture = svg(timeline);
  CHECK(count(picture, "</title></rect>") == timeline.ops.size() + timeline.bubbles.size());
  CHECK(count(picture, "<title>0F0 forward, 0–1 ms</title>") == 1);
  CHECK(count(picture, "<title>idle: warm-up, 0–1 ms, waits for 0F0</title>") == 1);
  CHECK(count(picture, "<path d=\"M") == timeline.transfers.size() + 1);  // and the arrowhead
}

TEST_CASE("the legend names what is in the picture and nothing else", "[report]") {
  const std::string one = svg(run(one_f_one_b_pipeline(1, 4)));
  CHECK(count(one, ">forward</text>") == 1);
  CHECK(count(one, ">backward</text>") == 1);
  CHECK(count(one, ">idle: ") == 0);
  CHECK(count(one, "chunks") == 0);
  const std::string two = svg(run(interleaved_pipeline(2, 4, 2)));
  CHECK(count(two, ">chunks 0–1 of a rank</text>") == 1);
  CHECK(count(two, ">idle: tail</text>") == 1);
  CHECK(count(two, "optimizer") == 0);
}

TEST_CASE("later chunks are lighter, and kinds keep their colour", "[report]") {
  const auto text = [](Colour colour) {
    std::string to;
    append_to(to, colour);
    return to;
  };
  CHECK(text(fill(OpKind::Forward, 0, 1)) == "#56b4e9");
  CHECK(text(fill(OpKind::Forward, 0, 4)) == "#56b4e9");
  CHECK(text(fill(OpKind::Backward, 0, 1)) == "#009e73");
  for (int chunk = 1; chunk < 4; ++chunk) {
    CHECK(fill(OpKind::Forward, chunk, 4).red > fill(OpKind::Forward, chunk - 1, 4).red);
  }
  CHECK(wants_white_text(fill(OpKind::Optimizer, 0, 1)));
  CHECK_FALSE(wants_white_text(fill(OpKind::Forward, 0, 1)));
}

TEST_CASE("too many boxes become columns, and the picture says so", "[report]") {
  const Timeline timeline = run(one_f_one_b_pipeline(8, 700));  // 11,200 ops
  const std::string picture = svg(timeline, {.subtitle = "8 ranks"});
  CHECK(xml_error(picture) == "");
  CHECK(overlapping_texts(picture) == "");
  CHECK(count(picture, "</title></rect>") == 0);
  CHECK(count(picture, "11200 ops: each column of ") == 1);
  CHECK(picture.size() < 100'000);
  CHECK(svg(timeline, {.width = 600, .max_boxes = 30'000}).find("each column") !=
        std::string::npos);  // under half a pixel
  const Selection window{.to = TimePoint{50'000'000}};
  CHECK(svg(timeline, {.selection = window}).find("each column") == std::string::npos);
}

TEST_CASE("above 256 ranks a row stands for several", "[report]") {
  const std::string picture = svg(run(one_f_one_b_pipeline(600, 2)));
  CHECK(xml_error(picture) == "");
  CHECK(overlapping_texts(picture) == "");
  CHECK(count(picture, "a row stands for 3 ranks") == 1);
}

TEST_CASE("a column's stack is as high as its share of the row", "[report][formula]") {
  // One rank, busy every other nanosecond: 20,000 ops of 1 ns in 40,000 ns. Rows are 26 px high, drawn in
  // quarters of a pixel: 26 * 4 / 2 = 52 of them are forward.
  Timeline timeline;
  for (int i = 0; i < 20'000; ++i) {
    timeline.ops.push_back(make_op(OpKind::Forward, 0, i));
    timeline.start.emplace_back(2 * i);
    timeline.end.emplace_back(2 * i + 1);
  }
  timeline.begin = {0, 20'000};
  timeline.makespan = TimePoint{40'000};
  const std::string picture = svg(timeline, {.width = 300});
  CHECK(count(picture, "<path class=\"k0s0\" d=\"M0 0v-52h53V0z\"/>") == 1);
}

TEST_CASE("windows and ranks are said in the subtitle", "[report]") {
  const Timeline timeline = run(one_f_one_b_pipeline(4, 8));
  const Selection part{
      .from = TimePoint{5'000'000}, .to = TimePoint{15'000'000}, .first_rank = 1, .last_rank = 2};
  const std::string picture = svg(timeline, {.selection = part, .subtitle = "4 ranks"});
  CHECK(count(picture, ">4 ranks, makespan 33 ms, shown from 5 to 15 ms, ranks 1–2 of 4</text>") == 1);
  CHECK(count(picture, ">rank 1</text>") == 1);
  CHECK(count(picture, ">rank 0</text>") == 0);
}

TEST_CASE("random timelines and timelines without ops can be drawn", "[report][property]") {
  CHECK(xml_error(svg(Timeline{})) == "");
  CHECK(overlapping_texts(svg(Timeline{})) == "");
  for (std::uint32_t seed = 0; seed < 100; ++seed) {
    CAPTURE(seed);
    const Timeline timeline = random_timeline(seed, 1 + static_cast<int>(seed % 6), 12);
    const std::string picture = svg(timeline);
    CHECK(xml_error(picture) == "");
    CHECK(overlapping_texts(picture) == "");
    CHECK(picture == svg(timeline));
    CHECK(xml_error(svg(timeline, {.max_boxes = 1})) == "");
  }
}

TEST_CASE("a counter is drawn below each rank with its peak", "[report]") {
  const Timeline timeline = run(one_f_one_b_pipeline(4, 8));
  const std::string picture = svg(timeline, {.counter = "activations"});
  // 1F1B holds p - r activations on rank r, here of 1.5 GiB each.
  for (const char* peak : {"peak 6 GiB", "peak 4.5 GiB", "peak 3 GiB", "peak 1.5 GiB"}) {
    CHECK(count(picture, peak) == 1);
  }
  CHECK(count(svg(timeline, {.counter = "no such counter"}), "peak") == 0);
}
