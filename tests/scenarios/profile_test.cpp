#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "command_line.h"
#include "profiles/raw_rows.h"

using namespace stagecraft;

namespace {

/// Names the program that measures, until the end of the scope.
class Profiler {
 public:
  explicit Profiler(const char* path) { setenv("STAGECRAFT_PROFILER", path, 1); }
  ~Profiler() { unsetenv("STAGECRAFT_PROFILER"); }
};

std::string rows(const std::string& device, double factor) {
  RowsHeader header;
  header.device = device;
  header.driver = "580";
  std::string text = to_text(header);
  for (const int m : {1, 2, 4, 8}) {
    MeasuredRow row;
    row.suite = row.family = "gemm";
    row.format = "bf16";
    row.cache = "cold";
    row.pass = 1;
    row.point = to_text(Axes{{"m", m}, {"n", 4096}, {"k", 4096}});
    row.median_us = 10 * factor;
    text += to_text(row);
  }
  return text;
}

}  // namespace

TEST_CASE("profile says how to get what measures where it was not built", "[error]") {
  const TemporaryFolder folder;
  const Profiler none("no/such/program");
  const Output output = run_program({"profile", "--output", "t.yaml"});
  CHECK(output.status == 2);
  CHECK(output.out.empty());
  CHECK(output.err.find("stagecraft: error: this program was built without the profiler of kernels\n"
                        "      = install the CUDA toolkit 12.6 or later") == 0);
  CHECK(folder.names().empty());
}

TEST_CASE("counters are asked for behind each suite, and not again once they are refused", "[error]") {
  const TemporaryFolder folder;
  // A profiler that measures nothing and refuses counters.
  write_text("rows", rows("NVIDIA H200", 1));
  write_text("profiler",
             "#!/bin/sh\ncase $1 in rows=*) cp rows ${1#rows=}; shift 6; echo $* >> asked ;; esac\n"
             "[ \"$2\" != counters ] || exit 3\n");
  std::filesystem::permissions("profiler", std::filesystem::perms::owner_all);
  const Profiler refusing("./profiler");
  const std::vector<std::string> words = {"profile", "--output", "t.yaml",  "--suite", "gemm",
                                          "--suite", "copies",   "--suite", "launch"};
  run_program(words);
  CHECK(read_text("asked") == "suite=gemm\nsuite=copies\nsuite=launch\n");
  std::filesystem::remove("asked");
  std::vector<std::string> counting = words;
  counting.push_back("--counters");
  run_program(counting);
  CHECK(read_text("asked") == "suite=gemm\nsuite=gemm counters\nsuite=copies\nsuite=launch\n");
}

#ifdef STAGECRAFT_PROFILER_PATH
TEST_CASE("profile explains what is missing on a machine without a GPU and writes nothing", "[error]") {
  const TemporaryFolder folder;
  const Profiler built(STAGECRAFT_PROFILER_PATH);
  const Output output =
      run_program({"profile", "--device", "4096", "--output", "t.yaml"});  // nobody has so many
  CHECK(output.status == 2);
  CHECK(output.out.empty());
  INFO(output.err);
  const bool no_driver =
      output.err.find("stagecraft: error: no NVIDIA driver: libcuda.so.1 is not found\n") == 0;
  const bool no_device = output.err.find("no GPU") != std::string::npos;
  CHECK((no_driver || no_device));
  CHECK(folder.names().empty());
}
#endif

TEST_CASE("mistakes of profile are named before anything is measured", "[error]") {
  const TemporaryFolder folder;
  const auto error = [](const std::vector<std::string>& words) {
    const Output output = run_program(words);
    CHECK(output.status == 2);
    return output.err.substr(0, output.err.find('\n'));
  };
  CHECK(error({"profile"}) ==
        "stagecraft: error: `stagecraft profile` needs '--output FILE', the table to write; rows go to "
        "FILE.rows.csv");
  CHECK(error({"profile", "--suite", "gem", "--output", "t"}) ==
        "stagecraft: error: unknown suite 'gem'; did you mean 'gemm'?");
  CHECK(error({"profile", "--device", "x", "--output", "t"}) ==
        "stagecraft: error: option '--device' needs a number of 0 or more, got 'x'");
  CHECK(error({"profile", "--time-limit", "9", "--output", "t"})
            .find("option '--time-limit': '9' needs a unit") != std::string::npos);
  CHECK(error({"profile", "dif", "a", "b"}) ==
        "stagecraft: error: `stagecraft profile` does not know 'dif'; did you mean 'diff'?");
  CHECK(
      error({"profile", "frobnicate"}) ==
      "stagecraft: error: `stagecraft profile` does not know 'frobnicate'; see `stagecraft profile --help`");
  CHECK(error({"profile", "diff", "a"}) == "stagecraft: error: `stagecraft profile diff` takes two tables");
  CHECK(error({"profile", "diff", "a", "b"}) == "a: error: cannot be read");
  CHECK(folder.names().empty());
}

TEST_CASE("profile diff shows the drift of each family between two files", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.csv", rows("NVIDIA H100", 1));
  write_text("b.csv", rows("NVIDIA H200", 0.75));
  const Output output = run_program({"profile", "diff", "a.csv", "b.csv"});
  CHECK(output.status == 0);
  CHECK(output.err.empty());
  CHECK(output.out ==
        "b.csv over a.csv: times of\n"
        "  NVIDIA H200 (580) over NVIDIA H100 (580)\n"
        "gemm                           bf16  cold       4 points  median 0.750  p10 0.750  p90 0.750\n"
        "    0.750  m=1 n=4096 k=4096\n"
        "    0.750  m=2 n=4096 k=4096\n"
        "    0.750  m=4 n=4096 k=4096\n");
}
