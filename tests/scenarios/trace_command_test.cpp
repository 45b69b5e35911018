#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "../trace/kineto.h"
#include "command_line.h"

using namespace stagecraft;
using nlohmann::json;

namespace {

void check_explained(const json& value) {
  for (const auto& [key, item] : value.items()) {
    if (value.is_object()) {
      INFO(key);
      CHECK(run_program({"explain", key}).status == 0);
    }
    if (item.is_structured()) check_explained(item);
  }
}

}  // namespace

TEST_CASE("trace measures what a profiler saw", "[golden]") {
  const TemporaryFolder folder;
  write_text("t.json", kineto(two_streams()));  // tests/trace/kineto.h derives the numbers
  CHECK(printed({"trace", "t.json", "--svg", "t.svg"}) ==
        "t.json: 1 GPU, 8 kernels, 1 copy or memset\n"
        "  Span       540 us         from first start to last end\n"
        "  Compute    360 us         66.7 % of the span\n"
        "  Comm.      140 us         90 us (64.3 %) of it hidden behind compute, 50 us exposed\n"
        "  Copies     10 us          in which nothing else ran\n"
        "  Idle       120 us         22.2 % of the span: host 9.3 %, synchronization 5.6 %, queued 3.7 %, "
        "unknown "
        "3.7 %\n"
        "  Kernels    6 compute      2 communication, by name: nccl 1 x (80 us), deep_ep 1 x (60 us)\n"
        "  Ranges     on the GPU     attn(F) 2 x (230 us)\n"
        "  Written    t.svg\n");
  const std::string svg = read_text("t.svg");
  for (const char* part : {">GPU 0 compute</text>", ">GPU 0 comm.</text>", "<title>gemm_a, 0–100 µs</title>",
                           "<title>idle: host, 400–450 µs</title>", ">copies and memsets</text>"}) {
    INFO(part);
    CHECK(svg.find(part) != std::string::npos);
  }
  const std::string other = printed({"trace", "t.json", "--comm", "gemm_a,GEMM_B"});
  CHECK(other.find("4 compute") == std::string::npos);
  CHECK(other.find("2 communication, by name: gemm_a 1 x (100 us), GEMM_B 1 x (80 us)\n") !=
        std::string::npos);
}

TEST_CASE("trace --csv has a line per kernel and idle stretch", "[golden]") {
  const TemporaryFolder folder;
  write_text("t.json", kineto(kernel("gemm<1, \\\"a\\\">", 7, 5, 10.5, 1) + kernel("b", 7, 12, 13, 2)));
  CHECK(printed({"trace", "t.json", "--csv", "-"}) ==
        "rank,name,stream,class,start_s,end_s,cause\n"
        "0,\"gemm<1, \"\"a\"\">\",7,compute,0,0.0000055,\n"
        "0,,,idle,0.0000055,0.000007,unknown\n"
        "0,\"b\",7,compute,0.000007,0.000008,\n");
}

TEST_CASE("trace --json has every number, in seconds, and explain knows each", "[golden]") {
  const TemporaryFolder folder;
  write_text("t.json", kineto(two_streams()));
  write_text("a.yaml", kTwoRanks);
  const json report = json::parse(printed({"trace", "t.json", "--against", "a.yaml", "--json", "-"}));
  CHECK(report["kind"] == "trace");
  CHECK(report["written_by"] == "profiler");
  CHECK(report["metrics"]["overlap_s"] == 0.00009);
  CHECK(report["ranks"][0]["idle_by_cause_s"]["host"] == 0.00005);
  CHECK(report["communication"][0]["name"] == "nccl");
  CHECK(report["simulated"]["metrics"]["span_s"] == 0.01);
  CHECK(report["simulated"]["ranks"].size() == 2);
  check_explained(report);
}

TEST_CASE("a trace that Stagecraft wrote is the step that it simulates again", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kTwoRanks);
  printed({"run", "a.yaml", "--trace", "a.json", "--csv", "run.csv"});
  CHECK(printed({"trace", "a.json", "--csv", "-"}) == read_text("run.csv"));
  // Rank 0: F0 0-1, F1 1-2, B0 5-7, B1 8-10; rank 1: F0 1.5-2.5, B0 2.5-4.5, F1 4.5-5.5, B1 5.5-7.5. On the
  // link: 1-1.5, 2-2.5, 4.5-5, 7.5-8. Of 2 ms of these rank 0 hides 1-1.5, rank 1 2-2.5 and 4.5-5.
  CHECK(printed({"trace", "a.json", "--against", "a.yaml"}) ==
        "a.json: simulated, 2 ranks, 8 ops\n"
        "  Span       10 ms          of the step, here and below the mean over ranks\n"
        "  Compute    6 ms           60.0 % of the span\n"
        "  Comm.      2 ms           750 us (37.5 %) of it hidden behind compute, 1.25 ms exposed\n"
        "  Idle       2.75 ms        27.5 % of the span: warm-up 15.0 %, tail 10.0 %, drain 2.5 %\n"
        "          span       compute    comm.      hidden     exposed    idle\n"
        "  rank 0  10 ms      6 ms       2 ms       25.0 %     1.5 ms     2.5 ms\n"
        "  rank 1  10 ms      6 ms       2 ms       50.0 %     1 ms       3 ms\n"
        "Beside a: 1f1b, 2 ranks\n"
        "  mean over ranks   trace          simulated      difference\n"
        "  span              10 ms          10 ms          none\n"
        "  compute           6 ms           6 ms           none\n"
        "  communication     2 ms           2 ms           none\n"
        "  overlap           750 us         750 us         none\n"
        "  hidden            37.5 %         37.5 %         +0.0 points\n"
        "  exposed           1.25 ms        1.25 ms        none\n"
        "  idle              2.75 ms        2.75 ms        none\n"
        "    warm-up         1.5 ms         1.5 ms         none\n"
        "    drain           250 us         250 us         none\n"
        "    tail            1 ms           1 ms           none\n");
}

