#include "profiles/capture/metrics_plan.h"

#include <cupti_profiler_host.h>
#include <cupti_profiler_target.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "base/error.h"

namespace stagecraft {

namespace {

constexpr std::array kOnePass = {
    "gpu__time_duration.sum",
    "dram__bytes_read.sum",
    "dram__bytes_write.sum",
    "lts__t_bytes.sum",
    "sm__cycles_active.avg",
    "sm__cycles_elapsed.max",
    "gpc__cycles_elapsed.avg.per_second",
    "sm__ops_path_tensor_src_bf16_dst_fp32.sum",
};

void check(CUptiResult result, std::string_view what) {
  if (result == CUPTI_SUCCESS) return;
  const char* name = nullptr;
  cuptiGetResultString(result, &name);
  throw InputError(fmt::format("counters cannot be planned: {}: {}", what, name ? name : "unknown error"));
}

/// The library's object for one chip.
class Host {
 public:
  Host(const std::string& chip, std::span<const std::uint8_t> availability) {
    CUpti_Profiler_Host_Initialize_Params params{};
    params.structSize = CUpti_Profiler_Host_Initialize_Params_STRUCT_SIZE;
    params.profilerType = CUPTI_PROFILER_TYPE_RANGE_PROFILER;
    params.pChipName = chip.c_str();
    params.pCounterAvailabilityImage = availability.empty() ? nullptr : availability.data();
    if (cuptiProfilerHostInitialize(&params) != CUPTI_SUCCESS)
      throw InputError(
          fmt::format("counters cannot be planned: '{}' is no chip that this CUPTI knows\n"
                      "      = known chips: {}",
                      chip, fmt::join(known_chips(), ", ")));
    object_ = params.pHostObject;
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  ~Host() {
    CUpti_Profiler_Host_Deinitialize_Params params{};
    params.structSize = CUpti_Profiler_Host_Deinitialize_Params_STRUCT_SIZE;
    params.pHostObject = object_;
    cuptiProfilerHostDeinitialize(&params);
  }

  /// Together: metrics that are added one call after the other get passes of their own.
  bool add(std::span<const char* const> metrics) {
    CUpti_Profiler_Host_ConfigAddMetrics_Params params{};
    params.structSize = CUpti_Profiler_Host_ConfigAddMetrics_Params_STRUCT_SIZE;
    params.pHostObject = object_;
    params.ppMetricNames = const_cast<const char**>(metrics.data());  // the interface does not write
    params.numMetrics = metrics.size();
    return cuptiProfilerHostConfigAddMetrics(&params) == CUPTI_SUCCESS;
  }

  std::vector<std::uint8_t> config() {
    CUpti_Profiler_Host_GetConfigImageSize_Params size{};
    size.structSize = CUpti_Profiler_Host_GetConfigImageSize_Params_STRUCT_SIZE;
    size.pHostObject = object_;
    check(cuptiProfilerHostGetConfigImageSize(&size), "the size of their configuration");
    std::vector<std::uint8_t> image(size.configImageSize);
    CUpti_Profiler_Host_GetConfigImage_Params params{};
    params.structSize = CUpti_Profiler_Host_GetConfigImage_Params_STRUCT_SIZE;
    params.pHostObject = object_;
    params.configImageSize = image.size();
    params.pConfigImage = image.data();
    check(cuptiProfilerHostGetConfigImage(&params), "their configuration");
    return image;
  }

 private:
  CUpti_Profiler_Host_Object* object_ = nullptr;
};

std::size_t passes_of(std::vector<std::uint8_t>& config) {
  CUpti_Profiler_Host_GetNumOfPasses_Params params{};
  params.structSize = CUpti_Profiler_Host_GetNumOfPasses_Params_STRUCT_SIZE;
  params.configImageSize = config.size();
  params.pConfigImage = config.data();
  check(cuptiProfilerHostGetNumOfPasses(&params), "the number of passes");
  return params.numOfPasses;
}

/// The library does not say which metric it does not know.
InputError refusal(const std::string& chip, std::span<const char* const> metrics,
                   std::span<const std::uint8_t> availability) {
  for (std::size_t i = 0; i < metrics.size(); ++i)
    if (!Host(chip, availability).add(metrics.subspan(i, 1)))
      return InputError(fmt::format("counters cannot be planned: {} has no metric '{}'", chip, metrics[i]));
  return InputError(fmt::format("counters cannot be planned: {} refuses these metrics together", chip));
}

}  // namespace

std::span<const char* const> one_pass_metrics() {
  return kOnePass;
}

std::vector<std::string> known_chips() {
  CUpti_Profiler_Host_GetSupportedChips_Params params{};
  params.structSize = CUpti_Profiler_Host_GetSupportedChips_Params_STRUCT_SIZE;
  check(cuptiProfilerHostGetSupportedChips(&params), "the chips");
  return {params.ppChipNames, params.ppChipNames + params.numChips};
}

MetricsPlan plan_metrics(const std::string& chip, std::span<const char* const> metrics,
                         std::span<const std::uint8_t> availability) {
  Host host(chip, availability);
  if (!host.add(metrics)) throw refusal(chip, metrics, availability);
  MetricsPlan plan;
  plan.config = host.config();
  plan.passes = passes_of(plan.config);
  return plan;
}

}  // namespace stagecraft
