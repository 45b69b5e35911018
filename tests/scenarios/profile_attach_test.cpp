// The way from a program to its rows, with scripts in the place of CUDA: a profiler that answers as one with
// a GPU would, and programs that leave the captures that the injected library would have left.
#include <catch2/catch.hpp>
#include <cstdlib>

#include "command_line.h"
#include "profiles/attach/capture_text.h"
#include "profiles/raw_rows.h"

using namespace stagecraft;

namespace {

/// Environment variables until the end of the scope.
class Variables {
 public:
  explicit Variables(std::vector<std::pair<const char*, std::string>> values) : values_(std::move(values)) {
    for (const auto& [name, value] : values_) setenv(name, value.c_str(), 1);
  }
  ~Variables() {
    for (const auto& [name, value] : values_) unsetenv(name);
  }
  Variables(const Variables&) = delete;
  Variables& operator=(const Variables&) = delete;

 private:
  std::vector<std::pair<const char*, std::string>> values_;
};

/// A folder with a profiler that sees a GPU, a library to inject and captures to leave.
class Machine {
 public:
  Machine() {
    write_text("header", to_text(RowsHeader{.device = "NVIDIA H200", .driver = "580"}));
    write_text("library", "");
    write_text("profiler",
               "#!/bin/sh\ncase $1 in cupti=*) echo /lib/libcupti.so.13 ;; describe) cat header ;; esac\n");
    std::filesystem::permissions("profiler", std::filesystem::perms::owner_all);
    CaptureText text;
    write_text("capture", CaptureText::header(7) + text.lines(step()) + CaptureText::end());
    write_text("half", CaptureText::header(8) + CaptureText().lines(step()));
    write_text("dropped", CaptureText::header(9) + "d\t5\n" + CaptureText::end());
    write_text("refused",
               CaptureText::header(10) + CaptureText::error("another profiler is in this process"));
  }

  static Output attach(const std::string& script) {
    return run_program({"profile", "--attach", "--output", "rows.csv", "--", "sh", "-c", script});
  }

 private:
  /// A range with two kernels, and a kernel outside.
  static Capture step() {
    Capture capture;
    capture.marks = {{RangeMark::Kind::Start, 1, 42, 100, "step"}, {RangeMark::Kind::End, 1, 42, 200, {}}};
    for (std::uint32_t i = 1; i <= 3; ++i) {
      DeviceSpan kernel{.start_ns = 1000 * i, .end_ns = 1000 * i + 500, .correlation = i, .name = "k"};
      capture.spans.push_back(kernel);
      capture.calls.push_back({.correlation = i, .thread = 42, .start_ns = 70 * i, .end_ns = 70 * i + 1});
    }
    capture.calls[0].start_ns = 110;
    return capture;
  }

  TemporaryFolder folder_;
  Variables variables_{{{"STAGECRAFT_PROFILER", "./profiler"}, {"STAGECRAFT_ATTACH", "library"}}};
};

std::vector<std::string> families(const std::string& file) {
  std::vector<std::string> names;
  for (const MeasuredRow& row : read_raw_rows(file).rows) names.push_back(row.family);
  return names;
}

/// Without the folder of captures, and without what Machine made.
bool is_clean() {
  for (const auto& entry : std::filesystem::directory_iterator("."))
    if (entry.path().filename().string().find("rows.csv") != std::string::npos) return false;
  return true;
}

}  // namespace

TEST_CASE("a traced program becomes one row for each operator", "[golden]") {
  const Machine machine;
  const Output output = machine.attach("cp capture $STAGECRAFT_CAPTURE.7.0.capture");
  CHECK(output.err == "");
  CHECK(output.status == 0);
  CHECK(output.out ==
        "3 kernels, copies and fills of 1 process, 0.002 ms on the GPU, 66.7 % of it in NVTX ranges\n"
        "   calls  kernels     median us       p90 us  operator\n"
        "       1        2         1.000        1.000  step\n"
        "       1        1         0.500        0.500  k\n"
        "Written rows.csv\n");
  const RawRows rows = read_raw_rows("rows.csv");
  CHECK(rows.header.device == "NVIDIA H200");
  CHECK(rows.header.command.find("stagecraft profile --attach --output rows.csv -- sh -c cp") == 0);
  CHECK(families("rows.csv") == std::vector<std::string>{"step", "k"});
  // What the injected library and NVTX are told.
  CHECK(machine
            .attach("echo $CUDA_INJECTION64_PATH $NVTX_INJECTION64_PATH > seen; cp capture "
                    "$STAGECRAFT_CAPTURE.7.0.capture")
            .status == 0);
  CHECK(read_text("seen") ==
        (std::filesystem::current_path() / "library").string() + " /lib/libcupti.so.13\n");
}

