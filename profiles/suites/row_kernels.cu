// Kernels that work on whole rows: norms and their gradients, softmax, cross-entropy. One block a row; what a
// row needs twice is read again, from cache.
#include "profiles/suites/row_kernels.h"
#include "profiles/suites/vector8.cuh"

namespace stagecraft {

namespace {

constexpr float kEpsilon = 1e-5f;
constexpr int kThreads = 512;

/// Mean (0 for RMSNorm) and reciprocal deviation of a row.
template <bool kCentred>
__device__ float2 moments(const void* row, std::int64_t vectors, float count) {
  float sum = 0;
  float squares = 0;
  for (std::int64_t i = threadIdx.x; i < vectors; i += blockDim.x) {
    const Vector8 x = load8(row, i);
    for (float v : x.v) {
      sum += v;
      squares += v * v;
    }
  }
  const float mean = kCentred ? block_sum(sum) / count : 0.f;
  return {mean, rsqrtf(block_sum(squares) / count - mean * mean + kEpsilon)};
}

__device__ const void* row_of(const void* data, std::int64_t width) {
  return static_cast<const __nv_bfloat16*>(data) + blockIdx.x * width;
}
__device__ void* row_of(void* data, std::int64_t width) {
  return static_cast<__nv_bfloat16*>(data) + blockIdx.x * width;
}

/// x = (a - mean) * rstd * b, b being the weights.
template <bool kCentred>
__global__ void norm(StreamOperands on) {
  const std::int64_t vectors = on.width / 8;
  const void* row = row_of(on.a, on.width);
  const float2 m = moments<kCentred>(row, vectors, static_cast<float>(on.width));
  for (std::int64_t i = threadIdx.x; i < vectors; i += blockDim.x) {
    Vector8 x = load8(row, i);
    const Vector8 weight = load8(on.b, i);
#pragma unroll
    for (int j = 0; j < 8; ++j) x.v[j] = (x.v[j] - m.x) * m.y * weight.v[j];
    store8(row_of(on.x, on.width), i, x);
  }
}

/// Input gradient x of a = input, b = output gradient, c = weights; keeps each row's moments in y.
template <bool kCentred>
__global__ void norm_gradient(StreamOperands on) {
  const std::int64_t vectors = on.width / 8;
  const auto count = static_cast<float>(on.width);
  const void* input = row_of(on.a, on.width);
  const void* gradient = row_of(on.b, on.width);
  const float2 m = moments<kCentred>(input, vectors, count);
  float sum = 0;
  float product = 0;
  for (std::int64_t i = threadIdx.x; i < vectors; i += blockDim.x) {
    const Vector8 x = load8(input, i);
    const Vector8 dy = load8(gradient, i);
    const Vector8 weight = load8(on.c, i);
#pragma unroll
    for (int j = 0; j < 8; ++j) {
      const float g = dy.v[j] * weight.v[j];
      sum += g;
      product += g * (x.v[j] - m.x) * m.y;
    }
  }
  sum = kCentred ? block_sum(sum) / count : 0.f;
  product = block_sum(product) / count;
  for (std::int64_t i = threadIdx.x; i < vectors; i += blockDim.x) {
    const Vector8 x = load8(input, i);
    Vector8 dy = load8(gradient, i);
    const Vector8 weight = load8(on.c, i);
#pragma unroll
    for (int j = 0; j < 8; ++j)
      dy.v[j] = m.y * (dy.v[j] * weight.v[j] - sum - (x.v[j] - m.x) * m.y * product);
    store8(row_of(on.x, on.width), i, dy);
  }
  if (threadIdx.x == 0) static_cast<float2*>(on.y)[blockIdx.x] = m;
}

/// Adds the weights' gradient to z, in fp32: a thread for eight columns of a slice of the rows.
__global__ void norm_weight_gradient(StreamOperands on, std::int64_t slice) {
  const std::int64_t vectors = on.width / 8;
  const std::int64_t column = blockIdx.x * static_cast<std::int64_t>(blockDim.x) + threadIdx.x;
  if (column >= vectors) return;
  Vector8 sum{};
  const std::int64_t first = blockIdx.y * slice;
  const std::int64_t last = min(first + slice, on.rows);
  for (std::int64_t row = first; row < last; ++row) {
    const float2 m = static_cast<const float2*>(on.y)[row];
    const Vector8 x = load8(on.a, row * vectors + column);
    const Vector8 dy = load8(on.b, row * vectors + column);
#pragma unroll
    for (int j = 0; j < 8; ++j) sum.v[j] += dy.v[j] * (x.v[j] - m.x) * m.y;
  }
#pragma unroll
  for (int j = 0; j < 8; ++j) atomicAdd(static_cast<float*>(on.z) + column * 8 + j, sum.v[j]);
}

template <bool kCentred>
void launch_norm(const StreamOperands& on, cudaStream_t stream) {
  norm<kCentred><<<static_cast<unsigned>(on.rows), kThreads, 0, stream>>>(on);
}

template <bool kCentred>
void launch_norm_gradient(const StreamOperands& on, cudaStream_t stream) {
  norm_gradient<kCentred><<<static_cast<unsigned>(on.rows), kThreads, 0, stream>>>(on);
  constexpr int kColumns = 64;
  constexpr std::int64_t kSlice = 64;
  const dim3 grid(static_cast<unsigned>((on.width / 8 + kColumns - 1) / kColumns),
                  static_cast<unsigned>((on.rows + kSlice - 1) / kSlice));
  norm_weight_gradient<<<grid, kColumns, 0, stream>>>(on, kSlice);
}

/// The largest number of a row and the sum of exponentials of the distances from it, in one reading.
__device__ float2 log_sum(const void* row, std::int64_t vectors) {
  float largest = -INFINITY;
  float sum = 0;
  for (std::int64_t i = threadIdx.x; i < vectors; i += blockDim.x) {
    const Vector8 x = load8(row, i);
    float here = largest;
    for (float v : x.v) here = fmaxf(here, v);
    sum *= __expf(largest - here);
    largest = here;
    for (float v : x.v) sum += __expf(v - here);
  }
  const float all = block_max(largest);
  return {all, block_sum(largest == -INFINITY ? 0.f : sum * __expf(largest - all))};
}

__global__ void softmax(StreamOperands on) {
  const std::int64_t vectors = on.width / 8;
  const void* row = row_of(on.a, on.width);
  const float2 m = log_sum(row, vectors);
  for (std::int64_t i = threadIdx.x; i < vectors; i += blockDim.x) {
    Vector8 x = load8(row, i);
    for (float& v : x.v) v = __expf(v - m.x) / m.y;
    store8(row_of(on.x, on.width), i, x);
  }
}

/// x = a (b - sum of a b over the row).
__global__ void softmax_gradient(StreamOperands on) {
  const std::int64_t vectors = on.width / 8;
  const void* probabilities = row_of(on.a, on.width);
  const void* gradient = row_of(on.b, on.width);
  float sum = 0;
  for (std::int64_t i = threadIdx.x; i < vectors; i += blockDim.x) {
    const Vector8 p = load8(probabilities, i);
    const Vector8 dp = load8(gradient, i);
#pragma unroll
    for (int j = 0; j < 8; ++j) sum += p.v[j] * dp.v[j];
  }
  sum = block_sum(sum);
  for (std::int64_t i = threadIdx.x; i < vectors; i += blockDim.x) {
    Vector8 p = load8(probabilities, i);
    const Vector8 dp = load8(gradient, i);
#pragma unroll
    for (int j = 0; j < 8; ++j) p.v[j] *= dp.v[j] - sum;
    store8(row_of(on.x, on.width), i, p);
  }
}

/// Loss in y, and the logits' gradient in x: softmax less one at the target, which c names.
__global__ void cross_entropy(StreamOperands on) {
  const std::int64_t vectors = on.width / 8;
  const void* row = row_of(on.a, on.width);
  const float2 m = log_sum(row, vectors);
  const std::int64_t target = static_cast<const std::int32_t*>(on.c)[blockIdx.x] % on.width;
  for (std::int64_t i = threadIdx.x; i < vectors; i += blockDim.x) {
    Vector8 x = load8(row, i);
#pragma unroll
    for (int j = 0; j < 8; ++j) {
      const bool is_target = i * 8 + j == target;
      if (is_target) static_cast<float*>(on.y)[blockIdx.x] = __logf(m.y) + m.x - x.v[j];
      x.v[j] = __expf(x.v[j] - m.x) / m.y - (is_target ? 1.f : 0.f);
    }
    store8(row_of(on.x, on.width), i, x);
  }
}

}  // namespace

void rmsnorm(const StreamOperands& on, cudaStream_t stream) {
  launch_norm<false>(on, stream);
}
void layernorm(const StreamOperands& on, cudaStream_t stream) {
  launch_norm<true>(on, stream);
}
void rmsnorm_gradient(const StreamOperands& on, cudaStream_t stream) {
  launch_norm_gradient<false>(on, stream);
}
void layernorm_gradient(const StreamOperands& on, cudaStream_t stream) {
  launch_norm_gradient<true>(on, stream);
}
void row_softmax(const StreamOperands& on, cudaStream_t stream) {
  softmax<<<static_cast<unsigned>(on.rows), kThreads, 0, stream>>>(on);
}
void row_softmax_gradient(const StreamOperands& on, cudaStream_t stream) {
  softmax_gradient<<<static_cast<unsigned>(on.rows), kThreads, 0, stream>>>(on);
}
void row_cross_entropy(const StreamOperands& on, cudaStream_t stream) {
  cross_entropy<<<static_cast<unsigned>(on.rows), kThreads, 0, stream>>>(on);
}

}  // namespace stagecraft
