#include "models/measured_kernels.h"

#include <array>

namespace stagecraft {

namespace {

constexpr std::string_view kProducts = "gemm";
constexpr std::string_view kPrefill = "prefill-attention";

/// Training does not decode; to make a model of what is never asked for would take as long as of what is.
bool is_asked_for(std::string_view family) {
  return family == kProducts || family == kPrefill;
}

}  // namespace

MeasuredKernels::MeasuredKernels(const KernelTable& table, const Device& device) {
  for (const KernelSection& section : table.sections)
    if (section.element_bytes == 2 && is_asked_for(section.family->name) &&
        find(section.family->name) == nullptr)
      entries_.push_back({section.family->name, std::make_shared<KernelModel>(section, device)});
  if (table.collectives) collectives_ = std::make_shared<CollectiveModel>(*table.collectives);
}

const KernelModel* MeasuredKernels::find(std::string_view family) const {
  for (const Entry& entry : entries_)
    if (entry.family == family) return entry.model.get();
  return nullptr;
}

std::vector<std::string_view> MeasuredKernels::used() const {
  std::vector<std::string_view> names;
  if (read_->products) names.push_back(kProducts);
  if (read_->prefill) names.push_back(kPrefill);
  if (read_->collectives) names.push_back("collectives");
  return names;
}

std::optional<double> MeasuredKernels::time_us(std::string_view family, const KernelPoint& point,
                                               const CostSample& sample) const {
  const KernelModel* model = find(family);
  if (model == nullptr) return std::nullopt;
  (family == kProducts ? read_->products : read_->prefill) = true;
  const KernelTime time = model->predict(point);
  const std::array query{point.load[0],  point.load[1],  point.load[2],
                         point.shape[0], point.shape[1], point.shape[2]};
  return time.us * sample.factor(family, query, time.deviation);
}

std::optional<double> MeasuredKernels::product_us(const Gemm& gemm, const CostSample& sample) const {
  if (gemm.batch != 1) return std::nullopt;
  return time_us(kProducts,
                 {{static_cast<double>(gemm.m)}, {static_cast<double>(gemm.n), static_cast<double>(gemm.k)}},
                 sample);
}

std::optional<double> MeasuredKernels::attention_us(const AttentionShape& shape, std::int64_t batch,
                                                    const CostSample& sample) const {
  if (!shape.causal) return std::nullopt;
  return time_us(kPrefill,
                 {{static_cast<double>(batch), static_cast<double>(shape.sequence)},
                  {static_cast<double>(shape.heads), static_cast<double>(shape.kv_heads),
                   static_cast<double>(shape.head_dim)}},
                 sample);
}

std::optional<double> MeasuredKernels::collective_us(Collective collective, std::int64_t gpus, double bytes,
                                                     const CostSample& sample) const {
  if (!collectives_ || collective == Collective::None) return std::nullopt;
  const auto time = collectives_->predict(name(collective), static_cast<double>(gpus), bytes);
  if (!time) return std::nullopt;
  read_->collectives = true;
  const std::array query{static_cast<double>(gpus), bytes};
  return time->us * sample.factor(name(collective), query, time->deviation);
}

}  // namespace stagecraft