TEST_CASE("a program that crashes keeps its status and what it did until then", "[error]") {
  const Machine machine;
  const Output output = machine.attach("cp half $STAGECRAFT_CAPTURE.8.0.capture; kill -SEGV $$");
  CHECK(output.status == 128 + 11);
  CHECK(output.err ==
        "stagecraft: error: 'sh' ended with status 139\n"
        "stagecraft: warning: process 8 did not end by exit(): its last records are missing\n");
  CHECK(families("rows.csv") == std::vector<std::string>{"step", "k"});
  const Output early = machine.attach("rm rows.csv; exit 3");
  CHECK(early.status == 3);
  CHECK(is_clean());
}

TEST_CASE("Ctrl-C ends the traced program alone, and its rows are written", "[golden]") {
  const Machine machine;
  // The terminal would send it to both.
  const Output output =
      machine.attach("cp half $STAGECRAFT_CAPTURE.8.0.capture; kill -INT $PPID; kill -INT $$");
  CHECK(output.status == 128 + 2);
  CHECK(families("rows.csv") == std::vector<std::string>{"step", "k"});
}

TEST_CASE("every process of a program is read, and one that could not be traced is named", "[golden]") {
  const Machine machine;
  const Output output = machine.attach(
      "for i in 1 2; do cp capture $STAGECRAFT_CAPTURE.$i.0.capture; done; cp refused "
      "$STAGECRAFT_CAPTURE.3.0.capture");
  CHECK(output.status == 0);
  CHECK(output.err == "stagecraft: warning: process 10: another profiler is in this process\n");
  CHECK(output.out.find("6 kernels, copies and fills of 3 processes") == 0);
  CHECK(read_raw_rows("rows.csv").rows[0].calls == 2);
}

TEST_CASE("a program that leaves nothing to write says why and writes nothing", "[error]") {
  const Machine machine;
  const Output no_cuda = machine.attach("true");
  CHECK(no_cuda.status == 2);
  CHECK(no_cuda.err.find("stagecraft: error: nothing was traced: 'sh' did not call CUDA\n      = ") == 0);
  const Output idle = machine.attach("cp refused $STAGECRAFT_CAPTURE.3.0.capture");
  CHECK(idle.status == 2);
  CHECK(idle.err.find("nothing was traced: 'sh' launched nothing on a GPU that could be timed\n") !=
        std::string::npos);
  const Output dropped = machine.attach("cp dropped $STAGECRAFT_CAPTURE.9.0.capture");
  CHECK(dropped.status == 1);
  CHECK(dropped.err.find("stagecraft: error: process 9: CUPTI dropped 5 records") == 0);
  CHECK(dropped.err.find("\n      = trace fewer steps of the program; a process may leave 1 GiB\n") !=
        std::string::npos);
  const Output missing =
      run_program({"profile", "--attach", "--output", "rows.csv", "--", "no-such-program"});
  CHECK(missing.status == 2);
  CHECK(missing.err == "stagecraft: error: 'no-such-program' cannot be started: No such file or directory\n");
  CHECK(is_clean());
}

TEST_CASE("mistakes of attaching are named before the program runs", "[error]") {
  const Machine machine;
  const auto error = [](std::vector<std::string> words) {
    words.insert(words.begin(), "profile");
    const Output output = run_program(words);
    CHECK(output.status == 2);
    return output.err.substr(0, output.err.find('\n'));
  };
  const std::string needs =
      "stagecraft: error: '--attach' needs the program to trace behind '--': stagecraft profile --attach "
      "--output ROWS -- python3 train.py";
  CHECK(error({"--attach", "--output", "r"}) == needs);
  CHECK(error({"--attach", "--output", "r", "true"}) == needs);
  CHECK(error({"--attach", "--", "true"}) ==
        "stagecraft: error: '--attach' needs '--output FILE', the rows to write");
  CHECK(error({"--attach", "--quick", "--output", "r", "--", "true"}) ==
        "stagecraft: error: '--attach' traces a program as it runs: '--quick' has no effect");
  CHECK(error({"--output", "r", "--", "true"}) ==
        "stagecraft: error: `stagecraft profile` runs a program only with '--attach'");
  const Variables other{{{"CUDA_INJECTION64_PATH", "/other.so"}}};
  CHECK(error({"--attach", "--output", "rows.csv", "--", "true"}) ==
        "stagecraft: error: CUDA_INJECTION64_PATH is set ('/other.so'): another profiler is at work");
  CHECK(is_clean());
}

