#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <map>

#include "command_line.h"

using namespace stagecraft;
using nlohmann::json;

namespace {

constexpr const char* kModel =
    "model: {preset: gpt-1.7b}\n"
    "cluster: {preset: dgx-a100, nodes: 1}\n"
    "parallel: {pipeline: 4}\n"
    "batch: {global: 16}\n"
    "pipeline: {schedule: 1f1b}\n";

/// What `run` says of the model under other settings.
json report(const std::vector<std::string>& overrides) {
  const TemporaryFolder folder;
  write_text("a.yaml", kModel);
  std::vector<std::string> words{"run", "a.yaml", "--json", "-"};
  for (const std::string& assignment : overrides) words.insert(words.end(), {"--set", assignment});
  const Output output = run_program(words);
  CHECK(output.err == "");
  REQUIRE(output.status == 0);
  return json::parse(output.out);
}

std::string error(const std::vector<std::string>& overrides) {
  const TemporaryFolder folder;
  write_text("a.yaml", kModel);
  std::vector<std::string> words{"run", "a.yaml"};
  for (const std::string& assignment : overrides) words.insert(words.end(), {"--set", assignment});
  const Output output = run_program(words);
  CHECK(output.status == 2);
  return output.err;
}

double of_rank(const json& run, std::size_t rank, const char* key) {
  return run["ranks"][rank][key].get<double>();
}

}  // namespace

TEST_CASE("two copies of a model take its memory twice and sum their gradients", "[formula]") {
  const json one = report({}), two = report({"pipeline.schedule=chimera"});
  // Ranks 0 and 3 hold stages 0 and 3 both: the same in all, but for the tied table, which they share then.
  const double ends = of_rank(one, 0, "static_memory_bytes") + of_rank(one, 3, "static_memory_bytes");
  const double table = 18.0 * 51200 * 2304;
  CHECK(of_rank(two, 0, "static_memory_bytes") == ends);
  CHECK(of_rank(two, 3, "static_memory_bytes") == ends);
  CHECK(ends > 2 * table);
  CHECK(of_rank(two, 1, "static_memory_bytes") ==
        of_rank(one, 1, "static_memory_bytes") + of_rank(one, 2, "static_memory_bytes"));
  // One replica alone has nothing to reduce in the middle; two copies have.
  CHECK(of_rank(one, 1, "communication_s") == 0);
  CHECK(of_rank(two, 1, "communication_s") > 0);
}

TEST_CASE("DualPipe hides communication behind computation, so only tensor parallelism gains", "[sim]") {
  const std::vector<std::string> alone{"pipeline.schedule=dualpipe"};
  const json free = report(alone);
  // Without collectives a fused op takes as long as its halves.
  const json all_apart = report({"pipeline.schedule=dualpipe", "costs.roofline.fused_hiding=0"});
  CHECK(free["metrics"]["makespan_s"] == all_apart["metrics"]["makespan_s"]);
  const json hidden = report({"pipeline.schedule=dualpipe", "parallel.tensor=2"});
  const json shown =
      report({"pipeline.schedule=dualpipe", "parallel.tensor=2", "costs.roofline.fused_hiding=0"});
  CHECK(hidden["metrics"]["makespan_s"] < shown["metrics"]["makespan_s"]);
}

TEST_CASE("segments add up to the micro-batch and hold less of it", "[formula]") {
  // Fused causal attention over all segments is that of the whole sequence; smaller products cost a little,
  // and the host that launches more kernels is not asked here.
  const auto busy = [](int segments) {
    return of_rank(
        report({"pipeline.schedule=seq1f1b", fmt::format("pipeline.segments={}", segments),
                "model.sequence=16384", "model.attention=flash", "costs.roofline.host_launch=0 us"}),
        1, "busy_s");
  };
  CHECK(busy(2) > busy(1));
  CHECK(busy(4) > busy(2));
  CHECK(busy(4) < 1.06 * busy(1));
  const json whole = report({}), cut = report({"pipeline.schedule=seq1f1b", "pipeline.segments=4"});
  // 4 - 0 micro-batches against 4 + 4 - 1 quarters, and scores against the whole past.
  CHECK(of_rank(cut, 0, "peak_activations") == 7);
  CHECK(of_rank(cut, 0, "peak_memory_bytes") < of_rank(whole, 0, "peak_memory_bytes"));
  CHECK(error({"pipeline.schedule=seq1f1b", "pipeline.segments=3"}) ==
        "--set pipeline.segments=3: 3 segments do not divide a sequence of 2048 tokens\n");
}

