#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <regex>

#include "base/random.h"
#include "error_of.h"
#include "sample_fields.h"

using namespace stagecraft;
using namespace stagecraft::sample;
using namespace std::chrono_literals;

namespace {

Scenario from(const std::string& text) {
  return read<Scenario>(*parse_yaml(text, "a.yaml"));
}

Duration random_duration(RandomStream& random) {
  return Duration(1 + static_cast<std::int64_t>(random.below(1u << 29)));
}

OneOrMany<Duration> random_durations(RandomStream& random) {
  if (random.chance(0.5)) return random_duration(random);
  return OneOrMany<Duration>(std::vector<Duration>{random_duration(random), random_duration(random)});
}

std::string random_text(RandomStream& random) {
  constexpr std::string_view kMarks = "a1 -:#'\"\\\n{[~";
  std::string text;
  for (std::uint64_t n = random.below(6); n > 0; --n) text += kMarks[random.below(kMarks.size())];
  return text;
}

Link random_link(RandomStream& random) {
  Link link{.name = random_text(random), .bandwidth = {}, .peak = {}};
  if (random.chance(0.5)) link.bandwidth.per_second = random.exponential(1e12) + 1;
  if (random.chance(0.5)) link.peak = FlopRate{random.exponential(1e15) + 1};
  link.work.count = random.exponential(1e18);
  link.memory.count = random.between(1 << 30, INT64_MAX);
  return link;
}

Scenario random_scenario(RandomStream& random) {
  Scenario s{.name = random_text(random), .pipeline = {}, .costs = {}, .links = {}, .nodes = {}};
  s.pipeline = {.stages = random.between(1, 4096),
                .chunks = static_cast<int>(random.between(1, INT32_MAX)),
                .schedule = std::string(schedule_names()[random.below(3)]),
                .recompute = EnumNames<Recompute>::all[random.below(3)].value,
                .overlap = random.chance(0.5)};
  if (random.chance(0.7)) {
    s.costs =
        Costs{.forward = random_durations(random), .backward = random_durations(random), .efficiency = {}};
    s.costs->jitter = random.uniform01() / 2;
    if (random.chance(0.5)) s.costs->efficiency = 1 - random.uniform01();
  }
  while (random.chance(0.5)) s.links.push_back(random_link(random));
  s.layers.clear();
  while (random.chance(0.7)) s.layers.push_back(random.between(0, 99));
  if (random.chance(0.3)) s.nodes = random_link(random);
  if (random.chance(0.3))
    s.nodes = OneOrMany<Link>(std::vector<Link>{random_link(random), random_link(random)});
  return s;
}

}  // namespace

TEST_CASE("every type of member is read") {
  const Scenario s = from(R"(
name: GPT-3 175B
pipeline: {stages: 8, chunks: 2, schedule: zb-h1, recompute: full, overlap: false}
costs:
  forward: [18.522 ms, 18 ms]
  backward: 5 us
  transfer: 0.601 ms
  jitter: 0.05
  efficiency: 5e-1
links:
  - {name: nvlink, bandwidth: 900 GB/s, peak: 312 TFLOP/s, work: 2 TFLOP, memory: "40 GiB"}
  - {}
layers: [3, 4, 5]
nodes: {name: one}
)");
  CHECK(s.name == "GPT-3 175B");
  CHECK(s.pipeline == Pipeline{8, 2, "zb-h1", Recompute::Full, false});
  REQUIRE(s.costs);
  CHECK(s.costs->forward.is_list);
  CHECK(s.costs->forward.at(1) == 18ms);
  CHECK(s.costs->backward.at(17) == 5us);
  CHECK(s.costs->transfer == 601us);
  CHECK(s.costs->jitter == 0.05);
  CHECK(s.costs->efficiency == 0.5);
  REQUIRE(s.links.size() == 2);
  CHECK(s.links[0] == Link{"nvlink", {900e9}, FlopRate{312e12}, {2e12}, {std::int64_t{40} << 30}});
  CHECK(s.links[1] == Link{});
  CHECK(s.layers == std::vector<std::int64_t>{3, 4, 5});
  CHECK(s.nodes.at(0).name == "one");
}

