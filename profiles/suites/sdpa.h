#pragma once

#include <memory>
#include <string>

#include "profiles/suites/case.h"

namespace stagecraft {

/// Attention of `query` tokens of each sequence against `cached` ones. Operands are rows of tokens, of all
/// heads each, sequence behind sequence.
struct AttentionSizes {
  std::int64_t batch = 0, query = 0, cached = 0, q_heads = 0, kv_heads = 0, head_dim = 0;
  std::int64_t query_pitch = 0;  ///< elements between two tokens' queries; 0: those of its heads
  std::int64_t cache_pitch = 0;  ///< likewise of keys, and of values
  bool causal = false;           ///< token i against 0 to i; REQUIRES query == cached

  std::size_t query_bytes() const { return 2 * static_cast<std::size_t>(batch * query * q_heads * head_dim); }
  /// Of the keys, or of the values.
  std::size_t cache_bytes() const {
    return 2 * static_cast<std::size_t>(batch * cached * kv_heads * head_dim);
  }
  /// Of one fp32 number for each query and head.
  std::size_t statistics_bytes() const { return 4 * static_cast<std::size_t>(batch * query * q_heads); }
};

/// Of the points of decode-, verify-, unmasked- and prefill-attention, which is causal.
AttentionSizes sizes_of_attention(const SuitePoint& point);

struct AttentionOperands {
  void* query = nullptr;
  void* keys = nullptr;
  void* values = nullptr;
  void* output = nullptr;
};

/// A plan that was built: the first of cuDNN's proposals that this device can run. Throws NotHere where there
/// is none.
class Attention {
 public:
  explicit Attention(const AttentionSizes& sizes);
  ~Attention();
  Attention(const Attention&) = delete;
  Attention& operator=(const Attention&) = delete;

  /// What starts it on these operands, on the stream of use_stream(); made before it is timed, and no longer
  /// of use than this.
  std::function<void()> bind(const AttentionOperands& on);
  /// "engine 8".
  std::string algorithm() const;

  /// Where all attention runs from now on.
  static void use_stream(cudaStream_t stream);

 private:
  struct Plan;
  std::unique_ptr<Plan> plan_;
};

}  // namespace stagecraft
