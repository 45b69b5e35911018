// Reads back what sim/report/trace.cpp writes. The order of the file carries meaning there: ops of a rank are
// in order of time, and both ends of an arrow stand right behind the op that they belong to.
#include "sim/trace/own_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <map>
#include <unordered_map>

#include "base/error.h"
#include "base/text.h"
#include "base/trace_text.h"
#include "sim/report/trace.h"

namespace stagecraft {

namespace {

constexpr std::array<std::string_view, 5> kCategories = {"", "compute", "communication", "idle", "transfer"};
constexpr std::string_view kArgs[] = {
    // of ops
    "kind", "stage", "microbatch", "segment", "replica", "backward_stage", "backward_microbatch",
    "backward_replica",
    // of bubbles and transfers
    "cause", "waits_for", "waits_for_rank", "waits_for_replica", "transfer", "to_rank", "from_rank", "op",
    "at",
    // of ranks and of what a cut trace shows
    "name", "window_from", "window_to", "makespan", "first_rank", "last_rank", "ranks"};

/// An op as a bubble names it.
struct OpKey {
  std::size_t rank;
  std::int64_t replica;
  std::string_view name;
  bool operator==(const OpKey&) const = default;
};
struct OpKeyHash {
  std::size_t operator()(const OpKey& key) const {
    return std::hash<std::string_view>{}(key.name) ^ (key.rank * 0x9E3779B97F4A7C15u) ^
           static_cast<std::size_t>(key.replica);
  }
};

constexpr std::uint32_t kNoRank = 0xFFFFFFFFu;

/// A transfer, as far as the file has said of it.
struct Arrow {
  std::uint32_t from = kNoOp;
  std::uint32_t to = kNoOp;
  bool backward = false;
  bool has_slice = false;
  TimePoint start{0};
  TimePoint end{0};
  std::array<std::uint32_t, 2> ranks{kNoRank, kNoRank};  // that have a part in it, as far as they are known
};

/// Ops are numbered within their rank while they are read, since ranks may come in any order.
struct RankOps {
  std::int64_t pid = 0;
  std::string name;
  std::vector<Op> ops;
  std::vector<TimePoint> start;
  std::vector<TimePoint> end;
  std::vector<std::string_view> names;
};

class OwnTraceReader {
 public:
  OwnTraceReader(const ChromeTrace& trace, const std::string& path) : trace_(trace), path_(path) {}

  OwnTrace read() {
    find_ranks();
    read_cut();
    number_ranks();
    for (const TraceEvent& event : trace_.events) read_op(event);
    place_ops();
    for (const TraceEvent& event : trace_.events) read_rest(event);
    // Other tools may have put the ranks in another order.
    std::stable_sort(timeline_.bubbles.begin(), timeline_.bubbles.end(),
                     [](const Bubble& a, const Bubble& b) {
                       return a.rank != b.rank ? a.rank < b.rank : a.start < b.start;
                     });
    place_transfers();
    name_ranks();
    return {std::move(timeline_), shown_, std::move(transfers_)};
  }

 private:
  [[noreturn]] void fail(const TraceEvent& event, const std::string& what) const {
    throw file_error(path_,
                     fmt::format("event {} at {} us {}", in_quotes(event.name),
                                 static_cast<double>(event.start.count()) / 1e3, what),
                     {"a trace of Stagecraft is what `stagecraft run --trace` writes"});
  }

  /// The number of an argument, `otherwise` where it is missing.
  std::int64_t number(const TraceEvent& event, std::string_view arg, std::int64_t most,
                      std::int64_t otherwise = 0) const {
    const std::string_view text = arg_of(event, arg);
    if (text.empty()) return otherwise;
    std::int64_t value = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < 0 || value > most)
      fail(event, fmt::format("has '{}' {}, which is no number from 0 to {}", arg, in_quotes(text), most));
    return value;
  }

