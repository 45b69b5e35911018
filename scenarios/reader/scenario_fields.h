#pragma once

#include <vector>

#include "models/catalog.h"
#include "models/roofline_fields.h"
#include "scenarios/reader/scenario.h"
#include "sim/schedule/registry.h"

/// One record per key of the scenario file (base/fields.h). Heavy: included by the reader only.
namespace stagecraft {

/// One op takes at most 100 days, one size is at most 8 PiB: far beyond use, and sums of a few of them cannot
/// overflow. Sums over a whole step are checked when it is built.
inline constexpr Duration kLongestOp = std::chrono::hours{2400};
inline constexpr Bytes kLargestSize{std::int64_t{1} << 53};

/// The names of a registry, for keys that name one of its entries.
template <auto registry>
std::vector<std::string_view> names_of() {
  std::vector<std::string_view> names;
  for (const auto& entry : registry()) names.push_back(entry.name);
  return names;
}

template <>
struct EnumNames<AttentionKernel> {
  static constexpr std::array all{EnumName<AttentionKernel>{AttentionKernel::Unfused, "unfused"},
                                  EnumName<AttentionKernel>{AttentionKernel::Flash, "flash"}};
};
template <>
struct EnumNames<Architecture> {
  static constexpr std::array all{EnumName<Architecture>{Architecture::Decoder, "decoder"},
                                  EnumName<Architecture>{Architecture::Encoder, "encoder"}};
};
template <>
struct EnumNames<Activation> {
  static constexpr std::array all{EnumName<Activation>{Activation::Gelu, "gelu"},
                                  EnumName<Activation>{Activation::SwiGlu, "swiglu"}};
};
template <>
struct EnumNames<Norm> {
  static constexpr std::array all{EnumName<Norm>{Norm::LayerNorm, "layernorm"},
                                  EnumName<Norm>{Norm::RmsNorm, "rmsnorm"}};
};
template <>
struct EnumNames<Positions> {
  static constexpr std::array all{EnumName<Positions>{Positions::Learned, "learned"},
                                  EnumName<Positions>{Positions::Rotary, "rotary"}};
};
template <>
struct EnumNames<RecomputeSpec> {
  static constexpr std::array all{EnumName<RecomputeSpec>{RecomputeSpec::None, "none"},
                                  EnumName<RecomputeSpec>{RecomputeSpec::Selective, "selective"},
                                  EnumName<RecomputeSpec>{RecomputeSpec::Full, "full"},
                                  EnumName<RecomputeSpec>{RecomputeSpec::Auto, "auto"}};
};
template <>
struct EnumNames<PyTorchLetters> {
  static constexpr std::array all{EnumName<PyTorchLetters>{PyTorchLetters::New, "new"},
                                  EnumName<PyTorchLetters>{PyTorchLetters::Old, "old"}};
};

template <>
struct EnumNames<TransferMode> {
  static constexpr std::array all{EnumName<TransferMode>{TransferMode::Overlap, "overlap"},
                                  EnumName<TransferMode>{TransferMode::Blocking, "blocking"}};
};
template <>
struct EnumNames<CostModelKind> {
  static constexpr std::array all{EnumName<CostModelKind>{CostModelKind::Uniform, "uniform"},
                                  EnumName<CostModelKind>{CostModelKind::Roofline, "roofline"},
                                  EnumName<CostModelKind>{CostModelKind::Profiled, "profiled"}};
};

/// A dimension of a transformer, with the bounds that every model has.
constexpr auto dimension(std::int64_t Transformer::*member, std::string_view help) {
  const DimensionBounds& bounds = bounds_of(member);
  return field(bounds.key, member, help).min(bounds.least).max(bounds.most);
}

template <>
struct Fields<Transformer> {
  static constexpr std::string_view name = "transformer";
  static constexpr auto all = std::tuple{
      field("name", &Transformer::name, "what reports call the model"),
      field("architecture", &Transformer::architecture, "decoder (GPT, Llama) or encoder (BERT)"),
      dimension(&Transformer::layers, "transformer layers").required(),
      dimension(&Transformer::hidden, "hidden size h").required(),
      dimension(&Transformer::heads, "attention heads a").required(),
      dimension(&Transformer::kv_heads, "key and value heads; 0: as many as heads"),
      dimension(&Transformer::head_dim, "size of one head; 0: hidden / heads"),
      dimension(&Transformer::ffn_hidden, "inner size of the MLP; 0: 4 hidden"),
      dimension(&Transformer::vocabulary, "tokens V, before padding").required(),
      dimension(&Transformer::sequence, "tokens of one sample s").required(),
      dimension(&Transformer::max_positions, "rows of a learned position table; 0: sequence"),
      field("activation", &Transformer::activation, "of the MLP"),
      field("norm", &Transformer::norm, "normalization"),
      field("positions", &Transformer::positions, "learned table or rotary"),
      field("attention", &Transformer::attention, "scores in memory, or one fused kernel"),
      field("tied_embeddings", &Transformer::tied_embeddings, "the output layer shares the input embedding"),
      field("linear_bias", &Transformer::linear_bias, "biases on every linear layer"),
      field("qkv_bias", &Transformer::qkv_bias, "bias on the query, key and value projection"),
      field("dropout", &Transformer::dropout, "dropout masks are made and kept"),
      dimension(&Transformer::vocabulary_multiple,
                "the table is padded to a multiple of this times tensor ranks"),
  };
};

template <>
struct Fields<ModelSpec> {
  static constexpr std::string_view name = "model";
  static constexpr auto all = std::tuple{
      field("preset", &ModelSpec::preset, "a name from `stagecraft list models`")
          .one_of(names_of<model_presets>)
          .example("gpt3-175b"),
      field("hf_config", &ModelSpec::hf_config, "a Hugging Face config.json, relative to the scenario")
          .example("config.json"),
      field("transformer", &ModelSpec::transformer, "a transformer by its dimensions"),
      field("sequence", &ModelSpec::sequence, "tokens of one sample, instead of the model's own")
          .min(bounds_of(&Transformer::sequence).least)
          .max(bounds_of(&Transformer::sequence).most),
      field("vocabulary", &ModelSpec::vocabulary, "tokens before padding, instead of the model's own")
          .min(bounds_of(&Transformer::vocabulary).least)
          .max(bounds_of(&Transformer::vocabulary).most),
      field("attention", &ModelSpec::attention, "attention kernels, instead of the model's own"),
  };
};

template <>
struct Fields<DeviceSpec> {
  static constexpr std::string_view name = "device";
  static constexpr auto all = std::tuple{
      field("preset", &DeviceSpec::preset, "a name from `stagecraft list devices`")
          .one_of(names_of<device_presets>)
          .example("a100-80"),
      field("half", &DeviceSpec::half, "dense bf16 or fp16 peak, instead of the preset's")
          .example("312 TFLOP/s"),
      field("memory", &DeviceSpec::memory, "device memory, instead of the preset's")
          .max(kLargestSize)
          .example("80 GiB"),
      field("bandwidth", &DeviceSpec::bandwidth, "memory bandwidth, instead of the preset's")
          .example("2039 GB/s"),
      field("processors", &DeviceSpec::processors, "streaming multiprocessors, instead of the preset's")
          .min(1)
          .max(100000),
  };
};

template <>
struct Fields<LinkSpec> {
  static constexpr std::string_view name = "link";
  static constexpr auto all = std::tuple{
      field("preset", &LinkSpec::preset, "a name from `stagecraft list links`")
          .one_of(names_of<link_presets>),
      field("latency", &LinkSpec::latency, "of one message, instead of the preset's")
          .max(kLongestOp)
          .example("5 us"),
      field("bandwidth", &LinkSpec::bandwidth, "one direction, one device, instead of the preset's")
          .example("25 GB/s"),
  };
};

template <>
struct Fields<ClusterSpec> {
  static constexpr std::string_view name = "cluster";
  static constexpr auto all = std::tuple{
      field("preset", &ClusterSpec::preset, "a name from `stagecraft list clusters`")
          .one_of(names_of<cluster_presets>)
          .example("dgx-a100"),
      field("nodes", &ClusterSpec::nodes, "number of nodes").min(1).max(1 << 24),
      field("devices_per_node", &ClusterSpec::devices_per_node, "devices in a node, instead of the preset's")
          .min(1)
          .max(4096),
      field("device", &ClusterSpec::device, "the device, where it is not the preset's"),
      field("intra", &ClusterSpec::intra, "the link inside a node, where it is not the preset's"),
      field("inter", &ClusterSpec::inter, "a device's share of the network, where it is not the preset's"),
  };
};

template <>
struct Fields<ParallelSpec> {
  static constexpr std::string_view name = "parallel";
  static constexpr auto all = std::tuple{
      field("tensor", &ParallelSpec::tensor, "devices that share every layer, t").min(1).max(4096),
      field("pipeline", &ParallelSpec::pipeline, "pipeline ranks p").min(1).max(65535),
      field("data", &ParallelSpec::data, "replicas d").min(1).max(1 << 24),
      field("sequence_parallel", &ParallelSpec::sequence_parallel,
            "norms and dropouts hold 1/t of the sequence"),
      field("zero1", &ParallelSpec::zero1, "optimizer state is shared out over the replicas (ZeRO stage 1)"),
      field("gradient_bytes", &ParallelSpec::gradient_bytes, "bytes of one gradient element: 4 (fp32) or 2")
          .min(2)
          .max(4),
      field("scatter_gather", &ParallelSpec::scatter_gather,
            "a hop crosses the network in t parts and is gathered inside the node"),
      field("hidden_reduction", &ParallelSpec::hidden_reduction,
            "share of the gradient reduction hidden behind the backward pass")
          .min(0)
          .max(1),
  };
};

template <>
struct Fields<BatchSpec> {
  static constexpr std::string_view name = "batch";
  static constexpr auto all = std::tuple{
      field("global", &BatchSpec::global, "samples of one training step, over all replicas")
          .min(1)
          .max(std::int64_t{1} << 40)
          .required(),
      field("micro", &BatchSpec::micro, "samples of one micro-batch of one replica").min(1).max(1 << 20),
  };
};

template <>
struct Fields<PipelineSpec> {
  static constexpr std::string_view name = "pipeline";
  static constexpr auto all = std::tuple{
      field("schedule", &PipelineSpec::schedule, "a name from `stagecraft list schedules`")
          .one_of(names_of<schedules>),
      field("csv", &PipelineSpec::csv,
            "a schedule in PyTorch's notation, relative to the scenario; instead of `schedule`")
          .example("schedule.csv"),
      field("csv_letters", &PipelineSpec::csv_letters,
            "of `csv`: new, or old where B is the input gradient and BW the full backward (PyTorch before "
            "2.5)"),
      field("stages", &PipelineSpec::stages, "pipeline ranks p, where there is no model").min(1).max(65535),
      field("microbatches", &PipelineSpec::microbatches,
            "micro-batches of one step m, where there is no batch")
          .min(1)
          .max(1 << 30),
      field("chunks", &PipelineSpec::chunks, "stages of one rank v").min(1).max(1024),
      field("group", &PipelineSpec::group,
            "micro-batches that move together: k of kfkb (2 by default); the group of interleaved schedules, "
            "and those between two updates of pipedream-2bw (p by default)")
          .min(1)
          .max(1 << 20),
      field("segments", &PipelineSpec::segments,
            "parts that a sequence is cut into, which run one after the other (terapipe, seq1f1b; "
            "4 by default)")
          .min(1)
          .max(kMaxSegments),
      field("activation_limit", &PipelineSpec::activation_limit,
            "of schedule zb-auto: micro-batches whose activations a rank may hold at once, parts of one "
            "counted")
          .min(1)
          .max(1 << 30),
      field("memory_limit", &PipelineSpec::memory_limit,
            "of schedule zb-auto, and of recompute: auto: memory of a device, for weights, optimizer state, "
            "activations and working memory. Default: what the device has")
          .max(kLargestSize)
          .example("80 GiB"),
      field("recompute", &PipelineSpec::recompute,
            "activations thrown away and made again: none, selective (attention scores), full (all but each "
            "layer's input), or auto: on each stage the least with which its rank fits the device. A list: "
            "one per stage"),
      field("transfers", &PipelineSpec::transfers,
            "overlap: a transfer takes no time of either rank; blocking: it holds the sender"),
      field("shared_links", &PipelineSpec::shared_links,
            "transfers of one direction between two ranks queue for their link; only with overlapping "
            "transfers"),
      field("layers", &PipelineSpec::layers,
            "layers of each of the p*v stages in the model's order; empty: equal shares")
          .min(0)
          .max(100000),
      field("layout", &PipelineSpec::layout,
            "layers of the stages as Megatron-LM's --pipeline-model-parallel-layout has them: | between "
            "stages, E "
            "embedding, t layer, L loss, x*N and (x|)*N repeat; v follows from it")
          .example("Et*3|(tt|)*14t|L"),
  };
};

template <>
struct Fields<CostsSpec> {
  static constexpr std::string_view name = "costs";
  static constexpr auto all = std::tuple{
      field("model", &CostsSpec::model,
            "uniform: times are given; roofline: from model and cluster; profiled: roofline, with measured "
            "kernels where `table` has them. Default: roofline where there is a model"),
      field("forward", &CostsSpec::forward,
            "uniform: forward of one micro-batch. One value: a rank's full share, of which a chunk costs "
            "1/v; a list: one per stage")
          .max(kLongestOp)
          .example("5 ms"),
      field("backward", &CostsSpec::backward, "uniform: both gradients as one op; default: their sum")
          .max(kLongestOp)
          .example("10 ms"),
      field("input_gradient", &CostsSpec::input_gradient, "uniform: backward for the input")
          .max(kLongestOp)
          .example("5 ms"),
      field("weight_gradient", &CostsSpec::weight_gradient, "uniform: backward for the weights")
          .max(kLongestOp)
          .example("5 ms"),
      field("forward_backward", &CostsSpec::forward_backward,
            "uniform: a forward and a full backward that run as one op and hide each other's communication "
            "(dualpipe, dualpipe-v); their sum by default")
          .max(kLongestOp)
          .example("12 ms"),
      field("transfer", &CostsSpec::transfer,
            "uniform: one hop between ranks. A list: one per boundary between stages")
          .max(kLongestOp)
          .example("100 us"),
      field("eviction", &CostsSpec::eviction,
            "uniform: sending a micro-batch's activations to the rank that keeps them meanwhile (bpipe); it "
            "holds no rank, even where other transfers block")
          .max(kLongestOp)
          .example("2 ms"),
      field("gradient_reduction", &CostsSpec::gradient_reduction,
            "uniform: once a step, after the rank's last backward")
          .max(kLongestOp)
          .example("20 ms"),
      field("optimizer", &CostsSpec::optimizer, "uniform: once a step, behind the reduction")
          .max(kLongestOp)
          .example("3 ms"),
      field("state", &CostsSpec::state, "uniform: weights, gradients and optimizer state")
          .max(kLargestSize)
          .example("20 GiB"),
      field("weights", &CostsSpec::weights,
            "uniform: the part of `state` that pipedream and pipedream-2bw keep in several versions; none by "
            "default")
          .max(kLargestSize)
          .example("5 GiB"),
      field("activation", &CostsSpec::activation, "uniform: kept from forward to backward of one micro-batch")
          .max(kLargestSize)
          .example("1 GiB"),
      field("weight_gradient_activation", &CostsSpec::weight_gradient_activation,
            "uniform: the part of it still kept between input and weight gradient")
          .max(kLargestSize)
          .example("512 MiB"),
      field("table", &CostsSpec::table,
            "profiled: a table of measured kernels, as `stagecraft fit` writes it, relative to the scenario")
          .example("h200.yaml"),
      field("calibration", &CostsSpec::calibration,
            "roofline, profiled: constants and layer times fitted to measured steps, as `stagecraft fit "
            "--steps` writes them, relative to the scenario; instead of `roofline`")
          .example("a100-steps.yaml"),
      field("roofline", &CostsSpec::roofline, "constants of the roofline model"),
  };
};

template <>
struct Fields<PublishedSpec> {
  static constexpr std::string_view name = "published";
  static constexpr auto all = std::tuple{
      field("source", &PublishedSpec::source, "where the numbers stand").required(),
      field("makespan", &PublishedSpec::makespan, "time of one training step").example("24.8 s"),
      field("bubble_over_makespan", &PublishedSpec::bubble_over_makespan, "as the metric of that name")
          .min(0)
          .max(1),
      field("bubble_over_span", &PublishedSpec::bubble_over_span, "as the metric of that name").min(0).max(1),
  };
};

template <>
struct Fields<Scenario> {
  static constexpr std::string_view name = "scenario";
  static constexpr auto all = std::tuple{
      field("name", &Scenario::name, "what reports call the scenario; default: the file's name"),
      field("model", &Scenario::model, "what is trained"),
      field("cluster", &Scenario::cluster, "what it runs on"),
      field("parallel", &Scenario::parallel, "how the model is spread over the cluster"),
      field("batch", &Scenario::batch, "samples of a step"),
      field("pipeline", &Scenario::pipeline, "the schedule"),
      field("costs", &Scenario::costs, "how long ops take"),
      field("published", &Scenario::published,
            "numbers that somebody published for this scenario; reports set them beside the simulated ones"),
  };
};

}  // namespace stagecraft
