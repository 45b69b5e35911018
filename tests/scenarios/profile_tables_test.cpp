#include <catch2/catch.hpp>

#include "command_line.h"
#include "profiles/raw_rows.h"

using namespace stagecraft;

namespace {

/// Two products of 16 x 64 x 32 in bf16, 10 and 12 us, and a copy: by hand, as Kineto writes them.
constexpr const char* kTrace = R"json({
  "deviceProperties": [{"id": 0, "name": "NVIDIA H200"}],
  "traceEvents": [
  {"ph": "X", "cat": "cpu_op", "name": "aten::mm", "pid": 1, "tid": 1, "ts": 0, "dur": 9, "args":
   {"External id": 1, "Input Dims": [[16, 32], [32, 64]], "Input type": ["c10::BFloat16", "c10::BFloat16"]}},
  {"ph": "X", "cat": "cpu_op", "name": "aten::mm", "pid": 1, "tid": 1, "ts": 10, "dur": 9, "args":
   {"External id": 2, "Input Dims": [[16, 32], [32, 64]], "Input type": ["c10::BFloat16", "c10::BFloat16"]}},
  {"ph": "X", "cat": "kernel", "name": "gemm", "ts": 20, "dur": 10, "args": {"device": 0, "External id": 1}},
  {"ph": "X", "cat": "kernel", "name": "gemm", "ts": 30, "dur": 12, "args": {"device": 0, "External id": 2}},
  {"ph": "X", "cat": "gpu_memcpy", "name": "Memcpy HtoD (Pinned -> Device)", "ts": 50, "dur": 3,
   "args": {"device": 0, "bytes": 4096}}
]})json";

std::string first_error(const std::vector<std::string>& words) {
  const Output output = run_program(words);
  CHECK(output.status == 2);
  CHECK(output.out.empty());
  return output.err.substr(0, output.err.find('\n'));
}

}  // namespace

TEST_CASE("profile import makes a table and rows of a trace", "[golden]") {
  const TemporaryFolder folder;
  write_text("trace.json", kTrace);
  const Output output = run_program({"profile", "import", "trace.json", "--output", "t.yaml"});
  CHECK(output.err.empty());
  REQUIRE(output.status == 0);
  CHECK(output.out ==
        "NVIDIA H200: 2 rows\n"
        "  gemm                2 calls       0.022 ms    88.0 %\n"
        "  copies              1 calls       0.003 ms    12.0 %\n"
        "Written t.yaml and t.yaml.rows.csv\n");
  CHECK(read_text("t.yaml").ends_with("---\ngemm bf16\nn,k,m=16\n64,32,11\n"));
  CHECK(read_text("t.yaml.rows.csv")
            .find("\ngemm,gemm,bf16,m=16 n=64 "
                  "k=32,traced,1,2,1,11,10.2,11.8,10,0,0,65536,7168,0,0,0,0,0,0,,gemm,,,,\n") !=
        std::string::npos);
}

TEST_CASE("an imported table feeds profiled costs and the other verbs", "[golden]") {
  const TemporaryFolder folder;
  write_text("trace.json", kTrace);
  REQUIRE(run_program({"profile", "import", "trace.json", "--output", "t.yaml"}).status == 0);
  const Output summary = run_program({"profile", "summary", "t.yaml.rows.csv", "--svg", "r.svg"});
  CHECK(summary.err.empty());
  REQUIRE(summary.status == 0);
  CHECK(summary.out.find("  gemm bf16 traced                     1         11   0.00596  0.00596    0.0 %") !=
        std::string::npos);
  CHECK(summary.out.ends_with("Written r.svg\n"));
  CHECK(read_text("r.svg").find("gemm bf16 traced (1)") != std::string::npos);
  write_text("a.yaml",
             "model: {preset: llama3-8b}\ncluster: {preset: dgx-h200}\nbatch: {global: 8}\n"
             "costs: {model: profiled, table: t.yaml}\n");
  CHECK(run_program({"run", "a.yaml"}).out.find("gemm from measured kernels (PyTorch trace trace.json)") !=
        std::string::npos);
  const Output fit = run_program({"fit", "t.yaml.rows.csv", "--device", "h200"});
  CHECK(fit.status == 0);
  CHECK(fit.out.starts_with("gemm bf16: 1 rows\n"));
  CHECK(run_program({"fit", "t.yaml.rows.csv", "--device", "h100"}).err ==
        "t.yaml.rows.csv: error: was measured on h200, not on h100\n");
  const Output diff = run_program({"profile", "diff", "t.yaml", "t.yaml"});
  CHECK(diff.status == 0);
  CHECK(diff.out.find("gemm                           bf16  cold       1 points  median 1.000") !=
        std::string::npos);
}

TEST_CASE("profile merge takes the median of the files and names them in the header", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.json", kTrace);
  for (const char* table : {"a.csv", "b.csv"})
    REQUIRE(run_program({"profile", "import", "a.json", "--output", table}).status == 0);
  const Output output = run_program({"profile", "merge", "a.csv", "b.csv", "--output", "m.csv"});
  CHECK(output.err.empty());
  REQUIRE(output.status == 0);
  CHECK(output.out ==
        "NVIDIA H200: 2 rows of 2 files\n"
        "Points that several files have:\n"
        "copy-h2d                       bytes      1 points  median spread 0.0 %  worst 0.0 % (bytes=4096 "
        "ways=1)\n"
        "gemm                           bf16       1 points  median spread 0.0 %  worst 0.0 % (m=16 n=64 "
        "k=32)\n"
        "Written m.csv\n");
  CHECK(read_text("m.csv").find("\n# source: merged from a.csv (PyTorch trace a.json) | b.csv (PyTorch trace "
                                "a.json)\n") != std::string::npos);
  CHECK(folder.names() == std::vector<std::string>{"a.csv", "a.json", "b.csv", "m.csv"});
}

