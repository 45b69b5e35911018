#include "tests/models/measured_steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "models/catalog.h"

namespace stagecraft {
namespace {

using Cells = std::vector<std::string>;

/// The lines after the header, as cells.
std::vector<Cells> read_csv(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + " cannot be read");
  std::vector<Cells> rows;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    Cells cells;
    std::stringstream stream(line);
    for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
    if (!cells.empty()) rows.push_back(cells);
  }
  return rows;
}

double number(const std::string& cell) {
  return std::strtod(cell.c_str(), nullptr);
}
int integer(const std::string& cell) {
  return std::atoi(cell.c_str());
}

Transformer gpt(int layers, int hidden, int heads, int sequence) {
  Transformer model;
  model.layers = layers;
  model.hidden = hidden;
  model.heads = heads;
  model.sequence = sequence;
  model.vocabulary = 51200;
  return model;
}

Cluster dgx_a100(int devices) {
  Cluster cluster = find_preset(cluster_presets(), "dgx-a100")->value;
  cluster.nodes = (devices + 7) / 8;
  return cluster;
}

MeasuredStep vtrain_row(const Cells& c) {
  MeasuredStep row;
  row.model = gpt(integer(c[5]), integer(c[3]), integer(c[4]), integer(c[6]));
  row.strategy = {.tensor = integer(c[7]),
                  .pipeline = integer(c[9]),
                  .data = integer(c[8]),
                  .micro_batch = integer(c[2]),
                  .recompute = Recompute::Full,
                  .gradient_bytes = 2,
                  .scatter_gather = false};
  row.cluster = dgx_a100(integer(c[0]));
  row.cluster.inter.bandwidth.per_second /= 2;  // assumed: four HDR ports for eight devices
  row.microbatches = integer(c[1]) / (row.strategy.data * row.strategy.micro_batch);
  row.seconds = number(c[10]) / 1000;
  row.label = fmt::format("h{} l{} s{} t{} d{} p{} b{} m{}", c[3], c[5], c[6], c[7], c[8], c[9], c[2],
                          row.microbatches);
  return row;
}

struct Slot {
  bool forward;
  int stage;
  int microbatch;
};

/// Rank `r`'s order under (interleaved) 1F1B,: warm-up, pairs, drain (Narayanan et al., SC 2021,
/// section 2.2).
std::vector<Slot> order(int r, int p, int v, int m) {
  const int total = m * v;
  const auto slot = [&](int k, bool forward) {
    const int chunk = k % (p * v) / p;
    return Slot{forward, (forward ? chunk : v - 1 - chunk) * p + r, k / (p * v) * p + k % p};
  };
  const int warm = std::min(v == 1 ? p - r - 1 : 2 * (p - r - 1) + (v - 1) * p, total);
  std::vector<Slot> slots;
  for (int k = 0; k < warm; ++k) slots.push_back(slot(k, true));
  for (int k = warm; k < total; ++k) {
    slots.push_back(slot(k, true));
    slots.push_back(slot(k - warm, false));
  }
  for (int k = total - warm; k < total; ++k) slots.push_back(slot(k, false));
  return slots;
}

/// Ends of forward and backward of every stage and micro-batch; -1: not yet known.
struct Ends {
  int m;
  std::vector<double> forward, backward;
};

/// When the input of `slot` is there; -1 where it is not yet known.
double ready(const Slot& slot, const Ends& ends, const std::vector<Duration>& hops, int stages) {
  const auto at = [&](int stage) { return static_cast<std::size_t>(stage * ends.m + slot.microbatch); };
  const auto hop = [&](int boundary) { return to_seconds(hops[static_cast<std::size_t>(boundary)]); };
  const auto after = [](double end, double wait) { return end < 0 ? -1 : end + wait; };
  if (slot.forward) return slot.stage == 0 ? 0 : after(ends.forward[at(slot.stage - 1)], hop(slot.stage - 1));
  if (slot.stage + 1 == stages) return ends.forward[at(slot.stage)];
  return after(ends.backward[at(slot.stage + 1)], hop(slot.stage));
}

/// How long the rank is held after `slot` while it sends the result.
double sending(const Slot& slot, const std::vector<Duration>& hops, int stages) {
  const int boundary = slot.forward ? slot.stage : slot.stage - 1;
  return boundary < 0 || boundary + 1 >= stages ? 0 : to_seconds(hops[static_cast<std::size_t>(boundary)]);
}