  TimePoint time(const TraceEvent& event, std::string_view arg, TimePoint otherwise) const {
    const std::string_view text = arg_of(event, arg);
    if (text.empty()) return otherwise;
    const auto time = from_microseconds(text);
    if (!time)
      fail(event, fmt::format("has '{}' {}, which is no time in microseconds", arg, in_quotes(text)));
    return *time;
  }

  void find_ranks() {
    for (const TraceEvent& event : trace_.events) {
      if (event.phase != 'M' || event.name != "process_name") continue;
      ranks_.push_back({.pid = event.pid, .name = text_of(arg_of(event, "name"))});
    }
  }

  /// Ranks that are not shown get their places, so that all have their numbers in the step.
  void read_cut() {
    for (const TraceEvent& event : trace_.events) {
      if (event.phase != 'M' || event.name != kTraceCut) continue;
      const std::int64_t ranks = number(event, "ranks", kMaxStages);
      shown_.from = time(event, "window_from", TimePoint{-1});
      shown_.to = time(event, "window_to", TimePoint{-1});
      timeline_.makespan = time(event, "makespan", TimePoint{-1});
      shown_.first_rank = static_cast<int>(number(event, "first_rank", ranks - 1, -1));
      shown_.last_rank = static_cast<int>(number(event, "last_rank", ranks - 1, -1));
      if (shown_.from < TimePoint{0} || shown_.to <= shown_.from || timeline_.makespan < shown_.to ||
          shown_.first_rank < 0 || shown_.last_rank < shown_.first_rank)
        fail(event, "does not say which part of a step the trace shows");
      add_hidden_ranks(event, ranks);
      return;
    }
  }

  void add_hidden_ranks(const TraceEvent& cut, std::int64_t ranks) {
    std::vector<bool> has(static_cast<std::size_t>(ranks));
    for (const RankOps& rank : ranks_) {
      if (rank.pid < 1 || rank.pid > ranks)
        fail(cut, fmt::format("says that there are {} ranks, but there is a process {}", ranks, rank.pid));
      has[static_cast<std::size_t>(rank.pid - 1)] = true;
    }
    for (std::int64_t rank = 0; rank < ranks; ++rank)
      if (!has[static_cast<std::size_t>(rank)]) ranks_.push_back({.pid = rank + 1});
  }

  void number_ranks() {
    std::stable_sort(ranks_.begin(), ranks_.end(), [](auto& a, auto& b) { return a.pid < b.pid; });
    for (std::size_t rank = 0; rank < ranks_.size(); ++rank)
      if (!rank_of_pid_.try_emplace(ranks_[rank].pid, rank).second)
        throw file_error(path_, fmt::format("names process {} twice", ranks_[rank].pid),
                         {"two traces were joined in it: give one that `stagecraft run --trace` wrote"});
  }

  std::size_t rank_of(const TraceEvent& event) const {
    const auto found = rank_of_pid_.find(event.pid);
    if (found == rank_of_pid_.end())
      fail(event, fmt::format("is of process {}, which has no name", event.pid));
    return found->second;
  }

  static bool is_op(const TraceEvent& event) { return event.phase == 'X' && !arg_of(event, "kind").empty(); }

  Op op_of(const TraceEvent& event) const {
    const std::string_view kind = unquoted(arg_of(event, "kind"));
    const auto& kinds = op_kinds();
    const auto found =
        std::find_if(kinds.begin(), kinds.end(), [&](auto& known) { return known.name == kind; });
    if (found == kinds.end()) fail(event, fmt::format("is of the unknown kind {}", in_quotes(kind)));
    constexpr std::int64_t kMostMicrobatch = std::numeric_limits<std::int32_t>::max();
    Op op{.microbatch = static_cast<std::uint32_t>(number(event, "microbatch", kMostMicrobatch)),
          .stage = static_cast<std::uint16_t>(number(event, "stage", kMaxStages)),
          .kind = found->kind,
          .replica = static_cast<std::uint8_t>(number(event, "replica", 255)),
          .segment = static_cast<std::uint8_t>(number(event, "segment", kMaxSegments - 1))};
    op.partner_microbatch = static_cast<std::uint32_t>(number(event, "backward_microbatch", kMostMicrobatch));
    op.partner_stage = static_cast<std::uint16_t>(number(event, "backward_stage", kMaxStages));
    op.partner_replica = static_cast<std::uint8_t>(number(event, "backward_replica", 255));
    return op;
  }