TEST_CASE("a trace without shapes keeps its rows and says why there is no table", "[error]") {
  const TemporaryFolder folder;
  write_text("t.json", R"({"deviceProperties": [{"id": 0, "name": "NVIDIA H200"}], "traceEvents": [
    {"ph": "X", "cat": "cpu_op", "name": "aten::mm", "args": {"External id": 1}},
    {"ph": "X", "cat": "kernel", "name": "k", "dur": 1, "args": {"External id": 1, "device": 0}}]})");
  const Output output = run_program({"profile", "import", "t.json", "--output", "t.yaml"});
  CHECK(output.status == 2);
  CHECK(output.err ==
        "t.yaml: error: no table: no row is of a family that cost models know (gemm, decode-attention)\n"
        "      = the rows are in t.yaml.rows.csv; a trace has shapes with "
        "torch.profiler.profile(record_shapes=True)\n");
  CHECK(folder.names() == std::vector<std::string>{"t.json", "t.yaml.rows.csv"});
  CHECK(run_program({"profile", "import", "t.json", "--output", "t.csv"}).status == 0);
}

TEST_CASE("mistakes of the verbs of profile are named and nothing is written", "[error]") {
  const TemporaryFolder folder;
  write_text("t.json", kTrace);
  CHECK(first_error({"profile", "import", "--output", "t.yaml"}) ==
        "stagecraft: error: `stagecraft profile import` takes traces of PyTorch's profiler");
  CHECK(
      first_error({"profile", "import", "t.json"}) ==
      "stagecraft: error: `stagecraft profile import` needs '--output FILE', the table to write; rows go to "
      "FILE.rows.csv");
  CHECK(first_error({"profile", "import", "t.json", "--output", "t.json"}) ==
        "stagecraft: error: option '--output' would overwrite 't.json', which is read");
  CHECK(first_error({"profile", "import", "no.json", "--output", "t.yaml"}) ==
        "no.json: error: cannot be read: No such file or directory");
  write_text("bad.json", "{\"traceEvents\": [{\"ph\": \"X\"");
  CHECK(first_error({"profile", "import", "bad.json", "--output", "t.yaml"}) ==
        "bad.json: error: ends in the middle of its JSON, after byte 27 (line 1)");
  CHECK(first_error({"profile", "merge", "t.json", "--output", "t.yaml"}) ==
        "stagecraft: error: `stagecraft profile merge` takes two tables or more");
  CHECK(first_error({"profile", "merge", "a", "b", "--output", "t.yaml", "--quick"}) ==
        "stagecraft: error: `stagecraft profile merge` has no option '--quick'");
  CHECK(first_error({"profile", "summary"}) ==
        "stagecraft: error: `stagecraft profile summary` takes one table");
  CHECK(first_error({"profile", "summary", "t.json", "--svg", "t.json"}) ==
        "stagecraft: error: option '--svg' would overwrite 't.json', which is read");
  CHECK(first_error({"profile", "--svg", "r.svg", "--output", "t.yaml"}) ==
        "stagecraft: error: option '--svg' is for `stagecraft profile summary`");
  CHECK(folder.names() == std::vector<std::string>{"bad.json", "t.json"});
}

TEST_CASE("the help and completion of profile name its verbs", "[golden]") {
  CHECK(run_program({"profile", "--help"}).out.find("  import TRACE...           make a table of traces") !=
        std::string::npos);
  CHECK(run_program({"completion", "bash"}).out.find("compgen -f -W 'import merge summary diff check'") !=
        std::string::npos);
}

TEST_CASE("profile check compares whole passes with what the other rows predict", "[golden]") {
  const TemporaryFolder folder;
  // A chain of two kernels that take 3 us each, and 7.5 us together; a draft's step of which nothing is
  // known.
  RawRows rows{.header = {.device = "NVIDIA H200"}, .rows = {}};
  const auto add = [&](const char* family, const char* point, const char* cache, double us) {
    MeasuredRow row;
    row.suite = "layer";
    row.family = family;
    row.format = "bf16";
    row.point = point;
    row.cache = cache;
    row.median_us = us;
    rows.rows.push_back(row);
  };
  add("residual-add", "rows=8 width=64 times=2 in_kernels=2 in_rows=8 in_width=64", "in-pass", 3);
  add("kernel-chain", "kernels=2 rows=8 width=64", "cold", 7.5);
  add("draft-step", "batch=1 kv_len=64 hidden=512 layers=1", "cold", 90);
  write_text("r.csv", to_text(rows));
  const Output output = run_program({"profile", "check", "r.csv"});
  CHECK(output.err.empty());
  CHECK(output.status == 0);
  CHECK(
      output.out.starts_with("NVIDIA H200: 1.50 us between two kernels, cost of launches not measured\n"
                             "draft-step bf16 "));
  CHECK(output.out.ends_with(
      "no rows of decode-attention, embedding, gemm, kv-append, residual-add, rmsnorm, softmax, swiglu\n"));
  CHECK(first_error({"profile", "check"}) ==
        "stagecraft: error: `stagecraft profile check` takes one file of rows");
}
