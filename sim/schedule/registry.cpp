#include "sim/schedule/registry.h"

#include <fmt/format.h>

#include "sim/schedule/generators.h"
#include "sim/schedule/pytorch_csv.h"

namespace stagecraft {

namespace {

constexpr ScheduleEntry kSchedules[] = {
    {"gpipe", "all forwards, then all backwards", "Huang et al., NeurIPS 2019", false, gpipe,
     pytorch_gpipe_cells},
    {"1f1b", "warm up, alternate one forward and one backward, drain", "Narayanan et al., ICML 2021", false,
     one_f_one_b},
    {"interleaved-1f1b", "1f1b with several chunks of the model per rank", "Narayanan et al., SC 2021", true,
     interleaved_one_f_one_b, pytorch_interleaved_cells},
};

constexpr std::int64_t kMaxOps = (std::int64_t{1} << 31) - 2;

}  // namespace

std::span<const ScheduleEntry> schedules() {
  return kSchedules;
}

const ScheduleEntry* find_schedule(std::string_view name) {
  for (const ScheduleEntry& entry : kSchedules)
    if (entry.name == name) return &entry;
  return nullptr;
}

std::string unmet_condition(const ScheduleEntry& entry, const ScheduleShape& shape) {
  if (shape.ranks < 1 || shape.microbatches < 1 || shape.chunks < 1)
    return "stages, microbatches and chunks must be at least 1";
  if (shape.chunks > 1 && !entry.chunked)
    return fmt::format("{} has one chunk per rank, got {}", entry.name, shape.chunks);
  const std::int64_t stages = std::int64_t{shape.ranks} * shape.chunks;
  if (stages > kMaxStages)
    return fmt::format("{} ranks x {} chunks are {} stages, more than {}", shape.ranks, shape.chunks, stages,
                       kMaxStages);
  // Three ops per stage and micro-batch at most, and two per stage at the end of the step.
  if (stages * (3 * std::int64_t{shape.microbatches} + 2) > kMaxOps)
    return fmt::format("{} stages x {} microbatches are more than 2^31 ops", stages, shape.microbatches);
  return {};
}

}  // namespace stagecraft