TEST_CASE("a cut trace says what it shows, and its numbers are of that part", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kTwoRanks);
  printed({"run", "a.yaml", "--trace", "a.json.gz", "--csv", "run.csv", "--trace-window", "2ms..6ms",
           "--trace-ranks", "1"});
  // Rank 1 from 2 to 6: F0 until 2.5, B0 until 4.5, F1 until 5.5, B1. Its link: 2-2.5 in, 4.5-5 out.
  CHECK(printed({"trace", "a.json.gz", "--svg", "a.svg"}) ==
        "a.json.gz: simulated, 1 rank, 4 ops\n"
        "  Cut        the trace shows 2 ms..6 ms of 10 ms, rank 1 of 2: all numbers are of this part\n"
        "  Span       4 ms           of the part\n"
        "  Compute    4 ms           100.0 % of the span\n"
        "  Comm.      1 ms           1 ms (100.0 %) of it hidden behind compute, 0 s exposed\n"
        "  Idle       0 s            0.0 % of the span\n"
        "  Written    a.svg\n");
  CHECK(read_text("a.svg").find("shown from 2 to 6 ms, ranks 1–1 of 2") != std::string::npos);
  CHECK(printed({"trace", "a.json.gz", "--csv", "-"}) == read_text("run.csv"));
  const json report = json::parse(printed({"trace", "a.json.gz", "--json", "-"}));
  CHECK(report["cut"] == json::parse(R"({"from_s": 0.002, "to_s": 0.006, "step_s": 0.01, "first_rank": 1,
                                         "last_rank": 1, "rank_count": 2})"));
  CHECK(report["ranks"][0]["rank"] == 1);
  check_explained(report);
  CHECK(refused({"trace", "a.json.gz", "--against", "a.yaml"}) ==
        "a.json.gz: error: shows a part of a step (2 ms..6 ms of 10 ms, rank 1 of 2), whose numbers are not "
        "those of a whole one\n"
        "      = write it without '--trace-window' and '--trace-ranks' to compare it with a scenario\n");
}