TEST_CASE("a layout of Megatron-LM's is layers and chunks", "[formula]") {
  // 24 layers of gpt-1.7b on 4 ranks of 2 chunks.
  const json layers = report({"pipeline.schedule=interleaved-1f1b", "pipeline.chunks=2",
                              "pipeline.layers=[2, 3, 3, 3, 4, 4, 4, 1]"});
  const json layout =
      report({"pipeline.schedule=interleaved-1f1b", "pipeline.layout='Ett|(ttt|)*3(t*4|)*3tL'"});
  CHECK(layout == layers);
}

TEST_CASE("every stage may recompute in its own way", "[formula]") {
  const json none = report({}), all = report({"pipeline.recompute=full"});
  const json some = report({"pipeline.recompute=[full, none, none, none]"});
  CHECK(of_rank(some, 0, "peak_memory_bytes") == of_rank(all, 0, "peak_memory_bytes"));
  CHECK(of_rank(some, 0, "busy_s") == of_rank(all, 0, "busy_s"));
  for (std::size_t rank = 1; rank < 4; ++rank) {
    CHECK(of_rank(some, rank, "peak_memory_bytes") == of_rank(none, rank, "peak_memory_bytes"));
    CHECK(of_rank(some, rank, "busy_s") == of_rank(none, rank, "busy_s"));
  }
  CHECK(error({"pipeline.recompute=[full, none]"}) ==
        "--set pipeline.recompute=[full, none]: 'pipeline.recompute' needs one value per stage: 4, got 2\n");
}

TEST_CASE("BPipe's transfers cost what the link to the partner costs", "[sim]") {
  const json one = report({"parallel.pipeline=8", "batch.global=32"});
  const json balanced = report({"parallel.pipeline=8", "batch.global=32", "pipeline.schedule=bpipe"});
  CHECK(of_rank(one, 0, "peak_activations") == 8);
  for (std::size_t rank = 0; rank < 8; ++rank) CHECK(of_rank(balanced, rank, "peak_activations") <= 5);
  CHECK(balanced["metrics"]["makespan_s"] == one["metrics"]["makespan_s"]);  // NVLink: all transfers hide
  // Over a link of 50 MB/s they do not.
  const json slow = report({"parallel.pipeline=8", "batch.global=32", "pipeline.schedule=bpipe",
                            "cluster.intra.bandwidth=50 MB/s"});
  const json slow_one = report({"parallel.pipeline=8", "batch.global=32", "cluster.intra.bandwidth=50 MB/s"});
  CHECK(slow["metrics"]["makespan_s"] > slow_one["metrics"]["makespan_s"]);
}

TEST_CASE("schedules without a flush say what they settle to", "[sim]") {
  const json flushed = report({}), endless = report({"pipeline.schedule=pipedream-2bw"});
  CHECK_FALSE(flushed["metrics"].contains("steady_microbatch_s"));
  REQUIRE(endless["metrics"].contains("steady_microbatch_s"));
  CHECK(endless["metrics"]["steady_microbatch_s"].get<double>() * 16 <
        endless["metrics"]["makespan_s"].get<double>());
}

TEST_CASE("schedules are as far ahead of 1F1B on MI300X as README says", "[oracle]") {
  // AMD Primus, Llama 2 7B on eight MI300X: tokens per second over those of 1f1b, and what README says of
  // ours.
  struct Row {
    const char* name;
    double measured, simulated, slow_hops;
  };
  const Row rows[] = {{"interleaved-1f1b v=2", 10974.0 / 10057, 1.081, 1.069},
                      {"interleaved-zero-bubble v=2", 11411.0 / 10057, 1.166, 1.156},
                      {"zb-v", 11347.0 / 10057, 1.132, 1.139},
                      {"v-half", 10894.0 / 10057, 1.052, 1.025},
                      {"v-min", 8897.2 / 10057, 0.996, 0.891}};
  const auto ratios = [](const char* latency) {
    const Output output = run_program(
        {"run", (shipped_scenarios() / "llama2-7b-mi300x.yaml").string(), "--set",
         std::string("cluster.intra.latency=") + latency, "--compare",
         "1f1b,interleaved-1f1b:v=2,interleaved-zero-bubble:v=2,zb-v,v-half,v-min", "--json", "-"});
    REQUIRE(output.status == 0);
    std::map<std::string, double> seconds;
    const json report = json::parse(output.out);
    for (const json& run : report["runs"]) seconds[run["schedule"]] = run["makespan_s"];
    for (auto& [name, value] : seconds)
      if (name != "1f1b") value = seconds.at("1f1b") / value;
    return seconds;
  };
  const auto fast = ratios("5 us"), slow = ratios("1 ms");
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(std::abs(fast.at(row.name) - row.simulated) <= 0.0005);
    CHECK(std::abs(slow.at(row.name) - row.slow_hops) <= 0.0005);
    CHECK(std::abs(fast.at(row.name) / row.measured - 1) < 0.13);
  }
}

