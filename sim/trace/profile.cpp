#include "sim/trace/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <unordered_map>

#include "base/error.h"
#include "base/text.h"
#include "sim/trace/launches.h"

namespace stagecraft {

namespace {

constexpr std::array<std::string_view, 7> kCategories = {
    "kernel",       "gpu_memcpy",          "gpu_memset", "user_annotation",
    "cuda_runtime", "gpu_user_annotation", "cuda_driver"};

// Sums and differences of times of several files must fit a Duration.
constexpr Duration kMostTime{std::int64_t{1} << 61};
constexpr Duration kMostEvent = std::chrono::hours(24);
constexpr Duration kMostSpan = std::chrono::hours(24 * 366);

bool is_on_gpu(const TraceEvent& event) {
  return event.category == "kernel" || event.category == "gpu_memcpy" || event.category == "gpu_memset";
}

std::int64_t device_of(const TraceEvent& event) {
  return event.device >= 0 ? event.device : event.pid;
}

/// Gathers what was found under names, in order of time spent.
class Tally {
 public:
  void add(std::string_view name, Duration time) {
    NamedWork& work = works_.try_emplace(name).first->second;
    ++work.count;
    work.time += std::min(time, Duration::max() - work.time);
  }
  bool empty() const { return works_.empty(); }

  std::vector<NamedWork> sorted() const {
    std::vector<NamedWork> result;
    for (const auto& [name, work] : works_) result.push_back({std::string(name), work.count, work.time});
    std::stable_sort(result.begin(), result.end(), [](auto& a, auto& b) { return a.time > b.time; });
    return result;
  }

 private:
  std::map<std::string_view, NamedWork> works_;
};

/// The works of one GPU while they are read.
struct Device {
  std::vector<const TraceEvent*> events;
};

class ProfileReader {
 public:
  ProfileReader(std::span<const ChromeTrace> traces, std::span<const std::string> paths,
                const CommunicationRule& rule)
      : traces_(traces), paths_(paths), rule_(rule) {}

  Profile read() {
    for (std::size_t file = 0; file < traces_.size(); ++file) check_times(traces_[file], paths_[file]);
    find_origin();
    for (std::size_t file = 0; file < traces_.size(); ++file) read_file(file);
    profile_.communication = communication_.sorted();
    profile_.ranges_on_host = gpu_ranges_.empty() && !host_ranges_.empty();
    profile_.ranges = (gpu_ranges_.empty() ? host_ranges_ : gpu_ranges_).sorted();
    return std::move(profile_);
  }

 private:
  /// A clock that jumped would make every number wrong.
  static void check_times(const ChromeTrace& trace, const std::string& path) {
    const auto far = [](Duration time) { return time > kMostTime || time < -kMostTime; };
    for (const TraceEvent& event : trace.events) {
      if (event.phase != 'X') continue;
      if (event.duration > kMostEvent)
        throw file_error(
            path, fmt::format("event {} takes more than a day", in_quotes(event.name)),
            {"the clock was set while it was recorded, or the file is damaged: record it again"});
      if (far(event.start) || far(trace.base_time) || far(event.start + trace.base_time))
        throw file_error(path, "has times of more than 73 years");
    }
  }

  /// The first start and, to be sure of the arithmetic, the last end on any GPU.
  void find_origin() {
    TimePoint first = TimePoint::max(), last = TimePoint::min();
    for (std::size_t file = 0; file < traces_.size(); ++file) {
      const ChromeTrace& trace = traces_[file];
      bool found = false;
      for (const TraceEvent& event : trace.events) {
        if (!is_on_gpu(event) || event.phase != 'X') continue;
        found = true;
        first = std::min(first, event.start + trace.base_time);
        last = std::max(last, event.end() + trace.base_time);
      }
      if (!found)
        throw file_error(paths_[file], "has nothing that ran on a GPU: no event of category 'kernel'",
                         {"record it with activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]"});
    }
    if (last - first > kMostSpan)
      throw file_error(paths_[0],
                       fmt::format("{}has work on GPUs that lies more than a year apart",
                                   paths_.size() > 1 ? "with the other files " : ""),
                       {"files are put side by side by 'baseTimeNanoseconds' and their times"});
    origin_ = first;
  }

  void read_file(std::size_t file) {
    const ChromeTrace& trace = traces_[file];
    std::map<std::int64_t, Device> devices;
    for (const TraceEvent& event : trace.events) {
      if (event.phase != 'X') continue;
      if (is_on_gpu(event)) devices[device_of(event)].events.push_back(&event);
      if (event.category == "gpu_user_annotation") gpu_ranges_.add(event.name, event.duration);
      if (event.category == "user_annotation") host_ranges_.add(event.name, event.duration);
    }
    const Launches launches(trace);
    for (auto& [id, device] : devices)
      read_device(trace, launches, name_of(file, id, devices.size()), device);
  }

  std::string name_of(std::size_t file, std::int64_t device, std::size_t devices) const {
    const std::int64_t rank = traces_[file].rank;
    if (rank >= 0)
      return devices == 1 ? fmt::format("rank {}", rank) : fmt::format("rank {} GPU {}", rank, device);
    return traces_.size() == 1 ? fmt::format("GPU {}", device)
                               : fmt::format("{} GPU {}", paths_[file], device);
  }

  void read_device(const ChromeTrace& trace, const Launches& launches, std::string name, Device& device) {
    auto& events = device.events;
    std::stable_sort(events.begin(), events.end(), [](const TraceEvent* a, const TraceEvent* b) {
      return a->start != b->start ? a->start < b->start : a->end() < b->end();
    });
    const Duration shift = trace.base_time - origin_;
    RankActivity rank{.name = std::move(name)};
    TimePoint reach = events.front()->start;
    for (const TraceEvent* event : events) {
      if (event->start > reach)
        rank.idle.push_back({reach + shift, event->start + shift, launches.cause(reach, *event)});
      reach = std::max(reach, event->end());
      rank.work.push_back({event->start + shift, event->end() + shift, class_of(*event), event->name,
                           event->stream >= 0 ? event->stream : event->tid});
    }
    rank.window = {events.front()->start + shift, reach + shift};
    profile_.ranks.push_back(std::move(rank));
  }

  WorkClass class_of(const TraceEvent& event) {
    // Every name is one text of its trace, so that it is searched once.
    const auto [found, is_new] = matches_.try_emplace(event.name.data());
    if (is_new) found->second = rule_.match(event.name);
    if (!found->second.empty()) {
      communication_.add(found->second, event.duration);
      return WorkClass::Communication;
    }
    return event.category == "kernel" ? WorkClass::Compute : WorkClass::Copy;
  }

  std::span<const ChromeTrace> traces_;
  std::span<const std::string> paths_;
  const CommunicationRule& rule_;
  TimePoint origin_{0};
  Profile profile_;
  std::unordered_map<const char*, std::string_view> matches_;
  Tally communication_, gpu_ranges_, host_ranges_;
};

}  // namespace

std::span<const std::string_view> profile_categories() {
  return kCategories;
}

Profile profile_of(std::span<const ChromeTrace> traces, std::span<const std::string> paths,
                   const CommunicationRule& rule) {
  return ProfileReader(traces, paths, rule).read();
}

}  // namespace stagecraft
