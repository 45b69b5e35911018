#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "command_line.h"

using namespace stagecraft;
using nlohmann::json;

namespace {

json report(std::vector<std::string> words) {
  words.insert(words.end(), {"--json", "-"});
  const Output output = run_program(words);
  CHECK(output.err.empty());
  REQUIRE(output.status == 0);
  return json::parse(output.out);
}

json two_ranks(const std::vector<std::string>& overrides) {
  std::vector<std::string> words{"run", "a.yaml"};
  for (const std::string& override : overrides) words.insert(words.end(), {"--set", override});
  return report(words);
}

/// The makespan in whole nanoseconds.
std::int64_t makespan_ns(const json& run) {
  return std::llround(run["metrics"]["makespan_s"].get<double>() * 1e9);
}

}  // namespace

TEST_CASE("a run is reported in a few lines", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kTwoRanks);
  const Output output = run_program({"run", "a.yaml"});
  CHECK(output.status == 0);
  CHECK(output.err.empty());
  CHECK(output.out ==
        "a: 1f1b, 2 ranks, 2 micro-batches, given costs\n"
        "  Step       10 ms          6 ms of it compute on the mean rank\n"
        "  Idle       40.0 %         warm-up 17.5 %, tail 12.5 %, link 7.5 %, drain 2.5 %\n"
        "  Memory     2 activations  at most on one rank\n");
  CHECK(folder.names() == std::vector<std::string>{"a.yaml"});
}

TEST_CASE("no text of a scenario reaches the terminal as a command", "[golden]") {
  const TemporaryFolder folder;
  const std::string red = "\x1b[31m";
  write_text("\x1b.csv", "0F0,0B0\n");
  write_text("a.yaml",
             "name: \"a\\e[31m\\nb\"\n"
             "pipeline: {csv: \"\\e.csv\"}\n"
             "costs: {forward: 1 ms, backward: 2 ms}\n"
             "published: {source: \"\\e[31m\", makespan: 3 ms}\n");
  CHECK(run_program({"run", "a.yaml", "--csv", red}).out ==
        "a\\x1b[31m\\nb: \\x1b.csv, 1 rank, 1 micro-batch, given costs\n"
        "  Step       3 ms           3 ms of it compute on the mean rank\n"
        "  Idle       0.0 %          none\n"
        "  Memory     1 activation   at most on one rank\n"
        "  Published  3 ms (+0.0 % simulated), \\x1b[31m\n"
        "  Written    \\x1b[31m\n");
  CHECK(run_program({"run", red, red}).err.find('\x1b') == std::string::npos);
  CHECK(run_program({"explain", red}).err.find('\x1b') == std::string::npos);
}

// Rank 0: F0 0-1, F1 1-2, B0 5-7, B1 8-10 ms. Rank 1, half a millisecond away: F0 1.5-2.5, B0 2.5-4.5,
// F1 4.5-5.5, B1 5.5-7.5 ms. Each computes 6 ms.
TEST_CASE("the numbers of two ranks are those laid out by hand", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kTwoRanks);
  const json run = report({"run", "a.yaml"});
  CHECK(run["scenario"] == "a");
  CHECK(run["kind"] == "pipeline");
  CHECK(run["schedule"] == "1f1b");
  CHECK(run["stagecraft"].get<std::string>().substr(0, 2) == "0.");
  const json expected = json::parse(R"({
    "makespan_s": 0.01, "span_s": 0.01, "ideal_s": 0.006,
    "bubble_over_makespan": 0.4, "bubble_over_ideal": 0.6666666666666666, "bubble_over_span": 0.4,
    "peak_memory_bytes": 0, "peak_activations": 2, "ops": 8})");
  CHECK(run["metrics"] == expected);
  const json ranks = json::parse(R"([
    {"rank": 0, "busy_s": 0.006, "communication_s": 0, "idle_s": 0.004, "span_s": 0.01,
     "peak_memory_bytes": 0, "static_memory_bytes": 0, "peak_activations": 2,
     "idle_by_cause_s": {"warm_up": 0.0025, "drain": 0.0005, "dependency": 0, "imbalance": 0, "link": 0.001, "tail": 0}},
    {"rank": 1, "busy_s": 0.006, "communication_s": 0, "idle_s": 0.004, "span_s": 0.006,
     "peak_memory_bytes": 0, "static_memory_bytes": 0, "peak_activations": 1,
     "idle_by_cause_s": {"warm_up": 0.001, "drain": 0, "dependency": 0, "imbalance": 0, "link": 0.0005, "tail": 0.0025}}])");
  CHECK(run["ranks"] == ranks);
}

