#include "sim/schedule/registry.h"

#include <fmt/format.h>

#include "sim/schedule/generators.h"
#include "sim/schedule/pytorch_csv.h"

namespace stagecraft {

namespace {

constexpr ScheduleEntry kSchedules[] = {
    {.name = "gpipe",
     .summary = "all forwards, then all backwards",
     .source = "Huang et al., NeurIPS 2019",
     .chunked = false,
     .generate = gpipe,
     .pytorch_cells = pytorch_gpipe_cells},
    {.name = "1f1b",
     .summary = "warm up, alternate one forward and one backward, drain",
     .source = "Narayanan et al., ICML 2021",
     .chunked = false,
     .generate = one_f_one_b},
    {.name = "kfkb",
     .summary = "1f1b in groups of micro-batches (pipeline.group), which hides hops",
     .source = "Wang et al., arXiv 2303.01675",
     .chunked = false,
     .generate = k_f_k_b,
     .grouped = true},
    {.name = "interleaved-1f1b",
     .summary = "1f1b with several chunks of the model per rank",
     .source = "Narayanan et al., SC 2021",
     .chunked = true,
     .generate = interleaved_one_f_one_b,
     .grouped = true,
     .pytorch_cells = pytorch_interleaved_cells},
    {.name = "looped-bfs",
     .summary = "chunk by chunk, each with all micro-batches",
     .source = "Lamy-Poirier, MLSys 2023",
     .chunked = true,
     .generate = looped_bfs,
     .pytorch_waits = true},
    {.name = "zb-h1",
     .summary = "1f1b with weight gradients apart, in the memory of 1f1b",
     .source = "Qi et al., ICLR 2024",
     .chunked = false,
     .generate = zb_h1},
    {.name = "zb-h2",
     .summary = "weight gradients apart and a longer warm-up: no bubble, up to twice the memory",
     .source = "Qi et al., ICLR 2024",
     .chunked = false,
     .generate = zb_h2},
    {.name = "interleaved-zero-bubble",
     .summary = "interleaved-1f1b with weight gradients apart (ZB1P)",
     .source = "Qi et al., ICLR 2024; PyTorch",
     .chunked = true,
     .generate = interleaved_zero_bubble,
     .grouped = true,
     .pytorch_cells = pytorch_zero_bubble_cells,
     .pytorch_waits = true},
    {.name = "zb-v",
     .summary = "weight gradients apart, two chunks in a V: no bubble in the memory of 1f1b",
     .source = "Qi et al., NeurIPS 2024",
     .chunked = true,
     .generate = zb_v,
     .chunks = 2,
     .rounds = 2,
     .pytorch_waits = true},
    {.name = "zb-1p",
     .summary = "planned for the scenario's times: shortest span in the memory of 1f1b",
     .source = "Qi et al., ICLR 2024",
     .chunked = false,
     .generate = one_by_one,
     .planned = true,
     .planned_rounds = 1},
    {.name = "zb-2p",
     .summary = "planned for the scenario's times: shortest span in twice the memory of 1f1b",
     .source = "Qi et al., ICLR 2024",
     .chunked = false,
     .generate = one_by_one,
     .planned = true,
     .planned_rounds = 2},
    {.name = "zb-auto",
     .summary = "planned: shortest span within pipeline.activation_limit or memory_limit; chunks in a V",
     .source = "Qi et al., ICLR and NeurIPS 2024",
     .chunked = true,
     .generate = one_by_one,
     .planned = true},
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
  if (entry.chunks > 0 && shape.chunks != entry.chunks)
    return fmt::format("{} has {} chunks per rank, got {}", entry.name, entry.chunks, shape.chunks);
  if (shape.microbatches < entry.rounds * std::int64_t{shape.ranks})
    return fmt::format("{} needs at least {} micro-batches, {} per rank, got {}", entry.name,
                       entry.rounds * std::int64_t{shape.ranks}, entry.rounds, shape.microbatches);
  if (shape.group > 0 && !entry.grouped)
    return fmt::format("{} has no groups of micro-batches, got {}", entry.name, shape.group);
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
