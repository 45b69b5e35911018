#include <fmt/format.h>

#include <limits>
#include <optional>
#include <ostream>

#include "base/quantity.h"
#include "base/text.h"
#include "scenarios/cli/commands.h"
#include "scenarios/cli/outputs.h"
#include "scenarios/reader/reader.h"
#include "scenarios/run/compare.h"
#include "scenarios/run/compare_tradeoff.h"
#include "scenarios/run/explain_idle.h"
#include "scenarios/run/report.h"
#include "sim/report/csv.h"
#include "sim/report/trace.h"
#include "sim/schedule/communication.h"
#include "sim/schedule/pytorch_csv.h"

namespace stagecraft {

namespace {

TimePoint parse_time(std::string_view text, std::string_view option) {
  try {
    return parse_quantity<Duration>(text);
  } catch (const QuantityError& error) {
    throw UsageError(fmt::format("option '--{}': '{}' {}", option, text, error.what()));
  }
}

int parse_rank(std::string_view text) {
  const std::optional<std::int64_t> rank = whole_number(text);
  if (!rank) throw UsageError(fmt::format("option '--trace-ranks' needs ranks such as 0-3, got '{}'", text));
  return static_cast<int>(*rank);
}

Selection selection(const Arguments& arguments) {
  Selection result;
  if (const std::string window = arguments.value("trace-window"); arguments.has("trace-window")) {
    const std::size_t dots = window.find("..");
    if (dots == std::string::npos)
      throw UsageError(
          fmt::format("option '--trace-window' needs FROM..TO, such as 0ms..50ms, got '{}'", window));
    result.from = parse_time(std::string_view(window).substr(0, dots), "trace-window");
    result.to = parse_time(std::string_view(window).substr(dots + 2), "trace-window");
    if (result.to <= result.from)
      throw UsageError(fmt::format("option '--trace-window' {} is empty", window));
  }
  if (const std::string ranks = arguments.value("trace-ranks"); arguments.has("trace-ranks")) {
    const std::size_t dash = std::min(ranks.find('-'), ranks.size());
    result.first_rank = parse_rank(std::string_view(ranks).substr(0, dash));
    result.last_rank =
        dash == ranks.size() ? result.first_rank : parse_rank(std::string_view(ranks).substr(dash + 1));
    if (result.last_rank < result.first_rank)
      throw UsageError(fmt::format("option '--trace-ranks' {} is empty", ranks));
  }
  return result;
}

/// A selection that nothing shows is a misunderstanding.
void expect_shown(const Arguments& arguments) {
  if (arguments.has("svg-memory") && !arguments.has("svg"))
    throw UsageError("option '--svg-memory' draws into --svg; give that, too");
  if (arguments.has("trace") || arguments.has("svg") || arguments.has("csv")) return;
  for (const char* option : {"trace-window", "trace-ranks"})
    if (arguments.has(option))
      throw UsageError(
          fmt::format("option '--{}' cuts --trace, --svg and --csv; give at least one of them", option));
}

/// A selection that shows nothing is a slip of the finger.
void expect_something(const Arguments& arguments, const Selection& shown, const RunResult& result) {
  if (arguments.has("svg-memory") && result.metrics.peak_memory_bytes == 0)
    throw UsageError(
        "option '--svg-memory' has no memory to draw: the scenario needs a model, or costs.state and "
        "costs.activation");
  const int ranks = result.built.problem.shape.ranks;
  if (shown.first_rank >= ranks)
    throw UsageError(fmt::format("option '--trace-ranks' begins at rank {}, but the scenario has {} ranks",
                                 shown.first_rank, ranks));
  if (shown.from > Duration{0} && shown.from >= result.timeline.makespan)
    throw UsageError(fmt::format("option '--trace-window' begins at {}, but the step ends at {}",
                                 to_text(shown.from), to_text(result.timeline.makespan)));
}

PyTorchLetters letters_of(const Arguments& arguments) {
  if (!arguments.has("schedule-letters")) return PyTorchLetters::New;
  if (!arguments.has("schedule-csv") && !arguments.has("schedule-comms-csv"))
    throw UsageError(
        "option '--schedule-letters' is of --schedule-csv and --schedule-comms-csv; give one of them");
  const std::string letters = arguments.value("schedule-letters");
  if (letters != "new" && letters != "old")
    throw UsageError(fmt::format("option '--schedule-letters' needs new or old, got '{}'", letters));
  return letters == "old" ? PyTorchLetters::Old : PyTorchLetters::New;
}

/// With sends and receives: in the schedule's own order where it has one, in PyTorch's for what PyTorch can
/// run.
RankActions lowered(const Schedule& schedule, const ScheduleShape& shape, const ScheduleEntry* entry) {
  if (entry && entry->actions) return entry->actions(shape);
  if (shape.replicas > 1 || shape.segments > 1)
    throw UsageError(
        "option '--schedule-comms-csv': PyTorch runs neither several copies of a model nor segments of "
        "sequences; there is '--schedule-csv'");
  // Where PyTorch has one stage a rank, it leaves gathering and reducing to others.
  return pytorch_actions(schedule, shape, {.shards = shape.chunks > 1});
}

/// What PyTorch's notation leaves out of a schedule.
void warn_of_losses(const RunResult& result, const Outputs& outputs, std::ostream& err) {
  if (!outputs.wants("schedule-csv") && !outputs.wants("schedule-comms-csv")) return;
  const PipelineProblem& problem = result.built.problem;
  const LargeArray<Op>& ops = result.timeline.ops;
  if (std::ranges::any_of(ops, [](const Op& op) { return op.kind == OpKind::Evict; }))
    err << "stagecraft: warning: PyTorch's notation has no evictions: read back, the schedule is without "
           "them\n";
  if (!problem.weight_versions.empty())
    err << "stagecraft: warning: PyTorch's notation has neither updates inside a step nor versions of "
           "weights: read back, the schedule is without them\n";
}

void write_outputs(const RunResult& result, const Arguments& arguments, const Selection& shown,
                   const std::optional<IdleExplanation>& idle, Outputs& outputs, std::ostream& err) {
  outputs.write("json",
                [&](TextSink& sink) { sink.write(json_report(result, version(), idle ? &*idle : nullptr)); });
  outputs.write("csv", [&](TextSink& sink) { write_csv(result.timeline, shown, sink); });
  outputs.write("svg", [&](TextSink& sink) {
    SvgOptions options = svg_options(result);
    options.selection = shown;
    if (arguments.has("svg-memory")) options.counter = "memory";
    write_svg(result.timeline, options, sink);
  });
  outputs.write("trace", [&](TextSink& sink) {
    const TraceOptions options{.selection = shown};
    if (const std::string warning = trace_warning(trace_size(result.timeline, options)); !warning.empty())
      err << "stagecraft: warning: " << warning << "\n";
    write_trace(result.timeline, options, sink);
  });
  const auto schedule = [&] { return Schedule{result.timeline.ops, result.timeline.begin}; };
  const ScheduleShape& shape = result.built.problem.shape;
  const PyTorchLetters letters = letters_of(arguments);
  warn_of_losses(result, outputs, err);
  outputs.write("schedule-csv", [&](TextSink& sink) {
    sink.write(write_csv(pytorch_grid(schedule(), shape, result.built.schedule_entry), letters));
  });
  outputs.write("schedule-comms-csv", [&](TextSink& sink) {
    sink.write(write_csv(lowered(schedule(), shape, result.built.schedule_entry), letters));
  });
}

std::int64_t samples_of(const Arguments& arguments) {
  return arguments.number("uncertainty", 1, 0, 1'000'000);
}

std::uint64_t seed_of(const Arguments& arguments) {
  return static_cast<std::uint64_t>(arguments.number("seed", 0, 0, std::numeric_limits<std::int64_t>::max()));
}

/// "40 GiB".
std::optional<Bytes> within_of(const Arguments& arguments) {
  if (!arguments.has("within")) return std::nullopt;
  const std::string text = arguments.value("within");
  try {
    const Bytes within = parse_quantity<Bytes>(text);
    if (within.count <= 0)
      throw UsageError(fmt::format("option '--within' needs more than 0, got '{}'", text));
    return within;
  } catch (const QuantityError& error) {
    throw UsageError(fmt::format("option '--within': '{}' {}", text, error.what()));
  }
}

Exit compare_command(const Arguments& arguments, Streams& streams) {
  for (const char* option : {"csv", "trace", "why", "svg-memory", "trace-window", "trace-ranks",
                             "schedule-csv", "schedule-comms-csv", "schedule-letters"})
    if (arguments.has(option))
      throw UsageError(fmt::format(
          "option '--{}' is of one schedule; with '--compare' there are '--json' and '--svg'", option));
  std::vector<Alternative> alternatives;
  try {
    alternatives = parse_alternatives(arguments.value("compare"));
  } catch (const std::invalid_argument& error) {
    throw UsageError(fmt::format("option '--compare': {}", error.what()));
  }
  const std::vector<std::string> overrides = arguments.values("set");
  Outputs outputs(arguments, scenario_files(read_scenario(arguments.positional[0], overrides)), streams.out);
  const Comparison comparison =
      compare_schedules(arguments.positional[0], overrides, alternatives, samples_of(arguments),
                        seed_of(arguments), within_of(arguments));
  outputs.write("json", [&](TextSink& sink) { sink.write(json_report(comparison, version())); });
  outputs.write("svg", [&](TextSink& sink) { write_tradeoff(comparison, sink); });
  outputs.finish();
  if (!outputs.stdout_taken()) streams.out << console_report(comparison, streams.colour);
  outputs.print_names();
  flush_output(streams.out);
  outputs.commit();
  return Exit::Done;
}

}  // namespace

Exit run_command(const Arguments& arguments, Streams& streams) {
  if (arguments.positional.size() != 1) throw UsageError("run takes one scenario");
  if (arguments.has("seed") && !arguments.has("uncertainty"))
    throw UsageError("option '--seed' is for '--uncertainty': nothing else is drawn at random");
  if (arguments.has("within") && !arguments.has("compare"))
    throw UsageError("option '--within' is for '--compare'; a scenario's devices have cluster.device.memory");
  if (arguments.has("compare")) return compare_command(arguments, streams);
  expect_shown(arguments);
  const Selection shown = selection(arguments);
  const ReadScenario read = read_scenario(arguments.positional[0], arguments.values("set"));
  Outputs outputs(arguments, scenario_files(read), streams.out);
  const bool pictures = outputs.wants("svg") || outputs.wants("trace");
  const bool why = arguments.has("why");
  const RunResult result = run(read, {.bubbles = pictures || why || outputs.wants("csv"),
                                      .transfers = pictures,
                                      .counters = outputs.wants("trace") || arguments.has("svg-memory"),
                                      .samples = samples_of(arguments),
                                      .seed = seed_of(arguments)});
  expect_something(arguments, shown, result);
  std::optional<IdleExplanation> idle;
  if (why) idle = explain_idle(arguments.positional[0], arguments.values("set"), result);
  write_outputs(result, arguments, shown, idle, outputs, streams.err);
  outputs.finish();
  if (!outputs.stdout_taken()) streams.out << console_report(result, streams.colour);
  if (idle && !outputs.stdout_taken()) streams.out << idle_report(result, *idle);
  outputs.print_names();
  flush_output(streams.out);
  outputs.commit();
  return Exit::Done;
}

Exit check_command(const Arguments& arguments, Streams& streams) {
  if (arguments.positional.empty()) throw UsageError("check takes one scenario or more");
  bool good = true;
  for (const std::string& path : arguments.positional) {
    try {
      build(read_scenario(path, arguments.values("set")));
      streams.out << printable(path) << ": ok\n";
    } catch (const InputError& error) {
      streams.err << error.what() << "\n";
      good = false;
    }
  }
  return good ? Exit::Done : Exit::BadInput;
}

}  // namespace stagecraft