TEST_CASE("recomputation is chosen by stage, the least that fits", "[formula]") {
  const auto peaks = [](const json& run) {
    std::vector<std::int64_t> result;
    for (const json& rank : run["ranks"]) result.push_back(rank["peak_memory_bytes"].get<std::int64_t>());
    return result;
  };
  const auto ways =
      std::array{report({}), report({"pipeline.recompute=selective"}), report({"pipeline.recompute=full"})};
  // A limit below rank 0's peak without any, and below rank 1's with selective recomputation only.
  for (const std::int64_t limit : {peaks(ways[0])[0] - 1, peaks(ways[0])[0], peaks(ways[0])[3],
                                   peaks(ways[1])[0] - 1, peaks(ways[2])[0]}) {
    CAPTURE(limit);
    const json chosen = report({"pipeline.recompute=auto", fmt::format("pipeline.memory_limit={} B", limit)});
    for (std::size_t rank = 0; rank < 4; ++rank) {
      std::size_t way = 0;
      while (way < 2 && peaks(ways[way])[rank] > limit) ++way;
      CHECK(peaks(chosen)[rank] == peaks(ways[way])[rank]);
      CHECK(of_rank(chosen, rank, "busy_s") == of_rank(ways[way], rank, "busy_s"));
    }
  }
  const json little = report({"pipeline.recompute=auto", "cluster.device.memory=1 GiB"});
  const std::string all = little["notes"].back().get<std::string>();
  CHECK(all.substr(0, 44) == "recomputation chosen by stage: full on 0-3; ");
  CHECK(all.substr(all.size() - 31) == " GiB more than 1 GiB are needed");
  CHECK(error({"pipeline.recompute=[auto, none, none, none]"}) ==
        "--set pipeline.recompute=[auto, none, none, none]: 'pipeline.recompute' auto is for all stages; it "
        "does not stand in a list\n");
  CHECK(error({"pipeline.recompute=auto", "pipeline.schedule=zb-auto"}) ==
        "--set pipeline.recompute=auto: 'pipeline.recompute' auto needs to know the order of ops, which "
        "zb-auto "
        "plans for what is recomputed\n");
}

TEST_CASE("of a rank's chunks the first recompute first", "[formula]") {
  const std::vector<std::string> setting{"pipeline.schedule=interleaved-1f1b", "pipeline.chunks=2"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.end(), setting.begin(), setting.end());
    return report(more);
  };
  const auto peak = [](const json& run) { return run["metrics"]["peak_memory_bytes"].get<std::int64_t>(); };
  const json none = with({});
  const json chosen =
      with({"pipeline.recompute=auto", fmt::format("pipeline.memory_limit={} B", peak(none) - 1)});
  CHECK(chosen["notes"].back() == "recomputation chosen by stage: selective on 0, none on 1-7");
}

TEST_CASE("a stage that two ranks hold recomputes for both", "[formula]") {
  const auto with = [](std::vector<std::string> more) {
    more.insert(more.end(), {"pipeline.schedule=chimera", "batch.global=8"});
    return report(more);
  };
  const json none = with({});
  const std::int64_t peak = none["metrics"]["peak_memory_bytes"].get<std::int64_t>();
  const json chosen = with({"pipeline.recompute=auto", fmt::format("pipeline.memory_limit={} B", peak - 1)});
  CHECK(chosen["metrics"]["peak_memory_bytes"].get<std::int64_t>() < peak);
  // One stage alone: the rank at the peak and its mirror image hold the same ones.
  const std::string note = chosen["notes"].back().get<std::string>();
  CHECK(note == "recomputation chosen by stage: selective on 0, none on 1-3");
}

TEST_CASE("versions without weights of their own are noted", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml",
             "pipeline: {schedule: pipedream, stages: 4, microbatches: 8}\n"
             "costs: {forward: 1 ms, backward: 2 ms, state: 10 GiB}\n");
  const json plain = json::parse(run_program({"run", "a.yaml", "--json", "-"}).out);
  CHECK(plain["metrics"]["peak_memory_bytes"] == 10LL << 30);
  CHECK(plain["notes"][0] == "without 'costs.weights', older versions of the weights take no memory");
  const json versions =
      json::parse(run_program({"run", "a.yaml", "--set", "costs.weights=2 GiB", "--json", "-"}).out);
  CHECK(versions["metrics"]["peak_memory_bytes"] == (10LL + 3 * 2) << 30);
  CHECK_FALSE(versions.contains("notes"));
}

TEST_CASE("idle shares of long steps on many ranks add up", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml",
             "pipeline: {stages: 64, microbatches: 2}\n"
             "costs: {forward: 2400 h, backward: 2400 h}\n");
  // (p-1)/(m+p-1) of the step.
  CHECK(run_program({"run", "a.yaml"})
            .out.find("Idle       96.9 %         warm-up 71.9 %, tail 24.2 %, drain 0.8 %") !=
        std::string::npos);
}
