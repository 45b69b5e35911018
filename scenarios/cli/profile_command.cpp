#include <fmt/format.h>

#include <array>
#include <ostream>
#include <sstream>

#include "base/error.h"
#include "base/output.h"
#include "base/quantity.h"
#include "base/suggest.h"
#include "profiles/drift.h"
#include "profiles/measured_table.h"
#include "profiles/suite_points.h"
#include "scenarios/cli/child_program.h"
#include "scenarios/cli/commands.h"
#include "scenarios/cli/profile_attach.h"
#include "scenarios/cli/profile_tables.h"
#include "scenarios/cli/profiler_program.h"

namespace stagecraft {

namespace {

double time_limit_s(const Arguments& arguments) {
  if (!arguments.has("time-limit")) return 0;
  try {
    return to_seconds(parse_quantity<Duration>(arguments.value("time-limit")));
  } catch (const QuantityError& error) {
    throw UsageError(
        fmt::format("option '--time-limit': '{}' {}", arguments.value("time-limit"), error.what()));
  }
}

void expect_suites(const std::vector<std::string>& names) {
  std::vector<std::string_view> known;
  for (const SuiteInfo& suite : suites()) known.push_back(suite.name);
  for (const std::string& name : names)
    if (!find_suite(name))
      throw UsageError(fmt::format("unknown suite '{}'{}", name, did_you_mean(name, known)));
}

/// Every setting but the suite, as the profiler takes them.
std::vector<std::string> settings_of(const Arguments& arguments, const std::string& rows) {
  return {fmt::format("rows={}", rows),
          fmt::format("device={}", arguments.number("device", 0, 0)),
          fmt::format("passes={}", arguments.number("passes", 1, 2)),
          fmt::format("time_limit_s={}", time_limit_s(arguments)),
          fmt::format("quick={}", arguments.has("quick") ? 1 : 0),
          fmt::format("command={}", profile_words(arguments))};
}

/// Those asked for, or all that this build can measure.
std::vector<std::string> wanted_suites(const Arguments& arguments, const std::string& program) {
  if (arguments.has("suite")) return arguments.values("suite");
  std::vector<std::string> names;
  std::istringstream lines(run_child(program, {"suites"}, {.capture = true}).text);
  for (std::string line; std::getline(lines, line);)
    if (find_suite(line)) names.push_back(line);
  return names;
}

/// The pass-to-pass spread, then the table.
void finish(const std::string& path, const std::string& rows_path, Streams& streams) {
  const RawRows rows = read_raw_rows(rows_path);
  const std::vector<Drift> spread = compare_passes(rows.rows, 0);
  if (!spread.empty()) streams.out << "Second pass over first:\n" << to_text(spread);
  OutputFile table(path);
  table.write(to_text(table_of(rows)));
  table.commit();
  streams.out << fmt::format("Written {} and {}\n", path, rows_path);
}

/// Every suite in a process of its own, and each that counts in a second one: CUPTI's tracing and its
/// counters exclude each other.
class Suites {
 public:
  Suites(const Arguments& arguments, std::string program, std::vector<std::string> settings)
      : program_(std::move(program)), settings_(std::move(settings)), counters_(arguments.has("counters")) {}

  Exit run(const std::vector<std::string>& names, Streams& streams) {
    Exit exit = Exit::Done;
    for (const std::string& suite : names) {
      const int status = child(suite, {});
      if (status == 0) {
        count(suite, streams);
        continue;
      }
      // Another suite may still work; what this one measured is kept.
      streams.err << fmt::format("stagecraft: error: the suite '{}' ended with status {}\n", suite, status);
      exit = status == 2 ? Exit::BadInput : Exit::Failed;
    }
    return exit;
  }

 private:
  static constexpr int kNoCounters = 3;  ///< the profiler has said why

  int child(const std::string& suite, const std::vector<std::string>& more) const {
    std::vector<std::string> words = settings_;
    words.push_back("suite=" + suite);
    words.insert(words.end(), more.begin(), more.end());
    return run_child(program_, words).status;
  }

  /// The times are there: no failure is one of the whole. What is refused once is not asked for again.
  void count(const std::string& suite, Streams& streams) {
    if (!counters_) return;
    const int status = child(suite, {"counters"});
    counters_ = status != kNoCounters;
    if (status != 0 && status != kNoCounters)
      streams.err << fmt::format("stagecraft: warning: counting '{}' ended with status {}\n", suite, status);
  }

  std::string program_;
  std::vector<std::string> settings_;
  bool counters_;
};

Exit measure(const Arguments& arguments, Streams& streams) {
  if (arguments.has("svg")) throw UsageError("option '--svg' is for `stagecraft profile summary`");
  expect_suites(arguments.values("suite"));
  const std::string path = arguments.value("output");
  if (path.empty() || path == "-")
    throw UsageError(
        "`stagecraft profile` needs '--output FILE', the table to write; rows go to FILE.rows.csv");
  const std::string rows = path + ".rows.csv";
  std::vector<std::string> settings = settings_of(arguments, rows);
  const std::string program = profiler_program();
  expect_device(program, arguments.number("device", 0, 0));
  const Exit exit =
      Suites(arguments, program, std::move(settings)).run(wanted_suites(arguments, program), streams);
  finish(path, rows, streams);
  return exit;
}

Exit diff(const Arguments& arguments, Streams& streams) {
  if (arguments.positional.size() != 3) throw UsageError("`stagecraft profile diff` takes two tables");
  const RawRows before = read_measured(arguments.positional[1]);
  const RawRows after = read_measured(arguments.positional[2]);
  const std::vector<Drift> drifts = compare_rows(before.rows, after.rows);
  if (drifts.empty())
    throw InputError(
        fmt::format("{} and {} have no point in common", arguments.positional[1], arguments.positional[2]));
  streams.out << fmt::format("{} over {}: times of\n", arguments.positional[2], arguments.positional[1])
              << fmt::format("  {} ({}) over {} ({})\n", after.header.device, after.header.driver,
                             before.header.device, before.header.driver)
              << to_text(drifts);
  return Exit::Done;
}

}  // namespace

Exit profile_command(const Arguments& arguments, Streams& streams) {
  if (arguments.has("attach")) return attach(arguments, streams);
  if (!arguments.behind_dashes.empty())
    throw UsageError("`stagecraft profile` runs a program only with '--attach'");
  if (arguments.positional.empty()) return measure(arguments, streams);
  const std::string& verb = arguments.positional[0];
  if (verb == "diff") return diff(arguments, streams);
  if (verb == "import") return import_command(arguments, streams);
  if (verb == "merge") return merge_command(arguments, streams);
  if (verb == "summary") return summary_command(arguments, streams);
  if (verb == "check") return check_passes_command(arguments, streams);
  constexpr std::array<std::string_view, 5> kVerbs = {"check", "diff", "import", "merge", "summary"};
  const std::string near = did_you_mean(verb, kVerbs);
  throw UsageError(fmt::format("`stagecraft profile` does not know '{}'{}", verb,
                               near.empty() ? "; see `stagecraft profile --help`" : near));
}

}  // namespace stagecraft
