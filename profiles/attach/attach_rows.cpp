#include "profiles/attach/attach_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "profiles/spread.h"

namespace stagecraft {

namespace {

constexpr double kUsPerNs = 1e-3;

struct Operator {
  std::vector<double> us;
  double spans = 0;
  std::size_t discarded = 0;
  double longest_us = 0;
  std::string kernel;  ///< of the longest call

  double total_us() const {
    double total = 0;
    for (const double one : us) total += one;
    return total;
  }
};

using Operators = std::map<std::string, Operator>;

/// Why calls were not used, over all processes.
struct Tally {
  std::size_t bad_time = 0;
  std::size_t in_overhead = 0;
  std::size_t unfinished = 0;
  std::size_t ranges = 0;
  std::size_t bad_marks = 0;
  std::size_t without_call = 0;
  std::size_t ambiguous = 0;
  std::size_t lost = 0;

  void add(const AttachedCalls& process) {
    ranges += process.ranges;
    bad_marks += process.bad_marks;
    without_call += process.without_call;
    ambiguous += process.ambiguous;
    lost += process.lost;
  }
  void add(AttachedCall::State state) {
    bad_time += state == AttachedCall::State::BadTime;
    in_overhead += state == AttachedCall::State::InOverhead;
    unfinished += state == AttachedCall::State::Unfinished;
  }
};

void add(Operator& one, const AttachedCall& call) {
  const double us = kUsPerNs * static_cast<double>(call.device_ns);
  if (one.us.empty() || us > one.longest_us) {
    one.longest_us = us;
    one.kernel = call.kernel;
  }
  one.us.push_back(us);
  one.spans += static_cast<double>(call.spans);
}

MeasuredRow row_of(const std::string& name, const Operator& one) {
  MeasuredRow row;
  row.suite = "attach";
  row.family = name;
  row.pass = 1;
  row.calls = static_cast<double>(one.us.size());
  row.kernels_per_call = one.spans / row.calls;
  row.median_us = quantile_of(one.us, 0.5);
  row.p10_us = quantile_of(one.us, 0.1);
  row.p90_us = quantile_of(one.us, 0.9);
  row.min_us = quantile_of(one.us, 0);
  row.discarded = static_cast<double>(one.discarded);
  row.kernel = one.kernel;
  return row;
}

std::vector<std::string> notes_of(const Tally& tally, std::size_t without_row) {
  std::vector<std::string> notes;
  const auto note = [&](std::size_t count, std::string_view text) {
    if (count > 0) notes.push_back(fmt::format("{} {}", count, text));
  };
  note(tally.bad_time, "calls left out: the times of a kernel are missing");
  note(tally.in_overhead, "calls left out: CUPTI was at work meanwhile");
  note(tally.unfinished, "calls left out: the end of their range is not known");
  note(without_row, "operators have no row: none of their calls can be used");
  note(tally.lost, "kernels, copies or fills outside of ranges left out: their times are missing");
  note(tally.ambiguous, "kernels, copies or fills left out: two threads share the call that launched them");
  note(tally.without_call,
       "kernels, copies or fills taken as outside of ranges: their launch was not recorded");
  note(tally.bad_marks,
       "ends of ranges could not be used; what was launched inside counts as the enclosing range's");
  return notes;
}

}  // namespace

AttachedRows attached_rows(std::span<const AttachedCalls> processes) {
  Operators operators;
  Tally tally;
  AttachedRows result;
  double in_ranges_us = 0;
  for (const AttachedCalls& process : processes) {
    tally.add(process);
    for (const AttachedCall& call : process.calls) {
      Operator& one = operators[call.name];
      if (call.state != AttachedCall::State::Whole) {
        ++one.discarded;
        tally.add(call.state);
        continue;
      }
      add(one, call);
      result.spans += call.spans;
      if (call.in_range) in_ranges_us += kUsPerNs * static_cast<double>(call.device_ns);
    }
  }
  std::size_t without_row = 0;
  std::vector<std::pair<double, MeasuredRow>> sorted;
  for (const auto& [name, one] : operators) {
    without_row += one.us.empty();
    if (one.us.empty()) continue;
    result.device_us += one.total_us();
    sorted.emplace_back(one.total_us(), row_of(name, one));
  }
  std::stable_sort(sorted.begin(), sorted.end(), [](auto& a, auto& b) { return a.first > b.first; });
  for (auto& [total_us, row] : sorted) result.rows.push_back(std::move(row));
  if (result.device_us > 0) result.in_ranges_share = in_ranges_us / result.device_us;
  result.notes = notes_of(tally, without_row);
  return result;
}

std::string top_operators(const AttachedRows& attached, std::size_t most) {
  std::string text = "   calls  kernels     median us       p90 us  operator\n";
  for (std::size_t i = 0; i < std::min(most, attached.rows.size()); ++i) {
    const MeasuredRow& row = attached.rows[i];
    text += fmt::format("{:>8}{:>9.4g}{:>14.3f}{:>13.3f}  {}\n", row.calls, row.kernels_per_call,
                        row.median_us, row.p90_us, row.family);
  }
  if (attached.rows.size() > most) text += fmt::format("  and {} more\n", attached.rows.size() - most);
  return text;
}

}  // namespace stagecraft
