#include "sim/schedule/registry.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/schedule/communication.h"
#include "sim/schedule/generators.h"
#include "sim/schedule/pytorch_csv.h"

namespace stagecraft {

namespace {

std::string even_ranks_and_microbatches(const ScheduleShape& shape) {
  if (shape.ranks % 2 == 0 && shape.microbatches % 2 == 0) return {};
  return fmt::format(
      "both directions need half of the ranks and half of the micro-batches: even numbers, got "
      "{} ranks and {} micro-batches",
      shape.ranks, shape.microbatches);
}

std::string even_ranks(const ScheduleShape& shape) {
  if (shape.ranks % 2 == 0) return {};
  return fmt::format("two copies share the ranks in pairs: an even number of ranks, got {}", shape.ranks);
}

std::string even_chunks(const ScheduleShape& shape) {
  if (shape.chunks % 2 == 0) return {};
  return fmt::format("a wave goes down the ranks and back: an even number of chunks, got {}", shape.chunks);
}

int after_every_one(const ScheduleShape&) {
  return 1;
}
int after_every_group(const ScheduleShape& shape) {
  return group_size(shape, shape.ranks);
}
int one_per_rank_behind(const ScheduleShape& shape, int rank) {
  return std::min(shape.ranks - rank, shape.microbatches);
}
int two_versions(const ScheduleShape&, int) {
  return 2;
}

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
    {.name = "pipedream",
     .summary = "1f1b without a flush: weights change after every micro-batch, older ones are kept",
     .source = "Narayanan et al., SOSP 2019",
     .chunked = false,
     .generate = one_f_one_b,
     .update_every = after_every_one,
     .weight_versions = one_per_rank_behind},
    {.name = "pipedream-2bw",
     .summary =
         "1f1b without a flush: weights change once in p micro-batches (or pipeline.group), two are kept",
     .source = "Narayanan et al., ICML 2021",
     .chunked = false,
     .generate = one_f_one_b,
     .grouped = true,
     .update_every = after_every_group,
     .weight_versions = two_versions},
    {.name = "bpipe",
     .summary = "1f1b whose first ranks keep activations on the last ones: equal memory",
     .source = "Kim et al., ICML 2023",
     .chunked = false,
     .generate = bpipe},
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
    {.name = "v-half",
     .summary = "weight gradients apart, two chunks in a V: half of 1f1b's memory and bubble",
     .source = "Qi et al., NeurIPS 2024",
     .chunked = true,
     .generate = v_half,
     .chunks = 2},
    {.name = "v-min",
     .summary = "weight gradients apart, two chunks in a V: a third of 1f1b's memory",
     .source = "Qi et al., NeurIPS 2024",
     .chunked = true,
     .generate = v_min,
     .chunks = 2},
    {.name = "chimera",
     .summary = "two copies in opposite directions, 1f1b in both",
     .source = "Li and Hoefler, SC 2021",
     .chunked = false,
     .generate = chimera,
     .replicas = 2,
     .unmet = even_ranks},
    {.name = "gems",
     .summary = "two copies in opposite directions, one micro-batch at a time: least memory",
     .source = "Jain et al., SC 2020",
     .chunked = false,
     .generate = gems,
     .replicas = 2,
     .unmet = even_ranks},
    {.name = "hanayo",
     .summary = "chunks in waves down the ranks and back (2 chunks a wave)",
     .source = "Liu et al., SC 2023",
     .chunked = true,
     .generate = hanayo,
     .default_chunks = 2,
     .unmet = even_chunks},
    {.name = "terapipe",
     .summary = "gpipe over parts of the sequence (pipeline.segments)",
     .source = "Li et al., ICML 2021",
     .chunked = false,
     .generate = terapipe,
     .segmented = true},
    {.name = "seq1f1b",
     .summary = "1f1b over parts of the sequence (pipeline.segments): less memory and bubble",
     .source = "Sun et al., arXiv 2406.03488",
     .chunked = false,
     .generate = seq_one_f_one_b,
     .segmented = true},
    {.name = "dualpipe",
     .summary = "two copies in opposite directions, forward and backward fused to hide communication",
     .source = "DeepSeek-AI, arXiv 2412.19437",
     .chunked = false,
     .generate = dualpipe,
     .rounds = 2,
     .replicas = 2,
     .unmet = even_ranks_and_microbatches,
     .actions = dualpipe_actions},
    {.name = "dualpipe-v",
     .summary = "dualpipe on half of the ranks, with two chunks in a V instead of two copies",
     .source = "deepseek-ai/DualPipe",
     .chunked = true,
     .generate = dualpipe_v,
     .chunks = 2,
     .rounds = 2},
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

ScheduleShape completed(const ScheduleEntry& entry, ScheduleShape shape) {
  shape.replicas = entry.replicas;
  return shape;
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
  if (shape.segments > 1 && !entry.segmented)
    return fmt::format("{} does not cut sequences into segments, got {}", entry.name, shape.segments);
  if (entry.unmet != nullptr)
    if (std::string unmet = entry.unmet(shape); !unmet.empty())
      return fmt::format("{}: {}", entry.name, unmet);
  if (shape.group > 0 && !entry.grouped)
    return fmt::format("{} has no groups of micro-batches, got {}", entry.name, shape.group);
  const std::int64_t stages = std::int64_t{shape.ranks} * shape.chunks;
  if (stages > kMaxStages)
    return fmt::format("{} ranks x {} chunks are {} stages, more than {}", shape.ranks, shape.chunks, stages,
                       kMaxStages);
  if (shape.segments < 1 || shape.segments > kMaxSegments)
    return fmt::format("{} segments are not in 1 ... {}", shape.segments, kMaxSegments);
  // Three ops per stage and micro-batch at most, and two per stage at the end of the step.
  if (stages * (3 * std::int64_t{shape.microbatches} * shape.segments + 2 * shape.replicas) > kMaxOps)
    return fmt::format("{} stages x {} microbatches are more than 2^31 ops", stages,
                       shape.microbatches * std::int64_t{shape.segments});
  return {};
}

}  // namespace stagecraft
