// Attention by cuDNN's C interface: q tokens of each sequence against all cached ones without a mask (a draft
// tree's mask changes neither the bytes nor the FLOPs of its verification), or causal over whole sequences.
// Gradients want a graph of some twenty operations and are not here.
#include "profiles/suites/sdpa.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "profiles/suites/sdpa_graphs.h"

namespace stagecraft {

struct Attention::Plan {
  explicit Plan(const AttentionSizes& sizes)
      : scale_(1 / std::sqrt(static_cast<float>(sizes.head_dim))), causal_(sizes.causal) {
    const DescribedGraph described = causal_ ? causal_graph(sizes) : unmasked_graph(sizes);
    build(*described.graph);
    if (causal_) check(cudaMalloc(&statistics_, sizes.statistics_bytes()), "the statistics of attention");
  }
  ~Plan() {
    if (workspace_) cudaFree(workspace_);
    if (statistics_) cudaFree(statistics_);
  }
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  /// What names the operands of one copy; made before it is timed.
  std::shared_ptr<Descriptor> bind(const AttentionOperands& on) {
    auto pack = std::make_shared<Descriptor>(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
    const std::array<std::int64_t, 7> ids{kQuery, kKeys, kValues, kOutput, kScale, kStatistics, kMasked};
    const std::array<void*, 7> data{on.query, on.keys, on.values, on.output, &scale_, statistics_, &masked_};
    const std::int64_t used = causal_ ? 7 : 5;
    pack->set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, used, ids.data());
    pack->set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, used, data.data());
    pack->set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &workspace_);
    pack->finalize("the operands");
    return pack;
  }

  void run(const Descriptor& pack) const {
    check_dnn(cudnnBackendExecute(cudnn_handle(), plan_->get(), pack.get()), "attention");
  }

  std::string algorithm() const { return fmt::format("engine {}", engine_); }

 private:
  void build(const Descriptor& graph) {
    for (const auto& config : proposals(graph)) {
      auto plan = std::make_unique<Descriptor>(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
      plan->set_handle(CUDNN_ATTR_EXECUTION_PLAN_HANDLE);
      plan->set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, *config);
      if (plan->try_finalize() != CUDNN_STATUS_SUCCESS) continue;
      plan_ = std::move(plan);
      engine_ = engine_of(*config);
      return allocate();
    }
    throw NotHere("cuDNN has no plan for it");
  }

  static std::vector<std::unique_ptr<Descriptor>> proposals(const Descriptor& graph) {
    Descriptor heuristic(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
    heuristic.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
    const cudnnBackendHeurMode_t mode = CUDNN_HEUR_MODE_A;
    heuristic.set(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode);
    heuristic.finalize("the heuristic");
    std::int64_t count = 0;
    check_dnn(cudnnBackendGetAttribute(heuristic.get(), CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                       CUDNN_TYPE_BACKEND_DESCRIPTOR, 0, &count, nullptr),
              "the heuristic");
    std::vector<std::unique_ptr<Descriptor>> configs;
    std::vector<cudnnBackendDescriptor_t> raw;
    for (std::int64_t i = 0; i < count; ++i) {
      configs.push_back(std::make_unique<Descriptor>(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR));
      raw.push_back(configs.back()->get());
    }
    std::int64_t found = 0;
    if (count > 0)
      check_dnn(cudnnBackendGetAttribute(heuristic.get(), CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                         CUDNN_TYPE_BACKEND_DESCRIPTOR, count, &found, raw.data()),
                "the heuristic");
    configs.resize(static_cast<std::size_t>(found));
    return configs;
  }

  static std::int64_t engine_of(const Descriptor& config) {
    Descriptor engine(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    cudnnBackendDescriptor_t raw = engine.get();
    std::int64_t count = 0;
    std::int64_t index = -1;
    if (cudnnBackendGetAttribute(config.get(), CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1,
                                 &count, &raw) == CUDNN_STATUS_SUCCESS)
      cudnnBackendGetAttribute(raw, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1, &count, &index);
    return index;
  }

  void allocate() {
    std::int64_t count = 0;
    std::int64_t bytes = 0;
    check_dnn(cudnnBackendGetAttribute(plan_->get(), CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE,
                                       CUDNN_TYPE_INT64, 1, &count, &bytes),
              "the workspace's size");
    if (bytes > 0)
      check(cudaMalloc(&workspace_, static_cast<std::size_t>(bytes)), "the workspace of attention");
  }

  std::unique_ptr<Descriptor> plan_;
  std::int64_t engine_ = -1;
  void* workspace_ = nullptr;
  void* statistics_ = nullptr;
  float scale_;            // cuDNN reads both through pointers at each call
  float masked_ = -1e30f;  // its exponential is 0; the difference of two is a number, of two infinities not
  bool causal_;
};

Attention::Attention(const AttentionSizes& sizes) : plan_(std::make_unique<Plan>(sizes)) {}

Attention::~Attention() = default;

std::function<void()> Attention::bind(const AttentionOperands& on) {
  return [plan = plan_.get(), pack = plan_->bind(on)] { plan->run(*pack); };
}

std::string Attention::algorithm() const {
  return plan_->algorithm();
}

void Attention::use_stream(cudaStream_t stream) {
  check_dnn(cudnnSetStream(cudnn_handle(), stream), "the stream");
}

AttentionSizes sizes_of_attention(const SuitePoint& point) {
  const std::int64_t sequence = point.at("sequence");
  return {.batch = point.at("batch"),
          .query = sequence ? sequence : std::max<std::int64_t>(point.at("query"), 1),
          .cached = sequence ? sequence : point.at("kv_len"),
          .q_heads = point.at("q_heads"),
          .kv_heads = point.at("kv_heads"),
          .head_dim = point.at("head_dim"),
          .causal = point.family == "prefill-attention"};
}

std::string attention_library() {
  const std::size_t version = cudnnGetVersion();
  return fmt::format("cuDNN {}.{}.{}", version / 10000, version / 100 % 100, version % 100);
}

}  // namespace stagecraft
