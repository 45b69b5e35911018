#include "scenarios/run/compare_tradeoff.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/quantity.h"
#include "sim/report/scatter.h"

namespace stagecraft {

namespace {

/// Alternatives named in words: more would be the table again.
constexpr std::size_t kMostSentences = 4;

std::string percent(double ratio) {
  return fmt::format("{:.1f} %", 100 * ratio);
}

/// "interleaved-1f1b" of "interleaved-1f1b v=4".
std::string schedule_of(const Compared& run) {
  return run.name.substr(0, run.name.find(' '));
}

/// Of steps: how much longer a is than b.
double longer(const Compared& a, const Compared& b) {
  if (a.metrics.makespan == b.metrics.makespan && a.samples == b.samples) return 0;  // also of no time
  return a.seconds_per_sample() / b.seconds_per_sample() - 1;
}

/// "5.1 % longer than zb-h1", "as long as zb-h1".
std::string longer_in_words(const Compared& a, const Compared& b) {
  const double more = longer(a, b);
  if (more == 0) return fmt::format("takes as long as {}", b.name);
  return fmt::format("takes {} longer than {}", percent(more), b.name);
}

std::vector<const Compared*> simulated_runs(const Comparison& comparison) {
  std::vector<const Compared*> runs;
  for (std::size_t i = 0; i < comparison.simulated(); ++i) runs.push_back(&comparison.runs[i]);
  return runs;
}

bool dominates(const Compared& a, const Compared& b) {
  const double x = a.seconds_per_sample(), y = b.seconds_per_sample();
  const double p = memory_of(a), q = memory_of(b);
  return x <= y && p <= q && (x < y || p < q);
}

std::string memory_against(const Compared& run, const Compared& other) {
  if (memory_of(run) == memory_of(other)) return "in the same memory";
  const double ratio = memory_of(run) / memory_of(other);
  if (ratio < 1) return fmt::format("in {} less memory", percent(1 - ratio));
  return fmt::format("with {} more memory", percent(ratio - 1));
}

/// Returns the schedule that the fastest one was held against; null where there is none.
const Compared* fastest(const std::vector<const Compared*>& runs, std::vector<std::string>& sentences) {
  const Compared& first = *runs[0];
  const std::string which = first.fits() ? "fastest" : "fastest, but does not fit";
  const auto other = std::ranges::find_if(runs, [&](const Compared* run) {
    return run->fits() == first.fits() && schedule_of(*run) != schedule_of(first);
  });
  if (other == runs.end()) return nullptr;
  const double more = longer(**other, first);
  const std::string takes = more == 0 ? "takes as long" : fmt::format("takes {} longer", percent(more));
  sentences.push_back(fmt::format("{} is {}: {} {} {}.", first.name, which, (*other)->name, takes,
                                  memory_against(**other, first)));
  return *other;
}

/// Those on the front behind the fastest, but for the one that it was held against.
void cheaper(const std::vector<const Compared*>& runs, const std::vector<bool>& front, const Compared* told,
             std::vector<std::string>& sentences) {
  for (std::size_t i = 1; i < runs.size() && sentences.size() < kMostSentences; ++i) {
    if (!front[i] || runs[i] == told || memory_of(*runs[i]) >= memory_of(*runs[0])) continue;
    sentences.push_back(fmt::format("{} {}, {}.", runs[i]->name, longer_in_words(*runs[i], *runs[0]),
                                    memory_against(*runs[i], *runs[0])));
  }
}

/// Of schedules with several settings: the first of them in the table is the best. The fastest of all was
/// named.
void best_settings(const std::vector<const Compared*>& runs, std::vector<std::string>& sentences) {
  std::map<std::string, int> settings;
  for (const Compared* run : runs) ++settings[schedule_of(*run)];
  for (const Compared* run : runs) {
    int& count = settings[schedule_of(*run)];
    if (count > 1 && run != runs[0])
      sentences.push_back(fmt::format("Of {} settings of {}, {} is the fastest{}.", count, schedule_of(*run),
                                      run->name, run->fits() ? "" : ", and none fits"));
    count = 0;
  }
}

/// The fastest schedule that holds no more than the one that was named first.
void in_equal_memory(const Comparison& comparison, const std::vector<const Compared*>& runs,
                     std::vector<std::string>& sentences) {
  const auto named =
      std::ranges::find_if(runs, [&](const Compared* run) { return run->name == comparison.first_named; });
  if (named == runs.end()) return;
  const Compared& base = **named;
  const Compared* best = &base;
  for (const Compared* run : runs)  // Those that do not fit stand behind, however fast.
    if (memory_of(*run) <= memory_of(base) && longer(*best, *run) > 0) best = run;
  if (best == &base)
    return sentences.push_back(fmt::format("In the memory of {} nothing else is faster.", base.name));
  sentences.push_back(fmt::format("In the memory of {}, {} is the fastest: {} takes {} longer.", base.name,
                                  best->name, base.name, percent(longer(base, *best))));
}

}  // namespace

double memory_of(const Compared& run) {
  if (run.metrics.peak_memory_bytes > 0) return static_cast<double>(run.metrics.peak_memory_bytes);
  return peak_microbatches(run.metrics, run.shape);
}

std::vector<bool> pareto(const Comparison& comparison) {
  const std::vector<const Compared*> runs = simulated_runs(comparison);
  std::vector<bool> front(comparison.runs.size(), false);
  for (std::size_t i = 0; i < runs.size(); ++i)
    front[i] = std::ranges::none_of(runs, [&](const Compared* other) { return dominates(*other, *runs[i]); });
  return front;
}

std::vector<std::string> in_words(const Comparison& comparison) {
  const std::vector<const Compared*> runs = simulated_runs(comparison);
  std::vector<std::string> sentences;
  if (runs.size() < 2) return sentences;
  const Compared* other = fastest(runs, sentences);
  cheaper(runs, pareto(comparison), other, sentences);
  best_settings(runs, sentences);
  in_equal_memory(comparison, runs, sentences);
  return sentences;
}

void write_tradeoff(const Comparison& comparison, TextSink& sink) {
  const std::vector<const Compared*> runs = simulated_runs(comparison);
  const std::vector<bool> front = pareto(comparison);
  const bool bytes =
      std::ranges::all_of(runs, [](const Compared* run) { return run->metrics.peak_memory_bytes > 0; });
  constexpr double kGiB = 1024.0 * 1024 * 1024;
  ScatterPicture picture{
      .title = comparison.scenario,
      .subtitle = fmt::format("{} schedules, on the line those that nothing beats in both", runs.size()),
      .x_label = bytes ? "peak memory of a device (GiB)" : "peak activations (micro-batches)",
      .y_label = runs[0]->model ? "samples per second" : "micro-batches per second"};
  for (std::size_t i = 0; i < runs.size(); ++i)
    picture.points.push_back({.x = memory_of(*runs[i]) / (bytes ? kGiB : 1),
                              .y = runs[i]->samples_per_second(),
                              .label = runs[i]->name,
                              .on_front = front[i]});
  if (bytes && runs[0]->memory.count > 0) {
    picture.x_limit = static_cast<double>(runs[0]->memory.count) / kGiB;
    picture.x_limit_label = "limit: " + to_text(runs[0]->memory);
  }
  write_scatter(picture, sink);
}

}  // namespace stagecraft
