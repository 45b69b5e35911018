#include "scenarios/cli/profile_attach.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <ostream>

#include "base/error.h"
#include "base/output.h"
#include "profiles/attach/attach_rows.h"
#include "profiles/attach/capture_file.h"
#include "profiles/attach/injection.h"
#include "profiles/capture/join.h"
#include "scenarios/cli/child_program.h"
#include "scenarios/cli/profiler_program.h"

namespace stagecraft {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kOperatorsShown = 15;

void expect_usage(const Arguments& arguments) {
  for (const char* other : {"suite", "quick", "passes", "time-limit", "counters"})
    if (arguments.has(other))
      throw UsageError(fmt::format("'--attach' traces a program as it runs: '--{}' has no effect", other));
  if (arguments.behind_dashes.empty() || !arguments.positional.empty())
    throw UsageError(
        "'--attach' needs the program to trace behind '--': stagecraft profile --attach --output ROWS -- "
        "python3 train.py");
  const std::string path = arguments.value("output");
  if (path.empty() || path == "-") throw UsageError("'--attach' needs '--output FILE', the rows to write");
}

/// Where the processes leave their captures: beside the output, because they may be large. Removed at the
/// end.
class CaptureFolder {
 public:
  explicit CaptureFolder(const std::string& output) : path_(output + ".captures.XXXXXX") {
    if (!mkdtemp(path_.data())) throw file_error(path_, "no such folder can be made");
    path_ = fs::absolute(path_).string();
  }
  ~CaptureFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  CaptureFolder(const CaptureFolder&) = delete;
  CaptureFolder& operator=(const CaptureFolder&) = delete;

  std::string start_of_names() const { return path_ + "/process"; }

  std::vector<std::string> captures() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(path_))
      if (entry.path().extension() == kCaptureEnding) found.push_back(entry.path().string());
    std::sort(found.begin(), found.end());
    return found;
  }

 private:
  std::string path_;
};

std::string answer(const std::string& program, const std::vector<std::string>& words) {
  const ChildResult result = run_child(program, words, {.capture = true});
  const std::string text = result.text.substr(0, result.text.find_last_not_of('\n') + 1);
  if (result.status != 0) throw InputError(text);
  return text;
}

/// What makes CUDA load our library and NVTX send its ranges to CUPTI. Set for the whole run, because a
/// program may open ranges before it touches CUDA, and NVTX asks only once.
std::vector<std::string> injecting(const std::string& profiler, const CaptureFolder& folder) {
  constexpr const char* kInjection = "CUDA_INJECTION64_PATH";
  if (const char* other = std::getenv(kInjection))
    throw InputError(
        fmt::format("stagecraft: error: {} is set ('{}'): another profiler is at work\n"
                    "      = CUDA serves one at a time: run without it, or unset the variable",
                    kInjection, other));
  const std::string library = fs::absolute(attach_library()).string();
  return {fmt::format("{}={}", kInjection, library),
          fmt::format("NVTX_INJECTION64_PATH={}", answer(profiler, {"cupti=" + library})),
          fmt::format("{}={}", kCaptureVariable, folder.start_of_names())};
}

RowsHeader header_of(const std::string& profiler, const Arguments& arguments) {
  const std::string device = fmt::format("device={}", arguments.number("device", 0, 0));
  RowsHeader header = parse_raw_rows(answer(profiler, {"describe", device}) + "\n", profiler).header;
  header.libraries = "those of the traced program";
  header.command = profile_words(arguments);
  return header;
}

/// The calls of every process that could be traced; why one could not, or not to its end, goes to `err`.
/// Throws CaptureError, naming the process, where records were dropped.
std::vector<AttachedCalls> read_processes(const std::vector<std::string>& captures, std::ostream& err) {
  std::vector<AttachedCalls> processes;
  for (const std::string& path : captures) {
    const ProcessCapture read = read_capture(path);
    if (!read.error.empty())
      err << fmt::format("stagecraft: warning: process {}: {}\n", read.process, read.error);
    else if (!read.complete)
      err << fmt::format(
          "stagecraft: warning: process {} did not end by exit(): its last records are missing\n",
          read.process);
    try {
      processes.push_back(operator_calls(read.capture));
    } catch (const CaptureError& error) {
      throw CaptureError(fmt::format("process {}: {}", read.process, error.what()));
    }
  }
  return processes;
}

void report(const AttachedRows& attached, std::size_t processes, Streams& streams) {
  for (const std::string& note : attached.notes) streams.err << "stagecraft: warning: " << note << "\n";
  streams.out << fmt::format(
      "{} kernels, copies and fills of {} process{}, {:.3f} ms on the GPU, {:.1f} % of it in NVTX ranges\n",
      attached.spans, processes, processes == 1 ? "" : "es", 1e-3 * attached.device_us,
      100 * attached.in_ranges_share);
  streams.out << top_operators(attached, kOperatorsShown);
}

/// Nothing that could be written, and why.
InputError nothing_traced(const std::string& program, bool started) {
  return InputError(fmt::format(
      "stagecraft: error: nothing was traced: '{}' {}", program,
      started
          ? "launched nothing on a GPU that could be timed"
          : "did not call CUDA\n"
            "      = its processes must load CUDA's driver and keep our environment: sudo, setuid programs "
            "and containers do not"));
}

}  // namespace

Exit attach(const Arguments& arguments, Streams& streams) {
  expect_usage(arguments);
  const std::string profiler = profiler_program();
  expect_device(profiler, arguments.number("device", 0, 0));
  const std::string path = arguments.value("output");
  OutputFile file(path);
  const CaptureFolder folder(path);
  const std::vector<std::string> environment = injecting(profiler, folder);
  const RowsHeader header = header_of(profiler, arguments);
  const std::vector<std::string>& words = arguments.behind_dashes;
  streams.out.flush();
  const int status = run_child(words[0], {words.begin() + 1, words.end()},
                               {.environment = environment, .outlives_interrupts = true})
                         .status;
  if (status != 0)
    streams.err << fmt::format("stagecraft: error: '{}' ended with status {}\n", words[0], status);
  Exit exit = static_cast<Exit>(status);
  try {
    const std::vector<std::string> captures = folder.captures();
    AttachedRows attached = attached_rows(read_processes(captures, streams.err));
    if (attached.rows.empty()) throw nothing_traced(words[0], !captures.empty());
    report(attached, captures.size(), streams);
    file.write(to_text(RawRows{header, std::move(attached.rows)}));
    file.commit();
    streams.out << fmt::format("Written {}\n", path);
  } catch (const CaptureError& error) {
    streams.err << fmt::format(
        "stagecraft: error: {}\n      = trace fewer steps of the program; a process may leave {} GiB\n",
        error.what(), kMostCaptureBytes >> 30);
    if (status == 0) exit = Exit::Failed;
  } catch (const InputError& error) {
    streams.err << error.what() << "\n";
    if (status == 0) exit = Exit::BadInput;
  }
  return exit;
}

}  // namespace stagecraft