  void read_op(const TraceEvent& event) {
    if (!is_op(event)) return;
    RankOps& rank = ranks_[rank_of(event)];
    if (event.start < TimePoint{0}) fail(event, "begins before time 0");
    if (!rank.end.empty() && event.start < rank.end.back())
      fail(event, fmt::format("begins before {} on the same rank ends", in_quotes(rank.names.back())));
    rank.ops.push_back(op_of(event));
    rank.start.push_back(event.start);
    rank.end.push_back(event.end());
    rank.names.push_back(event.name);
  }

  void place_ops() {
    for (std::size_t r = 0; r < ranks_.size(); ++r) {
      const RankOps& rank = ranks_[r];
      for (std::size_t i = 0; i < rank.ops.size(); ++i) {
        const auto index = static_cast<std::uint32_t>(timeline_.ops.size());
        by_name_.try_emplace({r, rank.ops[i].replica, rank.names[i]}, index);
        timeline_.ops.push_back(rank.ops[i]);
        timeline_.start.push_back(rank.start[i]);
        timeline_.end.push_back(rank.end[i]);
        timeline_.makespan = std::max(timeline_.makespan, rank.end[i]);
      }
      timeline_.begin.push_back(timeline_.ops.size());
    }
    seen_.assign(ranks_.size(), 0);
  }

  void read_rest(const TraceEvent& event) {
    if (event.phase == 'M') return;
    if (event.phase == 'C') return read_counter(event);
    const std::size_t rank = rank_of(event);
    if (event.phase == 's' || event.phase == 'f') return read_arrow(event, rank);
    if (is_op(event)) {
      ++seen_[rank];
    } else if (!arg_of(event, "transfer").empty()) {
      read_transfer(event, static_cast<std::uint32_t>(rank));
    } else if (!arg_of(event, "cause").empty()) {
      read_bubble(event, rank);
    }
  }

  void read_transfer(const TraceEvent& event, std::uint32_t rank) {
    constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();
    Arrow& arrow = arrows_[number(event, "transfer", kMost)];
    arrow.has_slice = true;
    arrow.start = event.start;
    arrow.end = event.end();
    const auto to = rank_of_pid_.find(number(event, "to_rank", kMost, -2) + 1);  // of a receive there is none
    arrow.ranks = {rank, to == rank_of_pid_.end() ? kNoRank : static_cast<std::uint32_t>(to->second)};
  }

  /// The op of the rank that was read last, or the one that the event names by its place.
  std::uint32_t op_at(const TraceEvent& event, std::size_t rank) const {
    const auto ops = static_cast<std::int64_t>(ranks_[rank].ops.size());
    const std::int64_t place = number(event, "op", ops - 1, static_cast<std::int64_t>(seen_[rank]) - 1);
    if (place < 0) fail(event, "is an arrow before the first op of its rank");
    return static_cast<std::uint32_t>(timeline_.begin[rank] + static_cast<std::size_t>(place));
  }

  void read_arrow(const TraceEvent& event, std::size_t rank) {
    Arrow& arrow = arrows_[event.id];
    arrow.backward = event.name == "gradient";
    (event.phase == 's' ? arrow.from : arrow.to) = op_at(event, rank);
    if (event.phase == 'f' || arrow.has_slice) return;
    arrow.start = arrow.end = time(event, "at", timeline_.end[arrow.from]);
  }