double makespan(const ModelCosts& costs, int p, int v, int m) {
  const int stages = p * v;
  Ends ends{m, std::vector<double>(static_cast<std::size_t>(stages * m), -1), {}};
  ends.backward = ends.forward;
  std::vector<std::vector<Slot>> orders;
  for (int r = 0; r < p; ++r) orders.push_back(order(r, p, v, m));
  std::vector<std::size_t> next(static_cast<std::size_t>(p));
  std::vector<double> clock(static_cast<std::size_t>(p));

  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t r = 0; r < next.size(); ++r) {
      while (next[r] < orders[r].size()) {
        const Slot& slot = orders[r][next[r]];
        const double start = ready(slot, ends, costs.hops, stages);
        if (start < 0) break;
        const StageCost& cost = costs.stages[static_cast<std::size_t>(slot.stage)];
        const double end =
            std::max(clock[r], start) + to_seconds(slot.forward ? cost.forward : cost.backward);
        auto& ends_of_kind = slot.forward ? ends.forward : ends.backward;
        ends_of_kind[static_cast<std::size_t>(slot.stage * m + slot.microbatch)] = end;
        clock[r] = end + sending(slot, costs.hops, stages);
        ++next[r];
        moved = true;
      }
    }
  }
  return *std::max_element(clock.begin(), clock.end());
}

}  // namespace

std::vector<MeasuredStep> read_vtrain(const std::string& path) {
  std::vector<MeasuredStep> rows;
  for (Cells cells : read_csv(path)) {
    if (cells.size() == 12)
      cells.erase(cells.begin());  // the table of several nodes begins with the parameters
    rows.push_back(vtrain_row(cells));
  }
  return rows;
}

std::vector<MeasuredStep> sc21_table1(const std::string& path) {
  std::vector<MeasuredStep> rows;
  for (const Cells& c : read_csv(path)) {
    MeasuredStep row;
    row.model = gpt(integer(c[3]), integer(c[2]), integer(c[1]), 2048);
    row.strategy = {.tensor = integer(c[4]),
                    .pipeline = integer(c[5]),
                    .data = integer(c[13]),
                    .micro_batch = integer(c[8]),
                    .recompute = Recompute::Full};
    // The column gives the layers of one chunk; empty: one chunk.
    const int chunk_layers = integer(c[9]);
    if (chunk_layers > 0) row.strategy.chunks = integer(c[3]) / (row.strategy.pipeline * chunk_layers);
    row.cluster = dgx_a100(integer(c[6]));
    row.microbatches = integer(c[14]);
    row.seconds = number(c[15]);
    row.label = fmt::format("{}B t{} p{} d{} v{}", c[0], c[4], c[5], c[13], row.strategy.chunks);
    rows.push_back(row);
  }
  return rows;
}

std::vector<MeasuredStep> sequence_parallel_table5(const std::string& path) {
  std::vector<MeasuredStep> rows;
  for (const Cells& c : read_csv(path)) {
    const std::string preset = c[0] == "1T" ? "gpt-1t" : fmt::format("gpt-{}b", integer(c[0]));
    MeasuredStep row;
    row.model = find_preset(model_presets(), preset)->value;
    row.strategy = {.tensor = integer(c[2]),
                    .pipeline = integer(c[3]),
                    .data = 1,
                    .chunks = integer(c[4]),
                    .micro_batch = integer(c[6]),
                    .recompute = Recompute::Full};
    row.cluster = dgx_a100(integer(c[1]));
    row.microbatches = integer(c[5]) / row.strategy.micro_batch;
    row.seconds = number(c[7]);
    row.label = c[0] + " full recomputation";
    rows.push_back(row);
    row.strategy.recompute = Recompute::Selective;
    row.strategy.sequence_parallel = true;
    row.seconds = number(c[8]);
    row.label = c[0] + " selective, sequence parallel";
    rows.push_back(row);
  }
  return rows;
}

double predicted_seconds(const MeasuredStep& step, const RooflineConstants& constants) {
  const ModelCosts costs = roofline_costs(step.model, step.strategy, step.cluster, constants);
  double after = 0;
  for (int rank = 0; rank < step.strategy.pipeline; ++rank) {
    double sum = 0;
    for (int chunk = 0; chunk < step.strategy.chunks; ++chunk) {
      const StageCost& stage = costs.stages[static_cast<std::size_t>(chunk * step.strategy.pipeline + rank)];
      sum += to_seconds(stage.gradient_reduction + stage.optimizer);
    }
    after = std::max(after, sum);
  }
  return makespan(costs, step.strategy.pipeline, step.strategy.chunks, step.microbatches) + after;
}

}  // namespace stagecraft
