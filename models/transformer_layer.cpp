// Operators of one transformer layer, after Shoeybi et al., "Megatron-LM", arXiv 1909.08053, and Korthikanti
// et al., "Reducing Activation Recomputation in Large Transformer Models", arXiv 2205.05198, section 4.
#include "models/transformer_layer.h"

namespace stagecraft {
namespace {

double real(std::int64_t value) {
  return static_cast<double>(value);
}

std::array<std::int64_t, kRecomputes> keep(std::int64_t bytes) {
  return {bytes, bytes, bytes};
}

/// `count` products of [m, k] x [k, n] per sample that grow with the batch, as in attention.
Gemm batched(std::int64_t count, std::int64_t m, std::int64_t n, std::int64_t k) {
  return {.m = m, .n = n, .k = k, .batch = count, .grows = Gemm::Grows::Batch};
}

Pass products(double bytes, std::initializer_list<Gemm> gemms) {
  Pass pass{.bytes_per_sample = bytes};
  for (const Gemm& gemm : gemms) {
    pass.gemms[static_cast<std::size_t>(pass.kernels++)] = gemm;
    pass.flops_per_sample += gemm.flops();
  }
  return pass;
}

/// An operator of the attention core, which selective recomputation runs again: of its saved bytes only
/// `inputs` (queries, keys, values) stay.
Operator core(std::string name, KernelClass kernel, Pass forward, Pass backward, std::int64_t inputs,
              std::int64_t inner, std::int64_t output) {
  return {.name = std::move(name),
          .kernel = kernel,
          .forward = forward,
          .input_gradient = backward,
          .saved_bytes = {inputs + inner, inputs, inputs},
          .output_bytes = output,
          .recomputed_from = Recompute::Selective};
}

/// Megatron-LM's fused softmax works on blocks of four of (samples x heads). For other numbers PyTorch's
/// kernels run. Forward five: to fp32, scale, mask in place, softmax, to half; 2+4, 4+4, 4+4, 4+4, 4+2 bytes
/// per score, the mask itself aside, which all heads share. Backward six, the same the other way: softmax
/// reads its output too, and masking copies first; 2+4, 4+4+4, 4+4, 4+4, 4+4, 4+2. Source: Megatron-LM,
/// megatron/model/fused_softmax.py, is_kernel_available() and forward_torch_softmax().
Fallback unfused_softmax(std::int64_t heads, int kernels, double bytes, std::int64_t scores) {
  return {
      .batch_per_sample = heads, .multiple = 4, .bytes_per_sample = bytes * real(scores), .kernels = kernels};
}

/// Scores, softmax, dropout and context with the scores in memory: 2as^2 bytes for each of softmax and
/// dropout output, as^2 for the mask (Korthikanti et al., section 4.1).
int unfused_attention(OperatorGraph& graph, const Transformer& model, const LocalDimensions& d, int input) {
  const std::int64_t a = d.heads, s = d.s, q = a * d.head_dim, kv = d.kv_heads * d.head_dim;
  const std::int64_t scores = a * s * s;
  const double qk_bytes = real(kElement * (s * (q + kv) + scores));
  const double context_bytes = real(kElement * (s * (q + kv) + scores));

  int last = graph.add(
      core("attention_scores", KernelClass::Attention, products(qk_bytes, {batched(a, s, s, d.head_dim)}),
           products(2 * qk_bytes, {batched(a, s, d.head_dim, s), batched(a, s, d.head_dim, s)}),
           kElement * s * (q + kv), 0, kElement * scores),
      {{input}});
  // A causal softmax reads only the half of the scores that is not masked, and writes all.
  const double read = model.architecture == Architecture::Decoder ? 0.5 : 1.0;
  const double rows = real(kElement * scores);
  last = graph.add(core("attention_softmax", KernelClass::Softmax,
                        {.bytes_per_sample = (read + 1) * rows,
                         .kernels = 1,
                         .fallback = unfused_softmax(a, 5, 36, scores)},
                        {.bytes_per_sample = (2 * read + 1) * rows,
                         .kernels = 1,
                         .fallback = unfused_softmax(a, 6, 48, scores)},
                        0, kElement * scores, kElement * scores),
                   {{last}});
  if (model.dropout) {
    const double bytes = real((2 * kElement + 1) * scores);
    last = graph.add(
        core("attention_dropout", KernelClass::Elementwise, {.bytes_per_sample = bytes, .kernels = 1},
             {.bytes_per_sample = bytes, .kernels = 1}, 0, scores, kElement * scores),
        {{last}});
  }
  // Without dropout the context reads the softmax's output, which is counted there.
  return graph.add(
      core("attention_context", KernelClass::Attention,
           products(context_bytes, {batched(a, s, d.head_dim, s)}),
           products(2 * context_bytes, {batched(a, s, s, d.head_dim), batched(a, s, d.head_dim, s)}),
           kElement * s * kv, model.dropout ? kElement * scores : 0, kElement * s * q),
      {{last}});
}

/// One kernel each way; queries, keys, values and a log-sum-exp per row are kept. The output is kept by the
/// projection that follows. Backward does five products where forward does two, and a causal mask halves
/// both: Dao, "FlashAttention-2", arXiv 2307.08691, sections 3.1 and 4.1.
int flash_attention(OperatorGraph& graph, const Transformer& model, const LocalDimensions& d, int input) {
  const std::int64_t a = d.heads, s = d.s, q = a * d.head_dim, kv = d.kv_heads * d.head_dim;
  const double causal = model.architecture == Architecture::Decoder ? 0.5 : 1.0;
  const double flops = 2 * batched(a, s, s, d.head_dim).flops();
  const double bytes = real(kElement * s * (2 * q + 2 * kv));
  Operator op{.name = "flash_attention", .kernel = KernelClass::Attention};
  op.forward = {.flops_per_sample = flops, .bytes_per_sample = bytes, .kernels = 1, .executed_share = causal};
  op.input_gradient = {.flops_per_sample = 2 * flops,
                       .bytes_per_sample = 2 * bytes,
                       .kernels = 3,
                       .executed_share = causal * 1.25};
  op.saved_bytes = keep(kElement * s * (q + 2 * kv) + 4 * a * s);
  op.output_bytes = kElement * s * q;
  op.attention = AttentionShape{.heads = a,
                                .kv_heads = d.kv_heads,
                                .head_dim = d.head_dim,
                                .sequence = s,
                                .causal = model.architecture == Architecture::Decoder};
  return graph.add(op, {{input}});
}

/// Residual stream after a block: bias, dropout and addition in one kernel forward; backward the dropout and
/// the sum of the two branches' gradients.
int add_residual(OperatorGraph& graph, const std::string& name, const Transformer& model,
                 const LocalDimensions& d, int block, int residual) {
  const std::int64_t tokens = d.s_local * d.h;
  const std::int64_t mask = model.dropout ? tokens : 0;
  const std::int64_t backward = 3 * kElement * tokens + (model.dropout ? 2 * kElement * tokens + mask : 0);
  Operator op = streaming(name, KernelClass::Elementwise, 3 * kElement * tokens + mask, backward, mask,
                          kElement * tokens);
  op.input_gradient.kernels = model.dropout ? 2 : 1;
  if (residual < 0) return graph.add(op, {{block}});
  return graph.add(op, {{block, residual}});
}

int attention_block(OperatorGraph& graph, const Transformer& model, const LocalDimensions& d) {
  const std::int64_t q = d.heads * d.head_dim, kv = d.kv_heads * d.head_dim;
  int last = graph.add(normalization("attention_norm", model.norm, d.s_local, d.h));
  last = begin_tensor_region(graph, "attention_input", d, last);
  last = graph.add(linear("attention_qkv", d.s, d.h, q + 2 * kv, model.qkv_bias, kElement * d.s_local * d.h),
                   {{last}});
  if (model.positions == Positions::Rotary) {
    const std::int64_t bytes = 2 * kElement * d.s * (q + kv);
    last = graph.add(
        streaming("rotary", KernelClass::Elementwise, bytes, bytes, 0, kElement * d.s * (q + 2 * kv)),
        {{last}});
  }
  last = model.attention == AttentionKernel::Flash ? flash_attention(graph, model, d, last)
                                                   : unfused_attention(graph, model, d, last);
  last =
      graph.add(linear("attention_projection", d.s, q, d.h, model.linear_bias, kElement * d.s * q), {{last}});
  last = end_tensor_region(graph, "attention_output", d, last);
  return add_residual(graph, "attention_residual", model, d, last, -1);
}

int mlp_block(OperatorGraph& graph, const Transformer& model, const LocalDimensions& d, int input) {
  const std::int64_t gates = model.activation == Activation::SwiGlu ? 2 : 1;
  const std::int64_t inner = kElement * d.s * d.ffn;
  int last = graph.add(normalization("mlp_norm", model.norm, d.s_local, d.h), {{input}});
  last = begin_tensor_region(graph, "mlp_input", d, last);
  last = graph.add(linear("mlp_up", d.s, d.h, gates * d.ffn, model.linear_bias, kElement * d.s_local * d.h),
                   {{last}});
  last = graph.add(
      streaming(model.activation == Activation::SwiGlu ? "swiglu" : "gelu", KernelClass::Elementwise,
                (gates + 1) * inner, (2 * gates + 1) * inner, gates * inner, inner),
      {{last}});
  last = graph.add(linear("mlp_down", d.s, d.ffn, d.h, model.linear_bias, inner), {{last}});
  last = end_tensor_region(graph, "mlp_output", d, last);
  return add_residual(graph, "mlp_residual", model, d, last, input);
}

Pass collective(Collective kind, const LocalDimensions& d, bool hidden) {
  return {
      .kernels = 1, .collective = kind, .payload_per_sample = real(kElement * d.s * d.h), .hidden = hidden};
}

}  // namespace

Operator linear(std::string name, std::int64_t tokens, std::int64_t in, std::int64_t out, bool bias,
                std::int64_t saved) {
  const double activations = real(kElement * tokens * (in + out));
  const double weights = real(kElement * in * out);
  Operator op{.name = std::move(name), .kernel = KernelClass::Gemm};
  op.forward = products(activations, {{.m = tokens, .n = out, .k = in}});
  op.input_gradient = products(activations, {{.m = tokens, .n = in, .k = out}});
  op.weight_gradient = products(activations, {{.m = in, .n = out, .k = tokens, .grows = Gemm::Grows::K}});
  op.forward.fixed_bytes = op.input_gradient.fixed_bytes = weights;
  // Written by the product (2 bytes), then added to the fp32 sum by a kernel of its own (2 + 4 + 4).
  op.weight_gradient.fixed_bytes = 6 * weights;
  op.weight_gradient.kernels += 1;
  if (bias) {
    op.weight_gradient.bytes_per_sample += real(kElement * tokens * out);
    op.weight_gradient.kernels += 1;
  }
  op.parameters = in * out + (bias ? out : 0);
  op.saved_bytes = keep(saved);
  op.weight_gradient_bytes = saved + kElement * tokens * out;
  op.output_bytes = kElement * tokens * out;
  return op;
}

Operator streaming(std::string name, KernelClass kernel, std::int64_t forward_bytes,
                   std::int64_t backward_bytes, std::int64_t saved, std::int64_t output_bytes) {
  Operator op{.name = std::move(name), .kernel = kernel};
  op.forward = {.bytes_per_sample = real(forward_bytes), .kernels = 1};
  op.input_gradient = {.bytes_per_sample = real(backward_bytes), .kernels = 1};
  op.saved_bytes = keep(saved);
  op.output_bytes = output_bytes;
  return op;
}

Operator normalization(std::string name, Norm norm, std::int64_t tokens, std::int64_t width) {
  const std::int64_t bytes = kElement * tokens * width;
  // Backward reads input and gradient twice: once for the input's gradient, once for scale and shift.
  Operator op = streaming(std::move(name), KernelClass::Normalization, 2 * bytes, 5 * bytes, bytes, bytes);
  op.input_gradient.kernels = 2;
  op.parameters = norm == Norm::LayerNorm ? 2 * width : width;
  return op;
}

int begin_tensor_region(OperatorGraph& graph, const std::string& name, const LocalDimensions& d, int input) {
  if (d.tensor == 1) return input;
  Operator op{.name = name, .kernel = KernelClass::Collective};
  if (d.sequence_parallel) {
    // Backward gathers the input once more, for the weight gradient, beside the products.
    op.forward = collective(Collective::AllGather, d, false);
    op.input_gradient = collective(Collective::ReduceScatter, d, true);
    op.weight_gradient = collective(Collective::AllGather, d, true);
  } else {
    op.input_gradient = collective(Collective::AllReduce, d, false);
  }
  op.output_bytes = kElement * d.s * d.h;
  return graph.add(op, {{input}});
}

int end_tensor_region(OperatorGraph& graph, const std::string& name, const LocalDimensions& d, int input) {
  if (d.tensor == 1) return input;
  Operator op{.name = name, .kernel = KernelClass::Collective};
  op.forward = collective(d.sequence_parallel ? Collective::ReduceScatter : Collective::AllReduce, d, false);
  if (d.sequence_parallel) op.input_gradient = collective(Collective::AllGather, d, false);
  op.output_bytes = kElement * d.s_local * d.h;
  return graph.add(op, {{input}});
}

void checkpoint_layer(OperatorGraph& graph, std::int64_t checkpoint) {
  for (Operator& op : graph.operators) {
    op.saved_bytes[static_cast<std::size_t>(Recompute::Full)] = 0;
    if (op.recomputed_from == Recompute::None) op.recomputed_from = Recompute::Full;
  }
  graph.operators.front().saved_bytes[static_cast<std::size_t>(Recompute::Full)] = checkpoint;
}

OperatorGraph transformer_layer(const Transformer& model, const LocalDimensions& d) {
  OperatorGraph layer;
  const int attention = attention_block(layer, model, d);
  mlp_block(layer, model, d, attention);
  checkpoint_layer(layer, kElement * d.s_local * d.h);
  return layer;
}

}  // namespace stagecraft
