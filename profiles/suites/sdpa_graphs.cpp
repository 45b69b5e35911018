#include "profiles/suites/sdpa_graphs.h"

namespace stagecraft {

namespace {

constexpr Four kOne = {1, 1, 1, 1};

/// Stored as batch, tokens, heads, head dimension; cuDNN wants the sizes as batch, heads, tokens, dimension.
Four strides_of(std::int64_t heads, std::int64_t tokens, std::int64_t dimension, std::int64_t pitch) {
  if (pitch == 0) pitch = heads * dimension;
  return {tokens * pitch, dimension, pitch, 1};
}

class GraphBuilder {
 public:
  Descriptor& part(cudnnBackendDescriptorType_t type) {
    return *made_.parts.emplace_back(std::make_unique<Descriptor>(type));
  }

  Descriptor& tensor(std::int64_t id, cudnnDataType_t type, const Four& sizes, const Four& strides,
                     Kept kept = Kept::InMemory) {
    Descriptor& made = part(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    describe(made, id, type, sizes, strides, kept);
    return made;
  }

  Descriptor& tokens(AttentionId id, std::int64_t batch, std::int64_t heads, std::int64_t count,
                     std::int64_t dimension, std::int64_t pitch) {
    return tensor(id, CUDNN_DATA_BFLOAT16, {batch, heads, count, dimension},
                  strides_of(heads, count, dimension, pitch));
  }

  Descriptor& number(AttentionId id) { return tensor(id, CUDNN_DATA_FLOAT, kOne, kOne, Kept::ByValue); }

  /// A tensor between two operations, rows behind each other.
  Descriptor& between(cudnnDataType_t type, const Four& sizes) {
    const auto [b, h, rows, columns] = sizes;
    return tensor(next_id_++, type, sizes, {h * rows * columns, rows * columns, columns, 1}, Kept::Nowhere);
  }

  void product(const Descriptor& a, const Descriptor& b, const Descriptor& c) {
    Descriptor& how = part(CUDNN_BACKEND_MATMUL_DESCRIPTOR);
    set_type(how, CUDNN_ATTR_MATMUL_COMP_TYPE, CUDNN_DATA_FLOAT);
    how.finalize("a product");
    Descriptor& operation = part(CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR);
    operation.set(CUDNN_ATTR_OPERATION_MATMUL_ADESC, a);
    operation.set(CUDNN_ATTR_OPERATION_MATMUL_BDESC, b);
    operation.set(CUDNN_ATTR_OPERATION_MATMUL_CDESC, c);
    operation.set(CUDNN_ATTR_OPERATION_MATMUL_DESC, how);
    add(operation);
  }

  struct Pointwise {
    cudnnPointwiseMode_t mode;
    const Descriptor& x;
    const Descriptor* b = nullptr;
    const Descriptor* t = nullptr;
    cudnnDataType_t computed_in = CUDNN_DATA_FLOAT;
    std::int64_t axis = -1;
  };
  void pointwise(const Pointwise& what, const Descriptor& y) {
    Descriptor& how = part(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
    how.set(CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &what.mode);
    set_type(how, CUDNN_ATTR_POINTWISE_MATH_PREC, what.computed_in);
    if (what.axis >= 0) how.set(CUDNN_ATTR_POINTWISE_AXIS, what.axis);
    how.finalize("an operation");
    Descriptor& operation = part(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    operation.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, how);
    operation.set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, what.x);
    if (what.b) operation.set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, *what.b);
    if (what.t) operation.set(CUDNN_ATTR_OPERATION_POINTWISE_TDESC, *what.t);
    operation.set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y);
    add(operation);
  }

  void reduction(cudnnReduceTensorOp_t mode, const Descriptor& x, const Descriptor& y) {
    Descriptor& how = part(CUDNN_BACKEND_REDUCTION_DESCRIPTOR);
    how.set(CUDNN_ATTR_REDUCTION_OPERATOR, CUDNN_TYPE_REDUCTION_OPERATOR_TYPE, 1, &mode);
    set_type(how, CUDNN_ATTR_REDUCTION_COMP_TYPE, CUDNN_DATA_FLOAT);
    how.finalize("a reduction");
    Descriptor& operation = part(CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR);
    operation.set(CUDNN_ATTR_OPERATION_REDUCTION_XDESC, x);
    operation.set(CUDNN_ATTR_OPERATION_REDUCTION_YDESC, y);
    operation.set(CUDNN_ATTR_OPERATION_REDUCTION_DESC, how);
    add(operation);
  }

  void add(Descriptor& operation) {
    operation.finalize("an operation");
    operations_.push_back(operation.get());
  }

