#include "profiles/capture/range_counters.h"

#include <cupti.h>

#include <catch2/catch.hpp>

#include "profiles/capture/metrics_plan.h"

using namespace stagecraft;

TEST_CASE("a refusal of counters says what to do", "[capture][error]") {
  const std::string denied = counters_remedy(CUPTI_ERROR_INSUFFICIENT_PRIVILEGES);
  for (const char* part : {"ERR_NVGPUCTRPERM", "root", "CAP_SYS_ADMIN", "RmProfilingAdminOnly"})
    CHECK(denied.find(part) != std::string::npos);
  CHECK(counters_remedy(CUPTI_ERROR_HARDWARE_BUSY).find("dcgmi profile --pause") != std::string::npos);
  CHECK(counters_remedy(CUPTI_ERROR_UNKNOWN).empty());
}

TEST_CASE("counts are found by the name of their metric", "[capture]") {
  std::vector<double> values(one_pass_metrics().size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i);
  for (const char* metric :
       {"dram__bytes_read.sum", "dram__bytes_write.sum", "gpc__cycles_elapsed.avg.per_second",
        "sm__ops_path_tensor_src_bf16_dst_fp32.sum"})
    CHECK(one_pass_metrics()[static_cast<std::size_t>(counted_value(values, metric))] ==
          std::string_view(metric));
  CHECK_THROWS_WITH(counted_value(values, "x"), "'x' is not among the counters");
}