TEST_CASE("a simulated op of days reads back, a kernel of days is refused", "[error]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kTwoRanks);
  printed({"run", "a.yaml", "--set", "costs.forward=1000 h", "--trace", "a.json"});
  CHECK(printed({"trace", "a.json"}).find("2 ranks, 8 ops\n") != std::string::npos);
  write_text("t.json", kineto(kernel("gemm", 7, 0, 86'400'000'001)));
  CHECK(refused({"trace", "t.json"}) ==
        "t.json: error: event 'gemm' takes more than a day\n"
        "      = the clock was set while it was recorded, or the file is damaged: record it again\n");
}

TEST_CASE("no rank counts twice", "[error]") {
  const TemporaryFolder folder;
  const std::string rank = "\"distributedInfo\": {\"rank\": 3, \"world_size\": 8},";
  write_text("a.json", kineto(kernel("gemm", 7, 0, 5), rank));
  write_text("b.json", kineto(kernel("gemm", 7, 6, 9), rank));
  std::filesystem::create_symlink("a.json", "link.json");
  const std::string once = "      = give every trace once\n";
  CHECK(refused({"trace", "a.json", "a.json"}) ==
        "a.json: error: is the same file as 'a.json': it would count twice\n" + once);
  CHECK(refused({"trace", "a.json", "b.json", "./a.json"}) ==
        "./a.json: error: is the same file as 'a.json': it would count twice\n" + once);
  CHECK(refused({"trace", "a.json", "link.json"}) ==
        "link.json: error: is the same file as 'a.json': it would count twice\n" + once);
  CHECK(refused({"trace", "a.json", "b.json"}) ==
        "b.json: error: is of rank 3, as 'a.json' is: the rank would count twice\n"
        "      = give one file per rank; 'distributedInfo' in it says of which one it is\n");
}

TEST_CASE("packed traces, and what became of them on the way", "[error]") {
  const TemporaryFolder folder;
  write_text("t.json", kineto(two_streams()));
  REQUIRE(
      shell("gzip --keep t.json && head -c 300 t.json.gz > cut.json.gz && head -c 8 t.json.gz > head.json.gz"
            " && head -c 300 t.json > cut.json && : > empty.json && gzip --keep empty.json") == 0);
  CHECK(printed({"trace", "t.json.gz"}).substr(9) == printed({"trace", "t.json"}).substr(6));
  const std::string cut =
      ": error: ends in the middle of its packed bytes\n      = it was cut off: copy or write it again\n";
  CHECK(refused({"trace", "cut.json.gz"}) == "cut.json.gz" + cut);
  CHECK(refused({"trace", "head.json.gz"}) == "head.json.gz" + cut);
  CHECK(refused({"trace", "cut.json"}) ==
        "cut.json: error: ends in the middle of its JSON, after byte 300 (line 4)\n"
        "      = it was cut off: write it again, and wait for export_chrome_trace() to return\n");
  for (const char* empty : {"empty.json", "empty.json.gz"})
    CHECK(refused({"trace", empty}) ==
          std::string(empty) +
              ": error: is empty\n"
              "      = a trace is written by torch.profiler's export_chrome_trace()\n");
  CHECK(refused({"trace", "."}) == ".: error: cannot be read: Is a directory\n");
}

TEST_CASE("numbers that no trace has", "[error]") {
  const TemporaryFolder folder;
  const auto with = [](const std::string& fields) {
    write_text("t.json", "[{\"ph\": \"X\", \"cat\": \"kernel\", \"name\": \"k\", " + fields + "}]");
    return refused({"trace", "t.json"});
  };
  const std::string years = " is no time in microseconds, or one of more than 292 years\n";
  CHECK(with("\"ts\": 1e300, \"dur\": 1") == "t.json: error: '1e300'" + years);
  CHECK(with("\"ts\": 0, \"dur\": 99999999999999999999") == "t.json: error: '99999999999999999999'" + years);
  CHECK(with("\"ts\": 9223372036854775, \"dur\": 9223372036854775") ==
        "t.json: error: event 'k' ends after more than 292 years\n");
  CHECK(with("\"ts\": 9000000000000000, \"dur\": 1") == "t.json: error: has times of more than 73 years\n");
  CHECK(with("\"ts\": -9000000000000000, \"dur\": 1") == "t.json: error: has times of more than 73 years\n");
}

TEST_CASE("the picture has the trace's rows above those of the simulation", "[golden]") {
  const TemporaryFolder folder;
  write_text("t.json", kineto(two_streams()));
  write_text("a.yaml", kTwoRanks);
  printed({"trace", "t.json", "--against", "a.yaml", "--set", "costs.forward=50 us", "--svg", "t.svg"});
  const std::string svg = read_text("t.svg");
  const std::size_t gpu = svg.find(">GPU 0 compute</text>"), rank = svg.find(">simulated rank 0</text>");
  CHECK(gpu < rank);
  CHECK(rank < svg.find(">simulated rank 1 comm.</text>"));
  CHECK(svg.find("<title>0F0 forward, 0–0.05 ms</title>") != std::string::npos);
}

TEST_CASE("what trace cannot do", "[error]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kTwoRanks);
  write_text("t.json", kineto(two_streams()));
  write_text("host.json", kineto(call("cudaLaunchKernel", 1, 2)));
  write_text("other.json", "{\"events\": []}");
  printed({"run", "a.yaml", "--trace", "own.json"});
  const std::string help = "\nsee `stagecraft --help`\n";
  CHECK(refused({"trace"}) == "stagecraft: error: trace takes one trace or more" + help);
  CHECK(refused({"trace", "no.json"}) == "no.json: error: cannot be read: No such file or directory\n");
  CHECK(refused({"trace", "other.json"}) ==
        "other.json: error: is no trace: it has no 'traceEvents'\n"
        "      = such a file is written by torch.profiler's export_chrome_trace()\n");
  CHECK(refused({"trace", "host.json"}) ==
        "host.json: error: has nothing that ran on a GPU: no event of category 'kernel'\n"
        "      = record it with activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]\n");
  CHECK(refused({"trace", "t.json", "own.json"}) ==
        "own.json: error: is a trace that Stagecraft wrote, which has all ranks: give it alone\n");
  CHECK(refused({"trace", "own.json", "--comm", "nccl"}) ==
        "own.json: error: is a trace that Stagecraft wrote, which says itself what communicates\n"
        "      = '--comm' is for traces of a profiler\n");
  CHECK(refused({"trace", "t.json", "--comm", "a,,b"}) ==
        "stagecraft: error: option '--comm' needs parts of kernels' names, such as nccl,all_reduce, got "
        "'a,,b'" +
            help);
  CHECK(refused({"trace", "t.json", "--set", "costs.forward=1ms"}) ==
        "stagecraft: error: option '--set' changes the scenario of '--against'; give that, too" + help);
  CHECK(refused({"trace", "t.json", "--json", "t.json"}) ==
        "stagecraft: error: option '--json' would overwrite 't.json', which is read" + help);
  CHECK(refused({"trace", "t.json", "--against", "a.yaml", "--svg", "a.yaml"}) ==
        "stagecraft: error: option '--svg' would overwrite the scenario 'a.yaml'" + help);
  CHECK(folder.names() ==
        std::vector<std::string>{"a.yaml", "host.json", "other.json", "own.json", "t.json"});
}
