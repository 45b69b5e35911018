#include "profiles/trace_points.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/trace_text.h"
#include "models/kernel_family.h"
#include "profiles/raw_rows.h"
#include "profiles/trace_inputs.h"

namespace stagecraft {

namespace {

using Inputs = std::vector<TracedInput>;

/// A product of two inputs: [.., m, k] times [k, n], or [n, k] where `transposed`.
struct Product {
  std::string_view name;
  std::size_t left;
  std::size_t right;
  bool transposed = false;
};

// As native_functions.yaml declares them.
constexpr std::array kProducts = {
    Product{"aten::mm", 0, 1},           Product{"aten::addmm", 1, 2},
    Product{"aten::bmm", 0, 1},          Product{"aten::baddbmm", 1, 2},
    Product{"aten::_scaled_mm", 0, 1},   Product{"aten::_addmm_activation", 1, 2},
    Product{"aten::linear", 0, 1, true},
};

/// Attention of query, key and value, the first three inputs.
struct Attention {
  std::string_view name;
  bool heads_first;    ///< [batch, heads, tokens, dimension]; else [batch, tokens, heads, dimension]
  std::size_t causal;  ///< the input that says whether, as True or a number of the mask's type
  std::size_t bias;    ///< an input that is a mask of its own; 0: none
};

constexpr std::array kAttention = {
    Attention{"aten::_scaled_dot_product_flash_attention", true, 4, 0},
    Attention{"aten::_flash_attention_forward", false, 8, 3},  // 3: lengths of packed sequences
    Attention{"aten::_scaled_dot_product_efficient_attention", true, 6, 3},
    Attention{"aten::_efficient_attention_forward", false, 9, 3},
    Attention{"aten::_scaled_dot_product_cudnn_attention", true, 6, 3},
    Attention{"aten::_cudnn_attention_forward", true, 10, 3},
};

template <class Rules>
auto rule_for(const Rules& rules, std::string_view name) {
  const auto found = std::find_if(rules.begin(), rules.end(), [&](auto& rule) { return rule.name == name; });
  return found == rules.end() ? nullptr : &*found;
}

double as_double(std::int64_t value) {
  return static_cast<double>(value);
}

void set_work(TracedPoint& point, const KernelPoint& at) {
  const KernelFamily* family = find_kernel_family(point.family);
  const KernelWork work = family->work(at, bytes_of_format(point.format));
  point.flops = work.flops;
  point.bytes = work.bytes;
}

// No tensor has more rows: what claims to is damaged.
constexpr std::int64_t kMostRows = std::int64_t{1} << 50;

/// m, n and k of every matrix of a batch.
struct ProductShape {
  std::int64_t batch = 1, m = 1, n = 0, k = 0;
};

std::optional<ProductShape> shape_of(const Product& product, const Inputs& inputs) {
  if (inputs.size() <= std::max(product.left, product.right)) return {};
  const std::vector<std::int64_t>& left = inputs[product.left].dims;
  const std::vector<std::int64_t>& right = inputs[product.right].dims;
  const bool batched = !product.transposed && left.size() == 3 && right.size() == 3;
  if (left.size() < 2 || (!batched && right.size() != 2)) return {};
  if (!batched && !product.transposed && left.size() != 2) return {};
  ProductShape shape{.batch = batched ? left[0] : 1, .k = left.back()};
  for (std::size_t i = batched ? 1 : 0; i + 1 < left.size(); ++i) {
    if (left[i] <= 0 || shape.m > kMostRows / left[i]) return {};
    shape.m *= left[i];
  }
  const std::int64_t inner = right[right.size() - (product.transposed ? 1 : 2)];
  shape.n = right[right.size() - (product.transposed ? 2 : 1)];
  const bool fits = inner == shape.k && (!batched || right[0] == shape.batch);
  return fits && shape.batch > 0 && shape.m > 0 && shape.n > 0 && shape.k > 0 ? std::optional(shape)
                                                                              : std::nullopt;
}

std::optional<TracedPoint> product_of(const TraceEvent& op, const Inputs& inputs) {
  const Product* product = rule_for(kProducts, op.name);
  const auto shape = product ? shape_of(*product, inputs) : std::nullopt;
  if (!shape) return {};
  TracedPoint point{.suite = "gemm", .family = "gemm", .format = format_of_type(inputs[product->left].type)};
  Axes axes = {{"m", shape->m}, {"n", shape->n}, {"k", shape->k}};
  set_work(point, {{as_double(shape->m)}, {as_double(shape->n), as_double(shape->k)}});
  if (shape->batch > 1) {
    point.family = "batched-gemm";
    axes.insert(axes.begin(), {"batch", shape->batch});
    point.flops *= as_double(shape->batch);
    point.bytes *= as_double(shape->batch);
  }
  point.point = to_text(axes);
  return point;
}

struct AttentionShape {
  std::int64_t batch = 0, queries = 0, keys = 0, q_heads = 0, kv_heads = 0, head_dim = 0;
  std::optional<bool> causal{};
};

std::optional<AttentionShape> shape_of(const Attention& rule, const Inputs& inputs) {
  if (inputs.size() < 3) return {};
  const std::vector<std::int64_t>& q = inputs[0].dims;
  const std::vector<std::int64_t>& k = inputs[1].dims;
  const std::vector<std::int64_t>& v = inputs[2].dims;
  if (q.size() != 4 || k.size() != 4 || v != k || q[0] != k[0] || q[3] != k[3]) return {};
  if (rule.bias > 0 && inputs.size() > rule.bias && !inputs[rule.bias].dims.empty()) return {};
  const std::size_t heads = rule.heads_first ? 1 : 2;
  const std::size_t tokens = rule.heads_first ? 2 : 1;
  AttentionShape shape{q[0], q[tokens], k[tokens], q[heads], k[heads], q[3]};
  const std::string_view value = inputs.size() > rule.causal ? inputs[rule.causal].value : "";
  if (!value.empty()) shape.causal = value != "False" && value != "0";
  if (std::min(*std::min_element(q.begin(), q.end()), *std::min_element(k.begin(), k.end())) <= 0) return {};
  return shape;
}

/// The family that these sizes belong to; empty where they do not say.
std::string_view family_of(const AttentionShape& shape) {
  if (shape.queries == 1 && shape.keys == 1) return "";
  if (shape.queries == 1) return shape.causal.value_or(false) ? "" : "decode-attention";
  if (!shape.causal) return "";
  if (shape.queries == shape.keys) return *shape.causal ? "prefill-attention" : "unmasked-attention";
  return shape.queries < shape.keys && !*shape.causal ? "verify-attention" : "";
}

void set_attention_work(TracedPoint& point, const AttentionShape& s) {
  const double batch = as_double(s.batch), queries = as_double(s.queries), keys = as_double(s.keys);
  const double heads = as_double(s.q_heads), kv_heads = as_double(s.kv_heads), dim = as_double(s.head_dim);
  const double scores = batch * heads * queries * keys * (point.family == "prefill-attention" ? 0.5 : 1);
  point.flops = 4 * scores * dim;
  point.bytes = bytes_of_format(point.format) * batch * dim * 2 * (queries * heads + keys * kv_heads);
}

std::optional<TracedPoint> attention_of(const TraceEvent& op, const Inputs& inputs) {
  const Attention* rule = rule_for(kAttention, op.name);
  const auto shape = rule ? shape_of(*rule, inputs) : std::nullopt;
  if (!shape || family_of(*shape).empty()) return {};
  TracedPoint point{.suite = "attention",
                    .family = std::string(family_of(*shape)),
                    .format = format_of_type(inputs[0].type)};
  const bool cached = shape->queries != shape->keys;
  Axes axes = {{"batch", shape->batch}, {cached ? "kv_len" : "sequence", shape->keys}};
  if (point.family == "verify-attention") axes.emplace_back("query", shape->queries);
  axes.insert(axes.end(),
              {{"q_heads", shape->q_heads}, {"kv_heads", shape->kv_heads}, {"head_dim", shape->head_dim}});
  point.point = to_text(axes);
  set_attention_work(point, *shape);
  return point;
}

/// Every dimension of every input; of a list of tensors only how much it is, or the text had no end.
TracedPoint operator_of(const TraceEvent& op, const Inputs& inputs) {
  TracedPoint point{.suite = "operators", .family = std::string(op.name), .format = "none"};
  Axes axes;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    for (std::size_t dim = 0; dim < inputs[i].dims.size(); ++dim)
      axes.emplace_back(fmt::format("in{}.{}", i, dim), inputs[i].dims[dim]);
    if (inputs[i].tensors > 0) {
      axes.emplace_back(fmt::format("in{}.tensors", i), inputs[i].tensors);
      axes.emplace_back(fmt::format("in{}.elements", i), inputs[i].elements);
    }
    if (point.format == "none") point.format = format_of_type(inputs[i].type);
  }
  point.point = to_text(axes);
  return point;
}

std::int64_t number_of(std::string_view json) {
  std::int64_t value = -1;
  std::from_chars(json.data(), json.data() + json.size(), value);
  return value;
}

std::string copy_family(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kKinds = {
      {{"HtoD", "copy-h2d"}, {"DtoH", "copy-d2h"}, {"DtoD", "copy-d2d"}, {"PtoP", "copy-p2p"}}};
  for (const auto& [part, family] : kKinds)
    if (name.find(part) != std::string_view::npos)
      return fmt::format("{}{}", family, name.find("Pageable") == std::string_view::npos ? "" : "-pageable");
  return "copy";
}

/// "Memcpy HtoD (Pinned -> Device)", "Memset (Device)" with the argument "bytes".
TracedPoint copy_of(const TraceEvent& event) {
  const bool is_set = event.category == "gpu_memset";
  TracedPoint point{
      .suite = "copies", .family = is_set ? "memset" : copy_family(event.name), .format = "bytes"};
  const std::int64_t bytes = number_of(arg_of(event, "bytes"));
  if (bytes < 0) return point;
  point.point = to_text(Axes{{"bytes", bytes}, {"ways", 1}});
  point.bytes = as_double(bytes) * (point.family == "copy-d2d" ? 2 : 1);  // read and written
  return point;
}

/// c10d's names ("allreduce", "_allgather_base", "reduce_scatter_tensor_coalesced") in the field's.
std::string collective_family(std::string_view name) {
  std::string letters;
  for (const char c : name)
    if (c != '_') letters += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kNames = {
      {{"allreduce", "all-reduce"},
       {"allgather", "all-gather"},
       {"reducescatter", "reduce-scatter"},
       {"alltoall", "all-to-all"},
       {"broadcast", "broadcast"},
       {"send", "send"},
       {"recv", "receive"},
       {"reduce", "reduce"}}};
  for (const auto& [part, family] : kNames)
    if (letters.find(part) != std::string::npos) return std::string(family);
  return letters;
}

/// A C++ kernel's name without its result, template's and function's arguments.
std::string kernel_family_name(std::string_view name) {
  constexpr std::string_view kUnnamed = "(anonymous namespace)::";
  if (name.starts_with("void ")) name.remove_prefix(5);
  std::string text(name);
  for (auto at = text.find(kUnnamed); at != std::string::npos; at = text.find(kUnnamed))
    text.erase(at, kUnnamed.size());
  return text.substr(0, text.find_first_of("<("));
}

/// Newer traces have the arguments at the kernel, older ones at its operator.
std::string_view comm_arg(const TracedCall& call, std::string_view name) {
  const std::string_view own = arg_of(*call.longest, name);
  return own.empty() && call.op ? arg_of(*call.op, name) : own;
}

TracedPoint collective_of(const TracedCall& call) {
  const std::string_view name = unquoted(comm_arg(call, "Collective name"));
  const std::int64_t gpus = number_of(comm_arg(call, "Group size"));
  TracedPoint point{.suite = "collectives",
                    .family = name.empty() ? kernel_family_name(call.longest->name) : collective_family(name),
                    .format = format_of_type(unquoted(comm_arg(call, "dtype")))};
  const double in = as_double(number_of(comm_arg(call, "In msg nelems")));
  double out = as_double(number_of(comm_arg(call, "Out msg nelems")));
  if (out < 0 && point.family == "all-gather") out = in * as_double(gpus);
  const double bytes = std::max(in, out) * bytes_of_format(point.format);
  if (name.empty() || gpus < 1 || !(bytes > 0 && bytes < 1e18)) return point;
  point.bytes = bytes;
  point.point = to_text(Axes{{"bytes", static_cast<std::int64_t>(bytes)}, {"gpus", gpus}});
  return point;
}

}  // namespace

TracedPoint point_of(const TracedCall& call) {
  if (is_collective(*call.longest)) return collective_of(call);
  if (call.kernels == 0) return copy_of(*call.longest);
  if (!call.op)
    return {.suite = "kernels", .family = kernel_family_name(call.longest->name), .format = "none"};
  const Inputs inputs = traced_inputs(*call.op);
  if (auto product = product_of(*call.op, inputs)) return *product;
  if (auto attention = attention_of(*call.op, inputs)) return *attention;
  return operator_of(*call.op, inputs);
}

}  // namespace stagecraft