TEST_CASE("attaching says how to get what traces where it was not built", "[error]") {
  const Machine machine;
  const Variables none{{{"STAGECRAFT_ATTACH", "no/such/library"}}};
  const Output output = machine.attach("true");
  CHECK(output.status == 2);
  CHECK(output.err.find("stagecraft: error: this program was built without the profiler of kernels\n") == 0);
  CHECK(is_clean());
}

#ifdef STAGECRAFT_TRACED_PROGRAM
namespace {

/// Runs the program that plays CUDA's part, with the library that is really injected.
Output traced(const std::vector<std::string>& how) {
  const Variables library{{{"STAGECRAFT_ATTACH", STAGECRAFT_ATTACH_LIBRARY}}};
  std::vector<std::string> words = {"profile",  "--attach", "--output",
                                    "rows.csv", "--",       STAGECRAFT_TRACED_PROGRAM};
  words.insert(words.end(), how.begin(), how.end());
  return run_program(words);
}

double calls_of_step() {
  const RawRows rows = read_raw_rows("rows.csv");
  REQUIRE(rows.rows.size() == 1);
  CHECK(rows.rows[0].family == "step");
  CHECK(rows.rows[0].median_us == 0.5);
  return rows.rows[0].calls;
}

}  // namespace

TEST_CASE("the injected library writes what CUPTI hands out, at the latest when the program ends") {
  const Machine machine;
  const Output output = traced({"launch", "deliver", "launch", "launch"});
  CHECK(output.err == "");
  CHECK(output.status == 0);
  CHECK(calls_of_step() == 3);
  CHECK(traced({"launch", "quick"}).status == 6);
  CHECK(calls_of_step() == 1);
}

TEST_CASE("a program that leaves without its exit handlers loses what CUPTI had not handed out", "[error]") {
  const Machine machine;
  for (const auto& [how, status] : {std::pair("_exit", 5), std::pair("abort", 128 + 6)}) {
    INFO(how);
    const Output output = traced({"launch", "deliver", "launch", how});
    CHECK(output.status == status);
    CHECK(output.err.find("did not end by exit(): its last records are missing\n") != std::string::npos);
    CHECK(calls_of_step() == 1);
  }
}

TEST_CASE("a forked child does not write into its parent's capture, and a new program has its own") {
  const Machine machine;
  const Output forked = traced({"launch", "fork", "launch"});
  CHECK(forked.out.find("2 kernels, copies and fills of 1 process,") == 0);
  CHECK(calls_of_step() == 2);
  const Output replaced = traced({"launch", "deliver", "exec", "launch", "launch"});
  CHECK(replaced.out.find("3 kernels, copies and fills of 2 processes,") == 0);
  CHECK(calls_of_step() == 3);
}

TEST_CASE("the injected library says what CUPTI dropped, and that another profiler is there", "[error]") {
  const Machine machine;
  const Output dropped = traced({"launch", "drop"});
  CHECK(dropped.status == 1);
  CHECK(dropped.err.find("CUPTI dropped 3 records") != std::string::npos);
  const Output other = traced({"nobody", "launch"});
  CHECK(other.status == 2);
  CHECK(other.err.find("another profiler is in this process: torch") != std::string::npos);
  CHECK(is_clean());
}

TEST_CASE("more launches than one buffer holds are all written") {
  const Machine machine;
  const Output output = traced(std::vector<std::string>(5000, "launch"));
  CHECK(output.err == "");
  CHECK(calls_of_step() == 5000);
}
#endif

#ifdef STAGECRAFT_PROFILER_PATH
TEST_CASE("attaching explains what is missing on a machine without a GPU and runs nothing", "[error]") {
  const TemporaryFolder folder;
  const Variables built{{{"STAGECRAFT_PROFILER", STAGECRAFT_PROFILER_PATH}}};
  const Output output = run_program({"profile", "--attach", "--device", "4096", "--output", "r", "--",
                                     "touch", "ran"});  // nobody has so many
  CHECK(output.status == 2);
  CHECK(output.err.find("stagecraft: error: ") == 0);
  CHECK(folder.names().empty());
}

TEST_CASE("NVTX is told the CUPTI that the injected library links", "[golden]") {
  const TemporaryFolder folder;
  const std::string library =
      (std::filesystem::path(STAGECRAFT_PROFILER_PATH).parent_path() / "libstagecraft_attach.so").string();
  const Variables built{{{"PROFILER", STAGECRAFT_PROFILER_PATH}, {"LIBRARY", library}}};
  CHECK(shell("\"$PROFILER\" cupti=\"$LIBRARY\" > cupti") == 0);
  const std::string cupti = read_text("cupti");
  CHECK(cupti.find("/libcupti.so") != std::string::npos);
  CHECK(std::filesystem::exists(cupti.substr(0, cupti.size() - 1)));
}
#endif
