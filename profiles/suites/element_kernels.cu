// Kernels that work on every element by itself, eight at a time, and the table of all streaming kernels.
#include <cuda_fp8.h>

#include "profiles/suites/row_kernels.h"
#include "profiles/suites/vector8.cuh"

namespace stagecraft {

namespace {

constexpr int kThreads = 256;

__device__ float sigmoid(float x) {
  return 1.f / (1.f + __expf(-x));
}

/// The tanh form, as trained models use it.
__device__ float gelu_slope(float x, float& value) {
  constexpr float kA = 0.7978845608f;
  constexpr float kB = 0.044715f;
  const float t = tanhf(kA * (x + kB * x * x * x));
  value = 0.5f * x * (1 + t);
  return 0.5f * (1 + t) + 0.5f * x * (1 - t * t) * kA * (1 + 3 * kB * x * x);
}

struct Swiglu {
  __device__ static void apply(const StreamOperands& on, std::int64_t i) {
    Vector8 gate = load8(on.a, i);
    const Vector8 up = load8(on.b, i);
#pragma unroll
    for (int j = 0; j < 8; ++j) gate.v[j] *= sigmoid(gate.v[j]) * up.v[j];
    store8(on.x, i, gate);
  }
};

struct SwigluGradient {  // a: gate, b: up, c: output's gradient; x, y: theirs
  __device__ static void apply(const StreamOperands& on, std::int64_t i) {
    Vector8 gate = load8(on.a, i);
    Vector8 up = load8(on.b, i);
    const Vector8 dy = load8(on.c, i);
#pragma unroll
    for (int j = 0; j < 8; ++j) {
      const float s = sigmoid(gate.v[j]);
      const float silu = gate.v[j] * s;
      gate.v[j] = dy.v[j] * up.v[j] * (s + silu * (1 - s));
      up.v[j] = dy.v[j] * silu;
    }
    store8(on.x, i, gate);
    store8(on.y, i, up);
  }
};

struct Gelu {
  __device__ static void apply(const StreamOperands& on, std::int64_t i) {
    Vector8 x = load8(on.a, i);
    for (float& v : x.v) gelu_slope(v, v);
    store8(on.x, i, x);
  }
};

struct GeluGradient {
  __device__ static void apply(const StreamOperands& on, std::int64_t i) {
    Vector8 x = load8(on.a, i);
    const Vector8 dy = load8(on.b, i);
#pragma unroll
    for (int j = 0; j < 8; ++j) {
      float value;
      x.v[j] = dy.v[j] * gelu_slope(x.v[j], value);
    }
    store8(on.x, i, x);
  }
};

struct ResidualAdd {
  __device__ static void apply(const StreamOperands& on, std::int64_t i) {
    Vector8 a = load8(on.a, i);
    const Vector8 b = load8(on.b, i);
#pragma unroll
    for (int j = 0; j < 8; ++j) a.v[j] += b.v[j];
    store8(on.x, i, a);
  }
};

/// Heads of 128, neighbours rotated together; the row is the position.
struct Rope {
  __device__ static void apply(const StreamOperands& on, std::int64_t i) {
    Vector8 x = load8(on.a, i);
    const std::int64_t vectors = on.width / 8;
    const auto position = static_cast<float>(i / vectors);
    const auto first = static_cast<float>(i % 16 * 8);
#pragma unroll
    for (int j = 0; j < 8; j += 2) {
      constexpr float kLog2Base = 13.2877124f;  // of 10000
      float sine;
      float cosine;
      __sincosf(position * exp2f(-kLog2Base * (first + static_cast<float>(j)) / 128.f), &sine, &cosine);
      const float even = x.v[j];
      x.v[j] = even * cosine - x.v[j + 1] * sine;
      x.v[j + 1] = even * sine + x.v[j + 1] * cosine;
    }
    store8(on.x, i, x);
  }
};

struct CastFp8 {
  __device__ static void apply(const StreamOperands& on, std::int64_t i) {
    const Vector8 x = load8(on.a, i);
    __nv_fp8_e4m3 bytes[8];
#pragma unroll
    for (int j = 0; j < 8; ++j) bytes[j] = __nv_fp8_e4m3(x.v[j]);
    static_cast<uint2*>(on.x)[i] = *reinterpret_cast<const uint2*>(bytes);
  }
};

/// Rows of the table b that the ids c name.
struct Embedding {
  __device__ static void apply(const StreamOperands& on, std::int64_t i) {
    const std::int64_t vectors = on.width / 8;
    const std::int64_t id = static_cast<const std::int32_t*>(on.c)[i / vectors];
    static_cast<uint4*>(on.x)[i] = static_cast<const uint4*>(on.b)[id * vectors + i % vectors];
  }
};

/// Adds a's rows to the rows of z, in fp32, that the ids c name.
struct EmbeddingGradient {
  __device__ static void apply(const StreamOperands& on, std::int64_t i) {
    const std::int64_t vectors = on.width / 8;
    const std::int64_t id = static_cast<const std::int32_t*>(on.c)[i / vectors];
    const Vector8 dy = load8(on.a, i);
    float* row = static_cast<float*>(on.z) + (id * vectors + i % vectors) * 8;
#pragma unroll
    for (int j = 0; j < 8; ++j) atomicAdd(row + j, dy.v[j]);
  }
};

/// Keys and values of new tokens, a's rows of `pitch`, into the rows of the cache x that c names.
struct KvAppend {
  __device__ static void apply(const StreamOperands& on, std::int64_t i) {
    const std::int64_t vectors = on.width / 8;
    const std::int64_t from = (on.pitch ? on.pitch : on.width) / 8;
    const std::int64_t slot = static_cast<const std::int32_t*>(on.c)[i / vectors];
    static_cast<uint4*>(on.x)[slot * vectors + i % vectors] =
        static_cast<const uint4*>(on.a)[i / vectors * from + i % vectors];
  }
};

template <class Kernel>
__global__ void each(StreamOperands on, std::int64_t vectors) {
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t i = blockIdx.x * static_cast<std::int64_t>(blockDim.x) + threadIdx.x; i < vectors;
       i += step)
    Kernel::apply(on, i);
}

template <class Kernel>
void launch_each(const StreamOperands& on, cudaStream_t stream) {
  const std::int64_t vectors = on.rows * on.width / 8;
  const std::int64_t blocks = min((vectors + kThreads - 1) / kThreads, std::int64_t{1} << 20);
  each<Kernel><<<static_cast<unsigned>(blocks), kThreads, 0, stream>>>(on, vectors);
}

/// Four at a time. a: gradient in bf16; x: weights, y: first, z: second moment, in fp32; the bf16 weights lie
/// behind z.
__global__ void adam_step(StreamOperands on, std::int64_t count) {
  const std::int64_t i = blockIdx.x * static_cast<std::int64_t>(blockDim.x) + threadIdx.x;
  if (i >= count / 4) return;
  constexpr float kBeta1 = 0.9f;
  constexpr float kBeta2 = 0.95f;
  constexpr float kRate = 1e-6f;
  float4 w = static_cast<float4*>(on.x)[i];
  float4 m = static_cast<float4*>(on.y)[i];
  float4 v = static_cast<float4*>(on.z)[i];
  const auto* gradient = static_cast<const __nv_bfloat162*>(on.a) + 2 * i;
  const float2 low = __bfloat1622float2(gradient[0]);
  const float2 high = __bfloat1622float2(gradient[1]);
  const auto step = [](float g, float& weight, float& first, float& second) {
    first = kBeta1 * first + (1 - kBeta1) * g;
    second = kBeta2 * fabsf(second) + (1 - kBeta2) * g * g;  // random contents may be negative
    weight -= kRate * (first / (sqrtf(second) + 1e-8f) + 0.1f * weight);
  };
  step(low.x, w.x, m.x, v.x);
  step(low.y, w.y, m.y, v.y);
  step(high.x, w.z, m.z, v.z);
  step(high.y, w.w, m.w, v.w);
  static_cast<float4*>(on.x)[i] = w;
  static_cast<float4*>(on.y)[i] = m;
  static_cast<float4*>(on.z)[i] = v;
  auto* weights = reinterpret_cast<__nv_bfloat162*>(static_cast<float*>(on.z) + count) + 2 * i;
  weights[0] = __floats2bfloat162_rn(w.x, w.y);
  weights[1] = __floats2bfloat162_rn(w.z, w.w);
}

void adam(const StreamOperands& on, cudaStream_t stream) {
  const std::int64_t count = on.rows * on.width;
  const std::int64_t blocks = (count / 4 + kThreads - 1) / kThreads;
  adam_step<<<static_cast<unsigned>(blocks), kThreads, 0, stream>>>(on, count);
}

void fill_zero(const StreamOperands& on, cudaStream_t stream) {
  cudaMemsetAsync(on.x, 0, static_cast<std::size_t>(4 * on.rows * on.width), stream);
}

// Inputs and outputs of rows x width, bytes moved per element.
constexpr StreamKernel kKernels[] = {
    {"rmsnorm", 1, 1, 4, rmsnorm},
    {"rmsnorm-gradient", 2, 1, 6, rmsnorm_gradient},
    {"layernorm", 1, 1, 4, layernorm},
    {"layernorm-gradient", 2, 1, 6, layernorm_gradient},
    {"swiglu", 2, 1, 6, launch_each<Swiglu>},
    {"swiglu-gradient", 3, 2, 10, launch_each<SwigluGradient>},
    {"gelu", 1, 1, 4, launch_each<Gelu>},
    {"gelu-gradient", 2, 1, 6, launch_each<GeluGradient>},
    {"residual-add", 2, 1, 6, launch_each<ResidualAdd>},
    {"rope", 1, 1, 4, launch_each<Rope>},
    {"cast-fp8", 1, 1, 3, launch_each<CastFp8>},
    {"embedding", 0, 1, 4, launch_each<Embedding>},
    {"embedding-gradient", 1, 0, 10, launch_each<EmbeddingGradient>},
    {"kv-append", 1, 1, 4, launch_each<KvAppend>},
    {"softmax", 1, 1, 4, row_softmax},
    {"softmax-gradient", 2, 1, 6, row_softmax_gradient},
    {"cross-entropy", 1, 1, 4, row_cross_entropy},
    {"adam", 0, 0, 28, adam},
    {"fill-zero", 0, 0, 4, fill_zero},
};

}  // namespace

const StreamKernel* find_stream_kernel(std::string_view name) {
  for (const StreamKernel& kernel : kKernels)
    if (kernel.name == name) return &kernel;
  return nullptr;
}

}  // namespace stagecraft
