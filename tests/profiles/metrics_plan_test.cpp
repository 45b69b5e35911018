#include "profiles/capture/metrics_plan.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>

#include "base/error.h"

// CUPTI loads libnvperf_host with RTLD_DEEPBIND, with which AddressSanitizer ends the program.
#ifndef __SANITIZE_ADDRESS__

using namespace stagecraft;

TEST_CASE("the counters that a run reads are one pass on H100 and H200", "[capture]") {
  const MetricsPlan plan = plan_metrics("GH100", one_pass_metrics());
  CHECK(plan.passes == 1);
  CHECK(plan.config.size() > 0);
}

TEST_CASE("counters that do not fit together are planned as several passes", "[capture]") {
  std::vector<const char*> metrics(one_pass_metrics().begin(), one_pass_metrics().end());
  metrics.push_back("sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_active");
  CHECK(plan_metrics("GH100", metrics).passes == 2);
}

TEST_CASE("a metric or a chip that does not exist is an error that names it", "[capture][error]") {
  constexpr std::array kWrong = {"dram__bytes_read.sum", "dram__bytes_red.sum"};
  CHECK_THROWS_WITH(plan_metrics("GH100", kWrong),
                    "counters cannot be planned: GH100 has no metric 'dram__bytes_red.sum'");
  CHECK_THROWS_AS(plan_metrics("XY100", one_pass_metrics()), InputError);
  CHECK_THROWS_WITH(plan_metrics("XY100", one_pass_metrics()),
                    Catch::Contains("'XY100' is no chip") && Catch::Contains("GH100"));
}

#endif