  DescribedGraph finish() {
    made_.graph = std::make_unique<Descriptor>(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
    made_.graph->set_handle(CUDNN_ATTR_OPERATIONGRAPH_HANDLE);
    made_.graph->set(CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                     static_cast<std::int64_t>(operations_.size()), operations_.data());
    made_.graph->finalize("the graph");
    return std::move(made_);
  }

 private:
  static void set_type(Descriptor& how, cudnnBackendAttributeName_t name, cudnnDataType_t type) {
    how.set(name, CUDNN_TYPE_DATA_TYPE, 1, &type);
  }

  DescribedGraph made_;
  std::vector<cudnnBackendDescriptor_t> operations_;
  std::int64_t next_id_ = 100;
};

/// Scores, with what lies above the diagonal replaced by the mask's number.
Descriptor& masked(GraphBuilder& graph, const Descriptor& scores, const Four& square) {
  Descriptor& row = graph.between(CUDNN_DATA_INT32, square);
  graph.pointwise(
      {.mode = CUDNN_POINTWISE_GEN_INDEX, .x = scores, .computed_in = CUDNN_DATA_INT32, .axis = 2}, row);
  Descriptor& column = graph.between(CUDNN_DATA_INT32, square);
  graph.pointwise(
      {.mode = CUDNN_POINTWISE_GEN_INDEX, .x = scores, .computed_in = CUDNN_DATA_INT32, .axis = 3}, column);
  Descriptor& visible = graph.between(CUDNN_DATA_BOOLEAN, square);
  graph.pointwise({.mode = CUDNN_POINTWISE_CMP_GE, .x = row, .b = &column, .computed_in = CUDNN_DATA_BOOLEAN},
                  visible);
  Descriptor& result = graph.between(CUDNN_DATA_FLOAT, square);
  graph.pointwise(
      {.mode = CUDNN_POINTWISE_BINARY_SELECT, .x = scores, .b = &graph.number(kMasked), .t = &visible},
      result);
  return result;
}

/// Probabilities in bf16; writes each row's log of the sum of exponentials.
Descriptor& softmax(GraphBuilder& graph, const Descriptor& scores, const Four& square) {
  const Four rows = {square[0], square[1], square[2], 1};
  Descriptor& largest = graph.between(CUDNN_DATA_FLOAT, rows);
  graph.reduction(CUDNN_REDUCE_TENSOR_MAX, scores, largest);
  Descriptor& less = graph.between(CUDNN_DATA_FLOAT, square);
  graph.pointwise({.mode = CUDNN_POINTWISE_SUB, .x = scores, .b = &largest}, less);
  Descriptor& exponentials = graph.between(CUDNN_DATA_FLOAT, square);
  graph.pointwise({.mode = CUDNN_POINTWISE_EXP, .x = less}, exponentials);
  Descriptor& sum = graph.between(CUDNN_DATA_FLOAT, rows);
  graph.reduction(CUDNN_REDUCE_TENSOR_ADD, exponentials, sum);
  Descriptor& logarithm = graph.between(CUDNN_DATA_FLOAT, rows);
  graph.pointwise({.mode = CUDNN_POINTWISE_LOG, .x = sum}, logarithm);
  graph.pointwise({.mode = CUDNN_POINTWISE_ADD, .x = largest, .b = &logarithm},
                  graph.tensor(kStatistics, CUDNN_DATA_FLOAT, rows, {rows[1] * rows[2], rows[2], 1, 1}));
  Descriptor& probabilities = graph.between(CUDNN_DATA_BFLOAT16, square);
  graph.pointwise({.mode = CUDNN_POINTWISE_DIV, .x = exponentials, .b = &sum}, probabilities);
  return probabilities;
}

}  // namespace

DescribedGraph unmasked_graph(const AttentionSizes& s) {
  GraphBuilder graph;
  Descriptor& operation = graph.part(CUDNN_BACKEND_OPERATION_SDPA_FWD_DESCRIPTOR);
  operation.set(CUDNN_ATTR_OPERATION_SDPA_FWD_QDESC,
                graph.tokens(kQuery, s.batch, s.q_heads, s.query, s.head_dim, s.query_pitch));
  operation.set(CUDNN_ATTR_OPERATION_SDPA_FWD_KDESC,
                graph.tokens(kKeys, s.batch, s.kv_heads, s.cached, s.head_dim, s.cache_pitch));
  operation.set(CUDNN_ATTR_OPERATION_SDPA_FWD_VDESC,
                graph.tokens(kValues, s.batch, s.kv_heads, s.cached, s.head_dim, s.cache_pitch));
  operation.set(CUDNN_ATTR_OPERATION_SDPA_FWD_ODESC,
                graph.tokens(kOutput, s.batch, s.q_heads, s.query, s.head_dim, 0));
  operation.set(CUDNN_ATTR_OPERATION_SDPA_FWD_SCALEDESC, graph.number(kScale));
  graph.add(operation);
  return graph.finish();
}

DescribedGraph causal_graph(const AttentionSizes& s) {
  GraphBuilder graph;
  const Four square = {s.batch, s.q_heads, s.query, s.cached};
  const Four stored = strides_of(s.kv_heads, s.cached, s.head_dim, s.cache_pitch);
  Descriptor& keys = graph.tensor(kKeys, CUDNN_DATA_BFLOAT16, {s.batch, s.kv_heads, s.head_dim, s.cached},
                                  {stored[0], stored[1], stored[3], stored[2]});  // transposed
  Descriptor& raw = graph.between(CUDNN_DATA_FLOAT, square);
  graph.product(graph.tokens(kQuery, s.batch, s.q_heads, s.query, s.head_dim, s.query_pitch), keys, raw);
  Descriptor& scaled = graph.between(CUDNN_DATA_FLOAT, square);
  graph.pointwise({.mode = CUDNN_POINTWISE_MUL, .x = raw, .b = &graph.number(kScale)}, scaled);
  Descriptor& probabilities = softmax(graph, masked(graph, scaled, square), square);
  graph.product(probabilities,
                graph.tokens(kValues, s.batch, s.kv_heads, s.cached, s.head_dim, s.cache_pitch),
                graph.tokens(kOutput, s.batch, s.q_heads, s.query, s.head_dim, 0));
  return graph.finish();
}

}  // namespace stagecraft
