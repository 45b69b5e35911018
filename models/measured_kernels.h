#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "models/cost_sample.h"
#include "models/kernel_table.h"
#include "models/operator_graph.h"

namespace stagecraft {

/// What a table of measured kernels says of a model's operators. Numbers for 16-bit formats; operators of
/// families or formats that the table lacks have none. Any thread may ask.
class MeasuredKernels {
 public:
  /// `table` was measured on `device`.
  MeasuredKernels(const KernelTable& table, const Device& device);

  /// Microseconds of one matrix product; nothing for batched ones, which the tables do not have.
  std::optional<double> product_us(const Gemm& gemm, const CostSample& sample = {}) const;
  /// Microseconds of fused causal attention over whole sequences, forward.
  std::optional<double> attention_us(const AttentionShape& shape, std::int64_t batch,
                                     const CostSample& sample = {}) const;

  /// Microseconds of a collective inside one node over `gpus` devices; `bytes` of the whole tensor.
  std::optional<double> collective_us(Collective collective, std::int64_t gpus, double bytes,
                                      const CostSample& sample = {}) const;

  /// Which families of the table the functions above have read a time from, in a fixed order.
  std::vector<std::string_view> used() const;

 private:
  const KernelModel* find(std::string_view family) const;
  std::optional<double> time_us(std::string_view family, const KernelPoint& point,
                                const CostSample& sample) const;

  struct Entry {
    std::string_view family;
    std::shared_ptr<const KernelModel> model;
  };
  struct Read {
    std::atomic<bool> products{false}, prefill{false}, collectives{false};
  };

  std::vector<Entry> entries_;
  std::shared_ptr<Read> read_ = std::make_shared<Read>();
  std::shared_ptr<const CollectiveModel> collectives_;  // null: not measured
};

}  // namespace stagecraft