  void read_bubble(const TraceEvent& event, std::size_t rank) {
    const std::string_view key = unquoted(arg_of(event, "cause"));
    const auto& causes = bubble_causes();
    const auto found =
        std::find_if(causes.begin(), causes.end(), [&](auto& cause) { return cause.key == key; });
    if (found == causes.end()) fail(event, fmt::format("has the unknown cause {}", in_quotes(key)));
    timeline_.bubbles.push_back(
        {static_cast<std::uint32_t>(rank), found->cause, waits_for(event), event.start, event.end()});
  }

  std::uint32_t waits_for(const TraceEvent& event) const {
    const std::string_view name = unquoted(arg_of(event, "waits_for"));
    if (name.empty()) return kNoOp;
    const std::int64_t pid = number(event, "waits_for_rank", std::numeric_limits<std::uint32_t>::max()) + 1;
    const auto rank = rank_of_pid_.find(pid);
    if (rank == rank_of_pid_.end()) return kNoOp;
    const auto op = by_name_.find({rank->second, number(event, "waits_for_replica", 255), name});
    return op == by_name_.end() ? kNoOp : op->second;
  }

  /// Samples of a counter stand together.
  void read_counter(const TraceEvent& event) {
    const auto args = args_of(event);
    if (args.size() != 1) return;
    const auto rank = static_cast<std::uint32_t>(rank_of(event));
    auto& counters = timeline_.counters;
    const std::string unit = text_of(fmt::format("\"{}\"", args[0].first));
    if (counters.empty() || counters.back().name != event.name || counters.back().unit != unit ||
        counters.back().rank != rank)
      counters.push_back({std::string(event.name), unit, rank, {}});
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    counters.back().samples.push_back({event.start, number(event, args[0].first, kMost)});
  }

  /// In the order of their numbers, those that have both ends; of others what ranks have of them.
  void place_transfers() {
    for (const auto& [number, arrow] : arrows_) {
      if (arrow.from == kNoOp || arrow.to == kNoOp) {
        for (const std::uint32_t rank : arrow.ranks)
          if (rank != kNoRank) transfers_.push_back({rank, arrow.start, arrow.end});
        continue;
      }
      const bool handed_over = !info(timeline_.ops[arrow.from].kind).compute;
      if (!arrow.has_slice && !handed_over) continue;  // cut off: when it was on the link is unknown
      timeline_.transfers.push_back({arrow.from, arrow.to, arrow.start, arrow.end, arrow.backward});
    }
  }

  void name_ranks() {
    bool own_names = false;
    for (std::size_t rank = 0; rank < ranks_.size(); ++rank)
      own_names =
          own_names || (!ranks_[rank].name.empty() && ranks_[rank].name != fmt::format("rank {}", rank));
    if (!own_names) return;
    for (RankOps& rank : ranks_) timeline_.rank_names.push_back(std::move(rank.name));
  }

  const ChromeTrace& trace_;
  const std::string& path_;
  Timeline timeline_;
  Selection shown_;
  std::vector<RankTransfer> transfers_;
  std::vector<RankOps> ranks_;
  std::map<std::int64_t, std::size_t> rank_of_pid_;
  std::unordered_map<OpKey, std::uint32_t, OpKeyHash> by_name_;
  std::vector<std::size_t> seen_;  // ops of each rank that were passed
  std::map<std::int64_t, Arrow> arrows_;
};

}  // namespace

std::span<const std::string_view> own_trace_categories() {
  return kCategories;
}

std::span<const std::string_view> own_trace_args() {
  return kArgs;
}

bool is_own_trace(const ChromeTrace& trace) {
  return std::any_of(trace.events.begin(), trace.events.end(), [](const TraceEvent& event) {
    if (event.phase == 'M') return event.name == kTraceCut;  // a part without ops
    return event.phase == 'X' && !arg_of(event, "kind").empty() && !arg_of(event, "stage").empty();
  });
}

OwnTrace own_trace_of(const ChromeTrace& trace, const std::string& path) {
  return OwnTraceReader(trace, path).read();
}

}  // namespace stagecraft
