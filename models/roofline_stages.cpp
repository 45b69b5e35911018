// From operators to stages: what a rank of Megatron-LM's pipeline does in one micro-batch and in one step.
#include <algorithm>
#include <array>
#include <utility>

#include "base/random.h"
#include "models/calibration.h"
#include "models/model_error.h"
#include "models/roofline.h"

namespace stagecraft {
namespace {

/// Seconds of one pass over a part of the model: the device's kernels one after another, collectives that run
/// beside them, and the host that launches all of them ahead of the device. The longest decides.
struct PassSum {
  double device = 0;
  double beside = 0;
  double host = 0;
  double collectives = 0;  ///< the part of `device` that communicates

  void add(const Pass& pass, const PassTime& time) {
    (pass.hidden ? beside : device) += time.device_seconds;
    if (!pass.hidden && pass.collective != Collective::None) collectives += time.device_seconds;
    host += time.host_seconds;
  }
  PassSum operator+(const PassSum& o) const {
    return {device + o.device, beside + o.beside, host + o.host, collectives + o.collectives};
  }
  /// See RooflineConstants::host_overlap.
  double seconds(const RooflineConstants& constants) const {
    const double busy = std::max(device, beside);
    const double longer = std::max(busy, host), shorter = std::min(busy, host), q = constants.host_overlap;
    if (shorter <= 0) return longer;
    const double ratio = portable_exp(q * portable_log(shorter / longer));
    return longer * portable_exp(portable_log(1 + ratio) / q);
  }
};

/// A part of the model (embedding, one layer, head) on one device, for one micro-batch.
struct PartCost {
  PassSum forward, again, input_gradient, weight_gradient;
  std::int64_t parameters = 0;
  std::int64_t saved_bytes = 0;
  std::int64_t weight_gradient_bytes = 0;
  std::int64_t recomputed_bytes = 0;  ///< alive while a backward pass has run the forward again
  double factor = 1;                  ///< measured over simulated times
};

/// Bytes of a whole micro-batch. Refuses what no device could hold, so that sums over layers cannot overflow.
std::int64_t for_microbatch(const RunsOn& where, std::int64_t bytes_per_sample) {
  constexpr std::int64_t kMost = std::int64_t{1} << 44;
  if (bytes_per_sample > kMost / where.micro_batch)
    throw ModelError("batch.micro", "one micro-batch would keep more than 16 TiB in one layer on one device");
  return where.micro_batch * bytes_per_sample;
}

/// The bytes of a part. First, since times are made of products that fit where these do.
PartCost part_bytes(const OperatorGraph& graph, const RunsOn& where, Recompute recompute) {
  PartCost cost;
  for (const Operator& op : graph.operators)
    cost.weight_gradient_bytes += for_microbatch(where, op.weight_gradient_bytes);
  cost.parameters = parameters(graph);
  cost.saved_bytes = for_microbatch(where, saved_bytes_per_sample(graph, recompute));
  cost.recomputed_bytes =
      for_microbatch(where, saved_bytes_per_sample(graph, Recompute::None)) - cost.saved_bytes;
  return cost;
}

PartCost part_cost(const OperatorGraph& graph, const RunsOn& where, Recompute recompute,
                   const RooflineConstants& constants) {
  PartCost cost = part_bytes(graph, where, recompute);
  for (const Operator& op : graph.operators) {
    const PassTime forward = pass_time(op, op.forward, where, constants);
    cost.forward.add(op.forward, forward);
    if (op.recomputed(recompute)) cost.again.add(op.forward, forward);
    cost.input_gradient.add(op.input_gradient, pass_time(op, op.input_gradient, where, constants));
    cost.weight_gradient.add(op.weight_gradient, pass_time(op, op.weight_gradient, where, constants));
  }
  return cost;
}

struct PartCosts {
  PartCost embedding, layer, head;
};

struct Context {
  const Transformer& model;
  const Strategy& strategy;
  const Cluster& cluster;
  const RooflineConstants& constants;
  CostSources sources;
  Placement placement;
  TransformerParts parts;         ///< of one device
  TransformerParts whole;         ///< of the whole tensor group, for model FLOPs
  std::int64_t table_parameters;  ///< of the token embedding, on one device
  std::vector<int> rank_of;       ///< by stage

