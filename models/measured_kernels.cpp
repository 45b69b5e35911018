#include "models/measured_kernels.h"

namespace stagecraft {

namespace {

constexpr std::string_view kProducts = "gemm";
constexpr std::string_view kPrefill = "prefill-attention";

}  // namespace

MeasuredKernels::MeasuredKernels(const KernelTable& table, const Device& device) {
  for (const KernelSection& section : table.sections)
    if (section.element_bytes == 2 && find(section.family->name) == nullptr)
      entries_.push_back({section.family->name, std::make_unique<KernelModel>(section, device)});
}

const KernelModel* MeasuredKernels::find(std::string_view family) const {
  for (const Entry& entry : entries_)
    if (entry.family == family) return entry.model.get();
  return nullptr;
}

std::vector<std::string_view> MeasuredKernels::used() const {
  std::vector<std::string_view> names;
  for (const std::string_view name : {kProducts, kPrefill})
    if (find(name) != nullptr) names.push_back(name);
  return names;
}

std::optional<KernelTime> MeasuredKernels::product(const Gemm& gemm) const {
  const KernelModel* model = find(kProducts);
  if (model == nullptr || gemm.batch != 1) return std::nullopt;
  return model->predict(
      {{static_cast<double>(gemm.m)}, {static_cast<double>(gemm.n), static_cast<double>(gemm.k)}});
}

std::optional<KernelTime> MeasuredKernels::attention(const AttentionShape& shape, std::int64_t batch) const {
  const KernelModel* model = find(kPrefill);
  if (model == nullptr || !shape.causal) return std::nullopt;
  return model->predict({{static_cast<double>(batch), static_cast<double>(shape.sequence)},
                         {static_cast<double>(shape.heads), static_cast<double>(shape.kv_heads),
                          static_cast<double>(shape.head_dim)}});
}

}  // namespace stagecraft
