#include "profiles/capture/range_counters.h"

#include <cuda_runtime_api.h>
#include <cupti_profiler_host.h>
#include <cupti_profiler_target.h>
#include <cupti_range_profiler.h>
#include <cupti_target.h>
#include <fmt/format.h>

#include <stdexcept>

#include "profiles/capture/metrics_plan.h"

namespace stagecraft {

namespace {

constexpr std::size_t kMostRanges = 64;

/// Why CUPTI refused; caught in count().
struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::string remedy(CUptiResult result) {
  switch (result) {
    case CUPTI_ERROR_INSUFFICIENT_PRIVILEGES:
    case CUPTI_ERROR_VIRTUALIZED_DEVICE_INSUFFICIENT_PRIVILEGES:
      return "; counters need root or CAP_SYS_ADMIN, or the driver's NVreg_RestrictProfilingToAdminUsers=0";
    case CUPTI_ERROR_HARDWARE_BUSY:
      return "; another tool (DCGM, Nsight Compute) holds them: dcgmi profile --pause";
    default:
      return {};
  }
}

void check(CUptiResult result, const char* what) {
  if (result == CUPTI_SUCCESS) return;
  const char* name = nullptr;
  cuptiGetResultString(result, &name);
  throw Refused(fmt::format("{}: {} ({}){}", what, name ? name : "unknown error", static_cast<int>(result),
                            remedy(result)));
}

/// A zeroed structure of parameters that knows its size.
template <class Params>
Params sized(std::size_t size) {
  Params params{};
  params.structSize = size;
  return params;
}
#define SIZED(Type) sized<Type>(Type##_STRUCT_SIZE)

/// The context of this thread, by the driver's function, which is not linked.
CUcontext current_context() {
  void* function = nullptr;
  cudaDriverEntryPointQueryResult found{};
  cudaGetDriverEntryPointByVersion("cuCtxGetCurrent", &function, 12000, cudaEnableDefault, &found);
  CUcontext context = nullptr;
  if (!function || reinterpret_cast<CUresult (*)(CUcontext*)>(function)(&context) != CUDA_SUCCESS)
    throw Refused("the driver does not tell its context");
  return context;
}

std::string chip_of(int device) {
  auto params = SIZED(CUpti_Device_GetChipName_Params);
  params.deviceIndex = static_cast<std::size_t>(device);
  check(cuptiDeviceGetChipName(&params), "the chip's name");
  return params.pChipName;
}

std::vector<std::uint8_t> availability(CUcontext context) {
  auto params = SIZED(CUpti_Profiler_GetCounterAvailability_Params);
  params.ctx = context;
  check(cuptiProfilerGetCounterAvailability(&params), "which counters there are");
  std::vector<std::uint8_t> image(params.counterAvailabilityImageSize);
  params.pCounterAvailabilityImage = image.data();
  check(cuptiProfilerGetCounterAvailability(&params), "which counters there are");
  return image;
}

/// The profiler of one context, from enabling to the numbers.
class Ranges {
 public:
  Ranges(CUcontext context, MetricsPlan plan) : plan_(std::move(plan)) {
    auto params = SIZED(CUpti_RangeProfiler_Enable_Params);
    params.ctx = context;
    check(cuptiRangeProfilerEnable(&params), "counting");
    profiler_ = params.pRangeProfilerObject;
    prepare_data();
  }
  ~Ranges() {
    auto params = SIZED(CUpti_RangeProfiler_Disable_Params);
    params.pRangeProfilerObject = profiler_;
    cuptiRangeProfilerDisable(&params);
  }
  Ranges(const Ranges&) = delete;
  Ranges& operator=(const Ranges&) = delete;

  void run(const std::function<void()>& launch) {
    configure();
    auto start = SIZED(CUpti_RangeProfiler_Start_Params);
    start.pRangeProfilerObject = profiler_;
    check(cuptiRangeProfilerStart(&start), "beginning to count");
    launch();
    cudaDeviceSynchronize();
    auto stop = SIZED(CUpti_RangeProfiler_Stop_Params);
    stop.pRangeProfilerObject = profiler_;
    check(cuptiRangeProfilerStop(&stop), "ending to count");
    auto decode = SIZED(CUpti_RangeProfiler_DecodeData_Params);
    decode.pRangeProfilerObject = profiler_;
    check(cuptiRangeProfilerDecodeData(&decode), "reading counters");
  }