TEST_CASE("a run of a model has every key of the contract", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kTrained);
  const json run = report({"run", "a.yaml"});
  for (const char* key : {"stagecraft", "scenario", "kind", "metrics", "ranks"}) CHECK(run.contains(key));
  for (const char* key :
       {"makespan_s", "span_s", "ideal_s", "bubble_over_makespan", "bubble_over_ideal", "bubble_over_span",
        "peak_memory_bytes", "throughput_samples_per_s", "model_flops_utilization", "ops"}) {
    INFO(key);
    CHECK(run["metrics"].contains(key));
  }
  REQUIRE(run["ranks"].size() == 12);
  for (const json& rank : run["ranks"])
    for (const char* key :
         {"rank", "busy_s", "idle_s", "span_s", "peak_memory_bytes", "peak_activations", "idle_by_cause_s"}) {
      INFO(key);
      CHECK(rank.contains(key));
    }
  // 48 samples a step; F and B of 48 micro-batches, a reduction and an optimizer step on each of 12 ranks.
  const json& metrics = run["metrics"];
  CHECK(metrics["devices"] == 96);
  CHECK(metrics["throughput_samples_per_s"].get<double>() ==
        Approx(48 / metrics["makespan_s"].get<double>()).epsilon(1e-12));
  CHECK(metrics["ops"].get<int>() >= 12 * 48 * 2);
  CHECK(metrics["peak_activations"] == 12);
}

TEST_CASE("overrides change one value and are laid out by hand again", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kTwoRanks);
  // Free hops: (m + p - 1) (F + B) = 3 x 3 ms.
  CHECK(makespan_ns(two_ranks({"costs.transfer=0 s"})) == 9'000'000);
  // GPipe, p = 4, m = 8: (8 + 3) x 3 ms.
  CHECK(makespan_ns(two_ranks({"costs.transfer=0 s", "pipeline.schedule=gpipe", "pipeline.stages=4",
                               "pipeline.microbatches=8"})) == 33'000'000);
  // Interleaved, v = 2: m (F + B) + (p - 1) (F + B) / v = 24 + 4.5 ms.
  CHECK(makespan_ns(two_ranks({"costs.transfer=0 s", "pipeline.schedule=interleaved-1f1b",
                               "pipeline.chunks=2", "pipeline.stages=4", "pipeline.microbatches=8"})) ==
        28'500'000);
  // A reduction of 1 ms and an optimizer step of 2 ms follow rank 0's last backward at 10 ms.
  CHECK(makespan_ns(two_ranks({"costs.gradient_reduction=1 ms", "costs.optimizer=2 ms"})) == 13'000'000);
  // One rank has no hops and no idle time: 2 x 3 ms.
  const json alone = two_ranks({"pipeline.stages=1"});
  CHECK(makespan_ns(alone) == 6'000'000);
  CHECK(alone["metrics"]["bubble_over_makespan"] == 0);
  // The second stage takes 3 ms forward: B1 leaves rank 1 at 1.5 + 2 x (3 + 2) ms, and ends 0.5 + 2 ms later.
  CHECK(makespan_ns(two_ranks({"costs.forward=[1 ms, 3 ms]"})) == 14'000'000);
  // 1 GiB of state and two activations of 1 MiB on rank 0.
  CHECK(two_ranks({"costs.state=1 GiB", "costs.activation=1 MiB"})["metrics"]["peak_memory_bytes"] ==
        (std::int64_t{1} << 30) + (std::int64_t{2} << 20));
}

TEST_CASE("published numbers are repeated in the JSON", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml", std::string(kTwoRanks) +
                           "published: {source: somebody, makespan: 12 ms, bubble_over_span: 0.25}\n");
  CHECK(report({"run", "a.yaml"})["published"] ==
        json::parse(R"({"source": "somebody", "makespan_s": 0.012, "bubble_over_span": 0.25})"));
}

TEST_CASE("every output that is asked for appears, and nothing else", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kTwoRanks);
  const Output output = run_program({"run", "a.yaml", "--json", "a.json", "--csv", "a.csv", "--svg", "a.svg",
                                     "--trace", "a.trace.json", "--schedule-csv", "schedule.csv"});
  CHECK(output.status == 0);
  CHECK(output.err.empty());
  CHECK(output.out.substr(output.out.rfind("  Written")) ==
        "  Written    a.json, a.csv, a.svg, a.trace.json, schedule.csv\n");
  CHECK(folder.names() ==
        std::vector<std::string>{"a.csv", "a.json", "a.svg", "a.trace.json", "a.yaml", "schedule.csv"});
  CHECK(read_text("schedule.csv") == "0F0,0F1,0B0,0B1\n1F0,1B0,1F1,1B1\n");
  CHECK(read_text("a.csv") ==
        "rank,op,kind,stage,microbatch,start_s,end_s,cause,waits_for\n"
        "0,0F0,forward,0,0,0,0.001,,\n"
        "0,0F1,forward,0,1,0.001,0.002,,\n"
        "0,,bubble,,,0.002,0.0045,warm_up,1B0\n"
        "0,,bubble,,,0.0045,0.005,link,1B0\n"
        "0,0B0,backward,0,0,0.005,0.007,,\n"
        "0,,bubble,,,0.007,0.0075,drain,1B1\n"
        "0,,bubble,,,0.0075,0.008,link,1B1\n"
        "0,0B1,backward,0,1,0.008,0.01,,\n"
        "1,,bubble,,,0,0.001,warm_up,0F0\n"
        "1,,bubble,,,0.001,0.0015,link,0F0\n"
        "1,1F0,forward,1,0,0.0015,0.0025,,\n"
        "1,1B0,backward,1,0,0.0025,0.0045,,\n"
        "1,1F1,forward,1,1,0.0045,0.0055,,\n"
        "1,1B1,backward,1,1,0.0055,0.0075,,\n"
        "1,,bubble,,,0.0075,0.01,tail,\n");
  CHECK(json::parse(read_text("a.json"))["metrics"]["ops"] == 8);
  CHECK(read_text("a.svg").substr(0, 5) == "<svg ");
  CHECK(read_text("a.svg").find("makespan 10 ms") != std::string::npos);
  std::size_t ops = 0;
  const json trace = json::parse(read_text("a.trace.json"));
  for (const json& event : trace["traceEvents"]) ops += event.value("cat", "") == "compute";
  CHECK(ops == 8);
}