TEST_CASE("what is not given keeps the default of the struct") {
  const Scenario s = from("pipeline: {stages: 3}");
  CHECK(s.pipeline == Pipeline{.stages = 3});
  CHECK_FALSE(s.costs);
  CHECK(s.layers == std::vector<std::int64_t>{1, 2});
  CHECK(s.nodes.empty());
}

TEST_CASE("null stands for a missing optional, and for nothing else") {
  CHECK_FALSE(from("pipeline: {stages: 3}\ncosts: ~").costs);
  CHECK_FALSE(from("pipeline: {stages: 3}\ncosts: {forward: 1 ms, efficiency: null}").costs->efficiency);
}

TEST_CASE("one value or a list knows how many entries it covers") {
  CHECK(OneOrMany<int>(3).covers(5));
  CHECK(OneOrMany<int>(std::vector{1, 2}).covers(2));
  CHECK_FALSE(OneOrMany<int>(std::vector{1, 2}).covers(3));
  CHECK_FALSE(OneOrMany<int>().covers(1));
}

TEST_CASE("a written scenario shows every key that is set", "[golden]") {
  CHECK(to_yaml(from("pipeline: {stages: 8}\ncosts: {forward: 1.5 ms}\nlinks: [{name: x}]")) ==
        R"(name: ""
pipeline:
  stages: 8
  chunks: 1
  schedule: 1f1b
  recompute: none
  overlap: true
costs:
  forward: 1.5 ms
  backward: 2 ms
  transfer: 5 us
  jitter: 0
links:
  - name: x
    work: 1 TFLOP
    memory: 80 GiB
layers: [1, 2]
)");
}

TEST_CASE("defaults can be left out, but not what is required or stands in a list", "[golden]") {
  const auto written = [](const std::string& text) { return to_yaml(from(text), Defaults::LeaveOut); };
  CHECK(
      written(
          "pipeline: {stages: 8, chunks: 1}\ncosts: {forward: 1.5 ms, transfer: 6 us}\nlinks: [{name: x}]") ==
      R"(pipeline:
  stages: 8
costs:
  forward: 1.5 ms
  transfer: 6 us
links:
  - name: x
)");
  CHECK(written("pipeline: {stages: 8}\nlayers: []\nlinks: [{}]") ==
        "pipeline:\n  stages: 8\nlinks: [{}]\nlayers: []\n");
}

TEST_CASE("a written scenario reads back as an equal scenario", "[property]") {
  RandomStream random(12, "scenarios");
  for (int i = 0; i < 2'000; ++i) {
    const Scenario scenario = random_scenario(random);
    const std::string text = to_yaml(scenario);
    CAPTURE(text);
    REQUIRE(from(text) == scenario);
    REQUIRE(to_yaml(from(text)) == text);
    REQUIRE(from(to_yaml(scenario, Defaults::LeaveOut)) == scenario);
  }
}

TEST_CASE("keys are listed with dots, entries of lists as N") {
  const std::vector<std::string> keys = dotted_keys(describe<Scenario>());
  CHECK(keys.size() == 26);
  for (const char* key :
       {"name", "pipeline", "pipeline.stages", "costs.forward", "links.N.bandwidth", "nodes.memory"}) {
    CAPTURE(key);
    CHECK(std::find(keys.begin(), keys.end(), key) != keys.end());
  }
}

TEST_CASE("every listed key can be explained", "[property]") {
  const StructInfo info = describe<Scenario>();
  for (const std::string& key : dotted_keys(info)) {
    CAPTURE(key);
    CHECK(explain_key(info, key).starts_with(key + ": "));
  }
}