  std::size_t kernels() {
    auto params = SIZED(CUpti_RangeProfiler_GetCounterDataInfo_Params);
    params.pCounterDataImage = data_.data();
    params.counterDataImageSize = data_.size();
    check(cuptiRangeProfilerGetCounterDataInfo(&params), "what was counted");
    return params.numTotalRanges;
  }

  std::vector<double> values(const std::string& chip, const std::vector<std::uint8_t>& available) {
    auto host = SIZED(CUpti_Profiler_Host_Initialize_Params);
    host.profilerType = CUPTI_PROFILER_TYPE_RANGE_PROFILER;
    host.pChipName = chip.c_str();
    host.pCounterAvailabilityImage = available.data();
    check(cuptiProfilerHostInitialize(&host), "evaluating counters");
    std::vector<double> result(one_pass_metrics().size());
    auto params = SIZED(CUpti_Profiler_Host_EvaluateToGpuValues_Params);
    params.pHostObject = host.pHostObject;
    params.pCounterDataImage = data_.data();
    params.counterDataImageSize = data_.size();
    params.ppMetricNames = metrics();
    params.numMetrics = one_pass_metrics().size();
    params.pMetricValues = result.data();
    const CUptiResult evaluated = cuptiProfilerHostEvaluateToGpuValues(&params);
    auto end = SIZED(CUpti_Profiler_Host_Deinitialize_Params);
    end.pHostObject = host.pHostObject;
    cuptiProfilerHostDeinitialize(&end);
    check(evaluated, "evaluating counters");
    return result;
  }

 private:
  static const char** metrics() { return const_cast<const char**>(one_pass_metrics().data()); }

  void prepare_data() {
    auto size = SIZED(CUpti_RangeProfiler_GetCounterDataSize_Params);
    size.pRangeProfilerObject = profiler_;
    size.pMetricNames = metrics();
    size.numMetrics = one_pass_metrics().size();
    size.maxNumOfRanges = kMostRanges;
    size.maxNumRangeTreeNodes = kMostRanges;
    check(cuptiRangeProfilerGetCounterDataSize(&size), "the room for counters");
    data_.resize(size.counterDataSize);
    auto image = SIZED(CUpti_RangeProfiler_CounterDataImage_Initialize_Params);
    image.pRangeProfilerObject = profiler_;
    image.counterDataSize = data_.size();
    image.pCounterData = data_.data();
    check(cuptiRangeProfilerCounterDataImageInitialize(&image), "the room for counters");
  }

  void configure() {
    auto params = SIZED(CUpti_RangeProfiler_SetConfig_Params);
    params.pRangeProfilerObject = profiler_;
    params.configSize = plan_.config.size();
    params.pConfig = plan_.config.data();
    params.counterDataImageSize = data_.size();
    params.pCounterDataImage = data_.data();
    params.range = CUPTI_AutoRange;
    params.replayMode = CUPTI_KernelReplay;
    params.maxRangesPerPass = kMostRanges;
    params.numNestingLevels = 1;
    params.minNestingLevel = 1;
    check(cuptiRangeProfilerSetConfig(&params), "configuring counters");
  }

  MetricsPlan plan_;
  CUpti_RangeProfiler_Object* profiler_ = nullptr;
  std::vector<std::uint8_t> data_;
};

#undef SIZED

}  // namespace

CounterValues count(int device, const std::function<void()>& launch) {
  CounterValues result;
  try {
    CUpti_Profiler_Initialize_Params params{};
    params.structSize = CUpti_Profiler_Initialize_Params_STRUCT_SIZE;
    check(cuptiProfilerInitialize(&params), "the profiler");
    CUcontext context = current_context();
    result.chip = chip_of(device);
    const std::vector<std::uint8_t> available = availability(context);
    Ranges ranges(context, plan_metrics(result.chip, one_pass_metrics(), available));
    ranges.run(launch);
    result.kernels = ranges.kernels();
    if (result.kernels > 0) result.values = ranges.values(result.chip, available);
  } catch (const std::runtime_error& error) {
    result.refused = error.what();
  }
  return result;
}

}  // namespace stagecraft