TEST_CASE("a picture shows the memory of each rank where that is asked for", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kTwoRanks);
  const std::vector<std::string> words{"run", "a.yaml", "--set", "costs.activation=1 MiB", "--svg", "a.svg"};
  const auto has = [](const char* part) { return read_text("a.svg").find(part) != std::string::npos; };
  CHECK(run_program(words).status == 0);
  CHECK_FALSE(has("memory"));
  std::vector<std::string> more = words;
  more.push_back("--svg-memory");
  CHECK(run_program(more).status == 0);
  CHECK(has(">memory, up to 2 MiB</text>"));
  CHECK(has(">peak 2 MiB</text>"));  // rank 0 holds two activations
  CHECK(has(">peak 1 MiB</text>"));  // rank 1 one
}

TEST_CASE("a trace of blocking transfers shows each send once, with its length", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kTwoRanks);
  CHECK(run_program({"run", "a.yaml", "--set", "pipeline.transfers=blocking", "--trace", "a.json"}).status ==
        0);
  std::size_t sends = 0;
  const json trace = json::parse(read_text("a.json"));
  for (const json& event : trace["traceEvents"]) {
    if (event.value("cat", "") != "communication") continue;
    ++sends;
    CHECK(event["dur"] == 500);
  }
  CHECK(sends == 4);  // an activation and a gradient of two micro-batches
}

TEST_CASE("a trace whose name ends in .gz is compressed", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kTwoRanks);
  CHECK(run_program({"run", "a.yaml", "--trace", "a.json.gz"}).status == 0);
  CHECK(read_text("a.json.gz").substr(0, 2) == "\x1f\x8b");
}

TEST_CASE("a schedule that was written is read again and gives the same times", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kTwoRanks);
  const std::vector<std::string> large{
      "run", "a.yaml", "--set", "pipeline.stages=4", "--set", "pipeline.microbatches=9"};
  std::vector<std::string> writing = large;
  writing.insert(writing.end(), {"--schedule-csv", "s.csv"});
  CHECK(run_program(writing).status == 0);
  write_text("b.yaml", "pipeline: {csv: s.csv}\ncosts: {forward: 1 ms, backward: 2 ms, transfer: 500 us}\n");
  const json from_csv = report({"run", "b.yaml"});
  CHECK(from_csv["schedule"] == "s.csv");
  const json generated = report(large);
  CHECK(from_csv["metrics"] == generated["metrics"]);
  CHECK(from_csv["ranks"] == generated["ranks"]);
}

TEST_CASE("a schedule from a file keeps its cells, whatever the file is called", "[golden]") {
  const TemporaryFolder folder;
  const std::string cells = "0F0,0F1,0B0,0B1\n1F0,1B0,1F1,1B1\n";
  for (const std::string name : {"gpipe", "interleaved-1f1b", "1f1b"}) {
    INFO(name);
    write_text(name, cells);
    write_text("a.yaml", "pipeline: {csv: " + name + "}\ncosts: {forward: 1 ms, backward: 2 ms}\n");
    CHECK(run_program({"run", "a.yaml", "--schedule-csv", "out.csv"}).status == 0);
    CHECK(read_text("out.csv") == cells);
  }
}

TEST_CASE("a selection leaves out other ranks and times", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kTwoRanks);
  CHECK(run_program({"run", "a.yaml", "--csv", "-", "--trace-ranks", "1", "--trace-window", "2.5ms..5ms"})
            .out ==
        "rank,op,kind,stage,microbatch,start_s,end_s,cause,waits_for\n"
        "1,1B0,backward,1,0,0.0025,0.0045,,\n"
        "1,1F1,forward,1,1,0.0045,0.0055,,\n");
}

TEST_CASE("a number on standard output is there alone", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kTwoRanks);
  const Output output = run_program({"run", "a.yaml", "--json", "-", "--csv", "a.csv"});
  CHECK(output.status == 0);
  CHECK(output.err.empty());
  CHECK(json::accept(output.out));
  CHECK(folder.names() == std::vector<std::string>{"a.csv", "a.yaml"});
}
