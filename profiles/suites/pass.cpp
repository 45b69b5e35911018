#include "profiles/suites/pass.h"

#include <cuda_bf16.h>
#include <fmt/format.h>

#include <cmath>

#include "profiles/suites/product.h"
#ifdef STAGECRAFT_CUDNN
#include "profiles/suites/sdpa.h"
#endif

namespace stagecraft {

namespace {

using Content = PassBuffer::Content;
using Start = std::function<void()>;

/// The memory of one set of buffers.
class Memory {
 public:
  Memory(Bench& bench, const PassPlan& plan) : plan_(plan) {
    for (const PassBuffer& buffer : plan.buffers) data_.push_back(made(bench, buffer));
  }

  /// Null where the kernel has no such operand.
  void* at(const PassOperand& operand) const {
    if (operand.buffer < 0) return nullptr;
    const auto index = static_cast<std::size_t>(operand.buffer);
    const PassBuffer& buffer = plan_.buffers[index];
    return static_cast<char*>(data_[index]) + operand.offset * (buffer.bytes() / buffer.elements);
  }

  /// Throws DeviceError where the first or the last number of what kernels write is none.
  void expect_numbers() const {
    for (std::size_t i = 0; i < data_.size(); ++i) {
      if (plan_.buffers[i].content != Content::Written) continue;
      const auto* numbers = static_cast<const __nv_bfloat16*>(data_[i]);
      for (const __nv_bfloat16* number : {numbers, numbers + plan_.buffers[i].elements - 1})
        expect_number(number, i);
    }
  }

 private:
  static void* made(Bench& bench, const PassBuffer& buffer) {
    const auto bytes = static_cast<std::size_t>(buffer.bytes());
    if (buffer.content == Content::Weights) return bench.input(Number::Bf16, bytes);
    void* data = bench.output(bytes);
    if (buffer.content == Content::Rows)
      check(cudaMemcpy(data, buffer.rows.data(), bytes, cudaMemcpyHostToDevice), "numbers of rows");
    else if (buffer.content == Content::Cache)
      fill_random(data, bytes, Number::Bf16, 29, bench.stream());
    else
      check(cudaMemsetAsync(data, buffer.content == Content::Sums ? 0 : 0xFF, bytes, bench.stream()),
            "clearing a buffer");
    return data;
  }

  static void expect_number(const __nv_bfloat16* on_device, std::size_t buffer) {
    __nv_bfloat16 value;
    check(cudaMemcpy(&value, on_device, sizeof value, cudaMemcpyDeviceToHost), "reading a result");
    if (!std::isfinite(__bfloat162float(value)))
      throw DeviceError(fmt::format("a pass is wrong: its buffer {} holds no numbers", buffer));
  }

  const PassPlan& plan_;
  std::vector<void*> data_;
};

/// What lies how, and what it is: kernels with one text run by one plan of their library.
std::string key_of(const PassKernel& kernel) {
  std::string key = kernel.alone.family + " " + to_text(kernel.alone.axes);
  for (const auto& operands : {kernel.in, kernel.out})
    for (const PassOperand& operand : operands) key += fmt::format(" {}/{}", operand.pitch, operand.stride);
  return key + fmt::format(" {}", kernel.scale);
}

ProductKind kind_in(const PassKernel& kernel) {
  ProductKind kind = kind_of(kernel.alone);
  kind.scale = static_cast<float>(kernel.scale);
  const auto lay = [](Matrix& matrix, const PassOperand& operand) {
    matrix.pitch = operand.pitch;
    matrix.stride = operand.stride;
  };
  lay(kind.a, kernel.in[0]);
  lay(kind.b, kernel.in[1]);
  lay(kind.d, kernel.out[0]);
  return kind;
}

/// Makes what starts kernels, and keeps the libraries' plans for kernels alike.
class Starter {
 public:
  explicit Starter(cudaStream_t stream) : stream_(stream) {}

  Start start_of(const PassKernel& kernel, const Memory& memory) {
    if (const StreamKernel* streaming = find_stream_kernel(kernel.alone.family))
      return stream_start(*streaming, kernel, memory);
    return kernel.alone.at("k") > 0 ? product_start(kernel, memory) : attention_start(kernel, memory);
  }

  std::vector<std::shared_ptr<void>> plans() const {
    std::vector<std::shared_ptr<void>> all;
    for (const auto& [key, plan] : plans_) all.push_back(plan);
    return all;
  }

 private:
  template <class Plan, class Describe>
  std::shared_ptr<Plan> plan_for(const PassKernel& kernel, const Describe& describe) {
    std::shared_ptr<void>& plan = plans_[key_of(kernel)];
    if (!plan) plan = std::make_shared<Plan>(describe(kernel));
    return std::static_pointer_cast<Plan>(plan);
  }

  Start stream_start(const StreamKernel& streaming, const PassKernel& kernel, const Memory& memory) const {
    const StreamOperands on{.a = memory.at(kernel.in[0]),
                            .b = memory.at(kernel.in[1]),
                            .c = memory.at(kernel.in[2]),
                            .x = memory.at(kernel.out[0]),
                            .y = memory.at(kernel.out[1]),
                            .z = memory.at(kernel.out[2]),
                            .rows = kernel.alone.at("rows"),
                            .width = kernel.alone.at("width"),
                            .pitch = kernel.in[0].pitch};
    return [launch = streaming.launch, on, stream = stream_] {
      launch(on, stream);
      check(cudaGetLastError(), "launching a kernel");
    };
  }

  Start product_start(const PassKernel& kernel, const Memory& memory) {
    return [product = plan_for<Product>(kernel, kind_in), a = memory.at(kernel.in[0]),
            b = memory.at(kernel.in[1]), d = memory.at(kernel.out[0]),
            stream = stream_] { product->run(a, b, d, stream); };
  }

#ifdef STAGECRAFT_CUDNN
  Start attention_start(const PassKernel& kernel, const Memory& memory) {
    const auto sizes_in = [](const PassKernel& of) {
      AttentionSizes sizes = sizes_of_attention(of.alone);
      sizes.query_pitch = of.in[0].pitch;
      sizes.cache_pitch = of.in[1].pitch;
      return sizes;
    };
    Attention::use_stream(stream_);
    return plan_for<Attention>(kernel, sizes_in)
        ->bind({memory.at(kernel.in[0]), memory.at(kernel.in[1]), memory.at(kernel.in[2]),
                memory.at(kernel.out[0])});
  }
#else
  static Start attention_start(const PassKernel&, const Memory&) {
    throw NotHere("this build has no attention");
  }
#endif

  cudaStream_t stream_;
  std::map<std::string, std::shared_ptr<void>> plans_;
};

}  // namespace

Pass::Pass(Bench& bench, const PassPlan& plan) {
  const int copies = bench.copies(static_cast<std::size_t>(plan.bytes()), "cold");
  Starter starter(bench.stream());
  for (int copy = 0; copy < copies; ++copy) {
    const Memory memory(bench, plan);
    for (const PassKernel& kernel : plan.before) starter.start_of(kernel, memory)();
    starts_.emplace_back();
    for (const PassKernel& kernel : plan.kernels) starts_.back().push_back(starter.start_of(kernel, memory));
    if (copy > 0) continue;
    run(0);
    check(cudaStreamSynchronize(bench.stream()), "running a pass");
    memory.expect_numbers();
  }
  check(cudaStreamSynchronize(bench.stream()), "running a pass");
  owned_ = starter.plans();
}

}  // namespace stagecraft