  int first_rank() const { return rank_of.front(); }
  int last_rank() const { return rank_of.back(); }
  /// Input embedding and output layer share a table, but not a rank: each has its own copy.
  bool tied_apart() const { return model.tied_embeddings && first_rank() != last_rank(); }
};

std::vector<int> ranks_of(const Strategy& strategy, std::span<const int> given) {
  std::vector<int> ranks(given.begin(), given.end());
  for (int stage = 0; given.empty() && stage < strategy.stages(); ++stage)
    ranks.push_back(stage % strategy.pipeline);
  return ranks;
}

Context context(const Transformer& model, const Strategy& strategy, const Cluster& cluster,
                const RooflineConstants& constants, std::span<const int> rank_of_stage = {},
                const CostSources& sources = {}) {
  check(strategy, cluster);
  const TensorSplit split{.tensor = strategy.tensor, .sequence_parallel = strategy.sequence_parallel};
  Transformer padded = model;
  padded.vocabulary = padded_vocabulary(model, strategy.tensor);
  return {model,
          strategy,
          cluster,
          constants,
          sources,
          place(strategy, cluster),
          transformer_parts(model, split),
          transformer_parts(padded),
          padded.vocabulary / strategy.tensor * model.hidden,
          ranks_of(strategy, rank_of_stage)};
}

/// How many times the roofline's time the layers, and the embedding and the head, take as measured.
struct MeasuredShares {
  double layers = 1;
  double ends = 1;
};
MeasuredShares measured_shares(const Context& c) {
  if (c.sources.layers == nullptr) return {};
  const LayerShape shape{.hidden = c.model.hidden,
                         .heads = c.model.heads,
                         .sequence = c.model.sequence,
                         .tensor = c.strategy.tensor,
                         .micro_batch = c.strategy.micro_batch};
  const std::array query{static_cast<double>(shape.hidden), static_cast<double>(shape.heads),
                         static_cast<double>(shape.sequence), static_cast<double>(shape.tensor),
                         static_cast<double>(shape.micro_batch)};
  const auto sampled = [&](std::string_view part, const LayerFactors::Factor& factor) {
    return factor.value * c.sources.sample.factor(part, query, factor.deviation);
  };
  return {sampled("layers", c.sources.layers->at(shape)), sampled("ends", c.sources.layers->ends_at(shape))};
}

PartCosts part_costs(const Context& c, const Group& tensor) {
  const RunsOn where{
      .cluster = &c.cluster, .tensor = tensor, .micro_batch = c.strategy.micro_batch, .sources = c.sources};
  const auto cost = [&](const OperatorGraph& graph) {
    return part_cost(graph, where, c.strategy.recompute, c.constants);
  };
  PartCosts parts{cost(c.parts.embedding), cost(c.parts.layer), cost(c.parts.head)};
  const MeasuredShares shares = measured_shares(c);
  parts.layer.factor = shares.layers;
  parts.embedding.factor = parts.head.factor = shares.ends;
  return parts;
}

/// What of a model a stage holds.
struct Share {
  int layers = 0;
  bool first = false;
  bool last = false;
};

/// The sum of `value` over the parts that the stage holds.
template <typename Value>
auto total(const PartCosts& parts, const Share& share, Value value) {
  auto sum = value(parts.layer) * share.layers;
  if (share.first) sum = sum + value(parts.embedding);
  if (share.last) sum = sum + value(parts.head);
  return sum;
}

double model_flops(const Context& c, const Share& share) {
  double flops = share.layers * flops_per_sample(c.whole.layer, Recompute::None);
  if (share.first) flops += flops_per_sample(c.whole.embedding, Recompute::None);
  if (share.last) flops += flops_per_sample(c.whole.head, Recompute::None);
  return flops * c.strategy.micro_batch;
}

/// Parameters of a stage. A tied output layer needs its own copy of the table, unless it is on the rank of
/// the input embedding.
std::int64_t stage_parameters(const Context& c, const PartCosts& parts, const Share& share) {
  const std::int64_t sum = total(parts, share, [](const PartCost& p) { return p.parameters; });
  return sum + (share.last && c.tied_apart() ? c.table_parameters : 0);
}

/// All-reduce of gradients (or reduce-scatter, and all-gather of the new 2-byte weights) over the replicas,
/// and the sum of both copies of a tied table.
Duration reduction(const Context& c, const Share& share, int rank, std::int64_t parameters) {
  const auto seconds = [&](Collective kind, double bytes, const Group& group) {
    return group_seconds(kind, bytes, group, c.cluster, c.constants, c.sources);
  };
  const Group group = data_group(c.placement, rank);
  const double gradients = static_cast<double>(parameters) * c.strategy.gradient_bytes;
  double sum = c.strategy.zero1
                   ? seconds(Collective::ReduceScatter, gradients, group) +
                         seconds(Collective::AllGather, 2.0 * static_cast<double>(parameters), group)
                   : seconds(Collective::AllReduce, gradients, group);
  sum *= 1 - c.strategy.hidden_reduction;

  if (c.tied_apart() && (share.first || share.last)) {
    const bool across = crosses_nodes(c.placement, c.first_rank(), c.last_rank());
    const double table = static_cast<double>(c.table_parameters) * c.strategy.gradient_bytes;
    sum += seconds(Collective::AllReduce, table,
                   {.size = 2, .nodes = across ? 2 : 1, .per_node = across ? 1 : 2});
  }
  return from_seconds(sum);
}

Duration optimizer(const Context& c, std::int64_t parameters) {
  const double share = c.strategy.zero1 ? 1.0 / c.strategy.data : 1.0;
  const double bytes = c.constants.optimizer_bytes_per_parameter * static_cast<double>(parameters) * share;
  return from_seconds(bytes / (c.cluster.device.bandwidth.per_second * c.constants.memory_efficiency));
}

/// Bytes of a boundary's activations that one device sends.
std::int64_t sent_bytes(const Context& c) {
  const std::int64_t whole = 2 * c.model.sequence * c.model.hidden * c.strategy.micro_batch;
  const bool in_parts = c.strategy.sequence_parallel || c.strategy.scatter_gather;
  return in_parts ? (whole + c.strategy.tensor - 1) / c.strategy.tensor : whole;
}

/// Parts one after another: the host is ahead of the device, or behind it, within each by itself.
void fill_times(StageCost& stage, const Context& c, const PartCosts& parts, const Share& share) {
  const auto seconds = [&](auto pass) {
    return total(parts, share, [&](const PartCost& p) { return p.factor * pass(p).seconds(c.constants); });
  };
  double forward = seconds([](const PartCost& p) { return p.forward; });
  if (share.first) forward += to_seconds(c.constants.host_microbatch);
  stage.forward = from_seconds(forward);
  stage.backward =
      from_seconds(seconds([](const PartCost& p) { return p.again + p.input_gradient + p.weight_gradient; }));
  stage.input_gradient = from_seconds(seconds([](const PartCost& p) { return p.again + p.input_gradient; }));
  stage.weight_gradient = from_seconds(seconds([](const PartCost& p) { return p.weight_gradient; }));
  stage.overlap_saving = from_seconds(total(parts, share, [&](const PartCost& p) {
    const PassSum both = p.forward + p.again + p.input_gradient + p.weight_gradient;
    return p.factor * c.constants.fused_hiding * std::min(both.collectives, both.device - both.collectives);
  }));
}

void fill_bytes(StageCost& stage, const Context& c, const PartCosts& parts, const Share& share,
                std::int64_t parameters) {
  const StateBytes state = state_bytes(parameters, c.strategy);
  stage.weight_bytes = state.weights;
  stage.gradient_bytes = state.gradients;
  stage.optimizer_bytes = state.optimizer;
  stage.activation_bytes = total(parts, share, [](const PartCost& p) { return p.saved_bytes; });
  const std::int64_t kept = total(parts, share, [](const PartCost& p) { return p.weight_gradient_bytes; });
  stage.weight_gradient_bytes = std::min(kept, stage.activation_bytes);
  stage.working_bytes = share.layers > 0 ? parts.layer.recomputed_bytes : 0;
  // 2-byte logits, and their gradient, which is made in place of the kept 4-byte ones.
  if (share.last) {
    const std::int64_t logits =
        c.model.sequence * (padded_vocabulary(c.model, c.strategy.tensor) / c.strategy.tensor);
    stage.working_bytes = std::max(stage.working_bytes, 2 * logits * c.strategy.micro_batch);
  }
  stage.output_bytes = share.last ? 0 : sent_bytes(c);
}

StageCost stage_cost(const Context& c, const PartCosts& parts, const Share& share, int rank) {
  StageCost stage;
  const std::int64_t parameters = stage_parameters(c, parts, share);
  fill_times(stage, c, parts, share);
  fill_bytes(stage, c, parts, share, parameters);
  stage.gradient_reduction = reduction(c, share, rank, parameters);
  stage.optimizer = optimizer(c, parameters);
  stage.model_flops = model_flops(c, share);
  return stage;
}

/// With parts sent by every device of the tensor group, the receivers gather the whole tensor inside the
/// group, unless sequence parallelism wants parts anyway.
Duration hop(const Context& c, int from, int to) {
  if (from == to) return Duration{0};
  const double sent = static_cast<double>(sent_bytes(c));
  double seconds =
      message_seconds(sent, crosses_nodes(c.placement, from, to), c.cluster, c.constants.collectives);
  if (c.strategy.scatter_gather && !c.strategy.sequence_parallel && c.strategy.tensor > 1) {
    seconds += group_seconds(Collective::AllGather, sent * c.strategy.tensor, tensor_group(c.placement, to),
                             c.cluster, c.constants, c.sources);
  }
  return from_seconds(seconds);
}

}  // namespace

ModelCosts roofline_costs(const Transformer& model, const Strategy& strategy, const Cluster& cluster,
                          const RooflineConstants& constants, std::span<const int> rank_of_stage,
                          const CostSources& sources) {
  const Context c = context(model, strategy, cluster, constants, rank_of_stage, sources);
  const std::vector<int> layers = layers_of_stages(model, strategy);
  // Ranks differ only where their tensor groups lie differently on the nodes.
  std::vector<std::pair<Group, PartCosts>> known;
  const auto costs_of = [&](const Group& group) -> PartCosts {
    for (const auto& [seen, costs] : known) {
      if (seen == group) return costs;
    }
    return known.emplace_back(group, part_costs(c, group)).second;
  };

  ModelCosts result;
  const int stages = strategy.stages();
  for (int g = 0; g < stages; ++g) {
    const auto at = static_cast<std::size_t>(g);
    const int rank = c.rank_of[at];
    const Share share{layers[at], g == 0, g == stages - 1};
    result.stages.push_back(stage_cost(c, costs_of(tensor_group(c.placement, rank)), share, rank));
    if (g + 1 < stages) result.hops.push_back(hop(c, rank, c.rank_of[at + 1]));
  }
  return result;
}

std::vector<OperatorCost> operator_costs(const Transformer& model, const Strategy& strategy,
                                         const Cluster& cluster, const RooflineConstants& constants) {
  const Context c = context(model, strategy, cluster, constants);
  const RunsOn where{
      .cluster = &cluster, .tensor = tensor_group(c.placement, 0), .micro_batch = strategy.micro_batch};
  std::vector<OperatorCost> result;
  const auto add = [&](std::string_view part, const OperatorGraph& graph, std::int64_t times) {
    part_bytes(graph, where, strategy.recompute);
    for (const Operator& op : graph.operators) {
      result.push_back({.part = std::string(part),
                        .name = op.name,
                        .kernel = op.kernel,
                        .times = times,
                        .forward = pass_time(op, op.forward, where, constants),
                        .input_gradient = pass_time(op, op.input_gradient, where, constants),
                        .weight_gradient = pass_time(op, op.weight_gradient, where, constants),
                        .parameters = op.parameters,
                        .saved_bytes = strategy.micro_batch *
                                       op.saved_bytes[static_cast<std::size_t>(strategy.recompute)]});
    }
  };
  add("embedding", c.parts.embedding, 1);
  add("layer", c.parts.layer, model.layers);
  add("head", c.parts.head, 1);
  return result;
}

}  // namespace stagecraft
