#include "profiles/capture/range_counters.h"

#include <cuda_runtime_api.h>
#include <cupti_profiler_host.h>
#include <cupti_profiler_target.h>
#include <cupti_range_profiler.h>
#include <cupti_target.h>
#include <fmt/format.h>

#include <cstdint>

#include "base/error.h"
#include "profiles/capture/metrics_plan.h"

namespace stagecraft {

namespace {

constexpr std::size_t kRanges = 1;

void check(CUptiResult result, const char* what) {
  if (result == CUPTI_SUCCESS) return;
  const char* name = nullptr;
  cuptiGetResultString(result, &name);
  const int number = static_cast<int>(result);
  throw CountersRefused(
      fmt::format("{}: {} ({}){}", what, name ? name : "unknown error", number, counters_remedy(number)));
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
    throw CountersRefused("the driver does not tell its context");
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

MetricsPlan plan_for(const std::string& chip, const std::vector<std::uint8_t>& available) {
  try {
    return plan_metrics(chip, one_pass_metrics(), available);
  } catch (const InputError& error) {
    throw CountersRefused(error.what());
  }
}

const char** metrics() {
  return const_cast<const char**>(one_pass_metrics().data());  // the interface does not write
}

}  // namespace

std::string counters_remedy(int result) {
  switch (result) {
    case CUPTI_ERROR_INSUFFICIENT_PRIVILEGES:
    case CUPTI_ERROR_VIRTUALIZED_DEVICE_INSUFFICIENT_PRIVILEGES:
      return "\n      = the driver keeps counters to administrators (ERR_NVGPUCTRPERM): run as root or with "
             "CAP_SYS_ADMIN, or load it with NVreg_RestrictProfilingToAdminUsers=0; "
             "/proc/driver/nvidia/params then shows RmProfilingAdminOnly: 0";
    case CUPTI_ERROR_HARDWARE_BUSY:
      return "\n      = another tool (DCGM, Nsight Compute) holds the counters: dcgmi profile --pause";
    default:
      return {};
  }
}

/// The profiler of one context, from enabling to the numbers.
class RangeCounters::Impl {
 public:
  explicit Impl(int device) {
    auto initialize = SIZED(CUpti_Profiler_Initialize_Params);
    check(cuptiProfilerInitialize(&initialize), "the profiler");
    CUcontext context = current_context();
    chip_ = chip_of(device);
    available_ = availability(context);
    plan_ = plan_for(chip_, available_);
    auto params = SIZED(CUpti_RangeProfiler_Enable_Params);
    params.ctx = context;
    check(cuptiRangeProfilerEnable(&params), "counting");
    profiler_ = params.pRangeProfilerObject;
  }
  ~Impl() {
    auto params = SIZED(CUpti_RangeProfiler_Disable_Params);
    params.pRangeProfilerObject = profiler_;
    cuptiRangeProfilerDisable(&params);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  const std::string& chip() const { return chip_; }
  std::size_t passes() const { return plan_.passes; }

  std::vector<double> count(const std::function<void()>& launch) {
    prepare_data();
    configure();
    bool done = false;
    for (std::size_t pass = 0; pass < plan_.passes && !done; ++pass) done = run_pass(launch);
    if (!done) throw CountersRefused("counting did not end with its last pass");
    auto decode = SIZED(CUpti_RangeProfiler_DecodeData_Params);
    decode.pRangeProfilerObject = profiler_;
    check(cuptiRangeProfilerDecodeData(&decode), "reading counters");
    return ranges() > 0 ? values() : std::vector<double>();
  }

 private:
  /// Whether it was the last.
  bool run_pass(const std::function<void()>& launch) {
    auto start = SIZED(CUpti_RangeProfiler_Start_Params);
    start.pRangeProfilerObject = profiler_;
    check(cuptiRangeProfilerStart(&start), "beginning to count");
    auto push = SIZED(CUpti_RangeProfiler_PushRange_Params);
    push.pRangeProfilerObject = profiler_;
    push.pRangeName = "call";
    check(cuptiRangeProfilerPushRange(&push), "beginning a range");
    launch();
    cudaDeviceSynchronize();
    auto pop = SIZED(CUpti_RangeProfiler_PopRange_Params);
    pop.pRangeProfilerObject = profiler_;
    check(cuptiRangeProfilerPopRange(&pop), "ending a range");
    auto stop = SIZED(CUpti_RangeProfiler_Stop_Params);
    stop.pRangeProfilerObject = profiler_;
    check(cuptiRangeProfilerStop(&stop), "ending to count");
    return stop.isAllPassSubmitted != 0;
  }

  std::size_t ranges() {
    auto params = SIZED(CUpti_RangeProfiler_GetCounterDataInfo_Params);
    params.pCounterDataImage = data_.data();
    params.counterDataImageSize = data_.size();
    check(cuptiRangeProfilerGetCounterDataInfo(&params), "what was counted");
    return params.numTotalRanges;
  }

  std::vector<double> values() {
    auto host = SIZED(CUpti_Profiler_Host_Initialize_Params);
    host.profilerType = CUPTI_PROFILER_TYPE_RANGE_PROFILER;
    host.pChipName = chip_.c_str();
    host.pCounterAvailabilityImage = available_.data();
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

  void prepare_data() {
    auto size = SIZED(CUpti_RangeProfiler_GetCounterDataSize_Params);
    size.pRangeProfilerObject = profiler_;
    size.pMetricNames = metrics();
    size.numMetrics = one_pass_metrics().size();
    size.maxNumOfRanges = kRanges;
    size.maxNumRangeTreeNodes = kRanges;
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
    // A call may be several kernels, and what it counts is that of all of them.
    params.range = CUPTI_UserRange;
    params.replayMode = CUPTI_UserReplay;
    params.maxRangesPerPass = kRanges;
    params.numNestingLevels = 1;
    params.minNestingLevel = 1;
    check(cuptiRangeProfilerSetConfig(&params), "configuring counters");
  }

  std::string chip_;
  std::vector<std::uint8_t> available_;
  MetricsPlan plan_;
  CUpti_RangeProfiler_Object* profiler_ = nullptr;
  std::vector<std::uint8_t> data_;
};

#undef SIZED

RangeCounters::RangeCounters(int device) : impl_(std::make_unique<Impl>(device)) {}
RangeCounters::~RangeCounters() = default;

const std::string& RangeCounters::chip() const {
  return impl_->chip();
}

std::size_t RangeCounters::passes() const {
  return impl_->passes();
}

std::vector<double> RangeCounters::count(const std::function<void()>& launch) {
  return impl_->count(launch);
}

double counted_value(const std::vector<double>& values, std::string_view metric) {
  for (std::size_t i = 0; i < values.size(); ++i)
    if (one_pass_metrics()[i] == metric) return values[i];
  throw CountersRefused(fmt::format("'{}' is not among the counters", metric));
}

}  // namespace stagecraft
