// Attention by cuDNN's own operation (SDPA forward), through its C interface, without a mask: q tokens of
// each sequence against all cached ones. A draft tree's mask changes neither the bytes nor the FLOPs of its
// verification. Causal masks want cuDNN 9.21, gradients the composite graph of cudnn-frontend.
#include "profiles/suites/sdpa.h"

#include <cudnn.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace stagecraft {

namespace {

void check_dnn(cudnnStatus_t status, const char* what) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  std::array<char, 512> text{};
  cudnnGetLastErrorString(text.data(), text.size());
  throw NotHere(fmt::format("cuDNN: {}: {} {}", what, cudnnGetErrorString(status), text.data()));
}

/// One handle for the life of the process.
cudnnHandle_t handle() {
  static cudnnHandle_t made = [] {
    cudnnHandle_t result = nullptr;
    if (const cudnnStatus_t status = cudnnCreate(&result); status != CUDNN_STATUS_SUCCESS)
      throw DeviceError(fmt::format("cuDNN does not start: {}", cudnnGetErrorString(status)));
    return result;
  }();
  return made;
}

/// A descriptor of the backend's interface.
class Descriptor {
 public:
  explicit Descriptor(cudnnBackendDescriptorType_t type) {
    check_dnn(cudnnBackendCreateDescriptor(type, &descriptor_), "a descriptor");
  }
  ~Descriptor() {
    if (descriptor_) cudnnBackendDestroyDescriptor(descriptor_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  cudnnBackendDescriptor_t get() const { return descriptor_; }
  void set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, std::int64_t count,
           const void* values) {
    check_dnn(cudnnBackendSetAttribute(descriptor_, name, type, count, values), "an attribute");
  }
  void set(cudnnBackendAttributeName_t name, const Descriptor& other) {
    set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &other.descriptor_);
  }
  void set(cudnnBackendAttributeName_t name, std::int64_t value) { set(name, CUDNN_TYPE_INT64, 1, &value); }
  void set_handle(cudnnBackendAttributeName_t name) {
    cudnnHandle_t library = handle();
    set(name, CUDNN_TYPE_HANDLE, 1, &library);
  }
  cudnnStatus_t try_finalize() { return cudnnBackendFinalize(descriptor_); }
  void finalize(const char* what) { check_dnn(try_finalize(), what); }

 private:
  cudnnBackendDescriptor_t descriptor_ = nullptr;
};

enum Id : std::int64_t { kQuery = 1, kKeys, kValues, kOutput, kScale };

using Four = std::array<std::int64_t, 4>;

void describe(Descriptor& tensor, Id id, cudnnDataType_t type, const Four& sizes, const Four& strides,
              bool by_value = false) {
  tensor.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, static_cast<std::int64_t>(id));
  tensor.set(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &type);
  tensor.set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, std::int64_t{by_value ? 4 : 16});
  tensor.set(CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 4, sizes.data());
  tensor.set(CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 4, strides.data());
  if (by_value) tensor.set(CUDNN_ATTR_TENSOR_IS_BY_VALUE, CUDNN_TYPE_BOOLEAN, 1, &by_value);
  tensor.finalize("a tensor");
}

/// Stored as batch, tokens, heads, head dimension; cuDNN wants the sizes as batch, heads, tokens, dimension.
void describe_tokens(Descriptor& tensor, Id id, std::int64_t batch, std::int64_t heads, std::int64_t tokens,
                     std::int64_t dimension, std::int64_t pitch) {
  if (pitch == 0) pitch = heads * dimension;
  describe(tensor, id, CUDNN_DATA_BFLOAT16, {batch, heads, tokens, dimension},
           {tokens * pitch, dimension, pitch, 1});
}

}  // namespace

struct Attention::Plan {
  explicit Plan(const AttentionSizes& shape) : scale_(1 / std::sqrt(static_cast<float>(shape.head_dim))) {
    Descriptor query(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    Descriptor keys(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    Descriptor values(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    Descriptor output(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    Descriptor scale(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    describe_tokens(query, kQuery, shape.batch, shape.q_heads, shape.query, shape.head_dim,
                    shape.query_pitch);
    describe_tokens(keys, kKeys, shape.batch, shape.kv_heads, shape.cached, shape.head_dim,
                    shape.cache_pitch);
    describe_tokens(values, kValues, shape.batch, shape.kv_heads, shape.cached, shape.head_dim,
                    shape.cache_pitch);
    describe_tokens(output, kOutput, shape.batch, shape.q_heads, shape.query, shape.head_dim, 0);
    describe(scale, kScale, CUDNN_DATA_FLOAT, {1, 1, 1, 1}, {1, 1, 1, 1}, true);
    Descriptor operation(CUDNN_BACKEND_OPERATION_SDPA_FWD_DESCRIPTOR);
    operation.set(CUDNN_ATTR_OPERATION_SDPA_FWD_QDESC, query);
    operation.set(CUDNN_ATTR_OPERATION_SDPA_FWD_KDESC, keys);
    operation.set(CUDNN_ATTR_OPERATION_SDPA_FWD_VDESC, values);
    operation.set(CUDNN_ATTR_OPERATION_SDPA_FWD_ODESC, output);
    operation.set(CUDNN_ATTR_OPERATION_SDPA_FWD_SCALEDESC, scale);
    operation.finalize("the operation");
    Descriptor graph(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
    graph.set_handle(CUDNN_ATTR_OPERATIONGRAPH_HANDLE);
    graph.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, operation);
    graph.finalize("the graph");
    build(graph);
  }
  ~Plan() {
    if (workspace_) cudaFree(workspace_);
  }
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  /// What names the operands of one copy; made before it is timed.
  std::shared_ptr<Descriptor> bind(const AttentionOperands& on) {
    auto pack = std::make_shared<Descriptor>(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
    const std::array<std::int64_t, 5> ids{kQuery, kKeys, kValues, kOutput, kScale};
    const std::array<void*, 5> data{on.query, on.keys, on.values, on.output, &scale_};
    pack->set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, 5, ids.data());
    pack->set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, 5, data.data());
    pack->set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &workspace_);
    pack->finalize("the operands");
    return pack;
  }

  void run(const Descriptor& pack) const {
    check_dnn(cudnnBackendExecute(handle(), plan_->get(), pack.get()), "attention");
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
  float scale_;  // cuDNN reads it through a pointer at each call
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
  check_dnn(cudnnSetStream(handle(), stream), "the stream");
}

AttentionSizes sizes_of_attention(const SuitePoint& point) {
  const std::int64_t sequence = point.at("sequence");
  return {.batch = point.at("batch"),
          .query = sequence ? sequence : std::max<std::int64_t>(point.at("query"), 1),
          .cached = sequence ? sequence : point.at("kv_len"),
          .q_heads = point.at("q_heads"),
          .kv_heads = point.at("kv_heads"),
          .head_dim = point.at("head_dim")};
}

std::string attention_library() {
  const std::size_t version = cudnnGetVersion();
  return fmt::format("cuDNN {}.{}.{}", version / 10000, version / 100 % 100, version % 100);
}

}  // namespace stagecraft