TEST_CASE("explaining a key gives help, type, bounds, default and example", "[golden]") {
  const StructInfo info = describe<Scenario>();
  CHECK(explain_key(info, "pipeline.stages") ==
        "pipeline.stages: pipeline ranks p\n"
        "  type     an integer; 1 to 4096\n"
        "  default  none, the key is required\n");
  CHECK(explain_key(info, "pipeline.schedule") ==
        "pipeline.schedule: order of the ops\n"
        "  type     one of gpipe, 1f1b, zb-h1\n"
        "  default  1f1b\n");
  CHECK(explain_key(info, "costs.backward") ==
        "costs.backward: both gradients\n"
        "  type     a duration in ns us ms s min h; one for all or a list; more than 0\n"
        "  default  2 ms\n"
        "  example  5 ms\n");
  CHECK(explain_key(info, "costs.efficiency") ==
        "costs.efficiency: share of the peak\n"
        "  type     a number; more than 0, at most 1\n");
  CHECK(explain_key(info, "layers") ==
        "layers: layers of each stage\n"
        "  type     a list, each an integer; at least 0\n"
        "  default  [1, 2]\n");
  CHECK(explain_key(info, "links.7.memory") == explain_key(info, "links.N.memory").replace(6, 1, "7"));
  CHECK(explain_key(info, "pipeline") ==
        "pipeline: the pipeline\n"
        "  type     a map\n"
        "  default  none, the key is required\n"
        "    stages                 pipeline ranks p\n"
        "    chunks                 chunks v of a rank\n"
        "    schedule               order of the ops\n"
        "    recompute              activations computed again in backward\n"
        "    overlap                transfers run beside compute\n");
}

TEST_CASE("explaining an unknown key suggests a known one", "[error]") {
  const StructInfo info = describe<Scenario>();
  CHECK(error_of([&] { explain_key(info, "pipeline.stags"); }) ==
        "unknown key 'pipeline.stags'; did you mean 'pipeline.stages'?");
  CHECK(error_of([&] { explain_key(info, "name.x"); }) == "unknown key 'name.x'");
  CHECK(error_of([&] { explain_key(info, ""); }) == "unknown key ''");
}

TEST_CASE("the JSON Schema says what the reader accepts") {
  const nlohmann::json schema = nlohmann::json::parse(json_schema(describe<Scenario>()));
  CHECK(schema["$schema"] == "http://json-schema.org/draft-07/schema#");
  CHECK(schema["title"] == "scenario");
  CHECK(schema["additionalProperties"] == false);
  CHECK(schema["required"] == nlohmann::json::parse(R"(["pipeline"])"));
  const nlohmann::json& pipeline = schema["properties"]["pipeline"]["properties"];
  CHECK(pipeline["stages"] == nlohmann::json::parse(R"({"description": "pipeline ranks p", "type": "integer",
                                                        "minimum": 1, "maximum": 4096})"));
  CHECK(pipeline["schedule"]["enum"] == nlohmann::json::parse(R"(["gpipe", "1f1b", "zb-h1"])"));
  CHECK(pipeline["schedule"]["default"] == "1f1b");
  CHECK(pipeline["recompute"]["enum"] == nlohmann::json::parse(R"(["none", "selective", "full"])"));
  CHECK(pipeline["overlap"]["default"] == true);
  const nlohmann::json& costs = schema["properties"]["costs"]["properties"];
  CHECK(costs["transfer"]["description"] == "one hop (a duration in ns us ms s min h; at most 1 s)");
  CHECK(costs["transfer"]["default"] == "5 us");
  CHECK(costs["efficiency"]["exclusiveMinimum"] == 0);
  CHECK(costs["forward"]["anyOf"][1]["minItems"] == 1);
  CHECK(costs["forward"]["examples"][0] == "5 ms");
  CHECK(schema["properties"]["links"]["items"]["additionalProperties"] == false);
}

TEST_CASE("the schema's pattern accepts a quantity exactly where the reader does", "[property]") {
  const std::regex pattern(quantity_pattern(quantity_kind<Duration>()));
  for (const std::string text :
       {"5 ms", "5ms",      "1.5e3 us", ".5 s", "5. s", "1E-3 min", " 5  h ", "5",     "ms",    "-5 ms",
        "5 MS", "1.2.3 ms", "5 m s",    "",     ". s",  "e5 s",     "1e s",   "+5 ms", "0x5 s", "1e+5ns"}) {
    CAPTURE(text);
    bool is_read = true;
    try {
      (void)parse_quantity<Duration>(text);
    } catch (const QuantityError&) {
      is_read = false;
    }
    CHECK(std::regex_match(text, pattern) == is_read);
  }
}
