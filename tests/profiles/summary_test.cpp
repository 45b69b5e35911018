#include "profiles/summary.h"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "models/catalog.h"
#include "profiles/measured_table.h"
#include "profiles/measurements.h"

using namespace stagecraft;

namespace {

MeasuredRow row(const std::string& family, const std::string& point, double us) {
  MeasuredRow result;
  result.suite = result.family = family;
  result.format = "bf16";
  result.cache = "cold";
  result.point = point;
  result.median_us = us;
  return result;
}

}  // namespace

TEST_CASE("a summary is what the rows reach of the device's peaks", "[profiles][formula]") {
  // m = n = k = 4096: 2 * 4096^3 = 137.4 GFLOP over 3 * 2 * 4096^2 = 100.7 MB, intensity 1365.3.
  // In 200 us 687.2 TFLOP/s, 69.5 % of 989.4; in 400 us half of that.
  RawRows rows{.header = {.device = "NVIDIA H200"}, .rows = {}};
  rows.rows = {row("gemm", "m=4096 n=4096 k=4096", 400), row("gemm", "m=4096 n=4096 k=4096", 200)};
  const TableSummary summary = summarize(rows);
  REQUIRE(summary.families.size() == 1);
  const FamilySummary& gemm = summary.families[0];
  CHECK(gemm.flops.best == Approx(687.19e12).epsilon(1e-4));
  CHECK(gemm.flops.median == Approx(0.75 * 687.19e12).epsilon(1e-4));
  CHECK(gemm.flops.best / gemm.flops.peak == Approx(0.6945).epsilon(1e-3));
  CHECK(gemm.bytes.best == Approx(503.3e9).epsilon(1e-3));
  REQUIRE(gemm.points.size() == 2);
  CHECK(gemm.points[1].intensity == Approx(4096.0 / 3));
  CHECK(gemm.label() == "gemm bf16");
}

TEST_CASE("a row's own work counts before its family's, and links have no peak of memory", "[profiles]") {
  RawRows rows{.header = {.device = "NVIDIA L4"}, .rows = {}};
  MeasuredRow copy = row("copy-h2d", "bytes=1000000 ways=1", 20);
  copy.bytes = 1e6;
  copy.format = "bytes";
  copy.cache = "warm";
  rows.rows = {copy, row("aten::add", "", 3)};
  const TableSummary summary = summarize(rows);
  REQUIRE(summary.families.size() == 2);
  CHECK(summary.families[1].bytes.best == Approx(50e9));
  CHECK(to_text(summary) ==
        "NVIDIA L4: not in the catalog, so no peaks are known\n"
        "                                               time                     TFLOP/s                     "
        "   "
        "GB/s\n"
        "                                    rows  median us    median     best  of peak    median     best  "
        "of "
        "peak\n"
        "  aten::add bf16                       1          3         -        -        -         -        -  "
        "      "
        "-\n"
        "  copy-h2d bytes warm                  1         20         -        -        -        50       50  "
        "      "
        "-\n"
        "    bytes=1000000 ways=1\n");
  rows.header.device = "NVIDIA H200";
  CHECK(summarize(rows).families[1].bytes.peak == 0);
}

TEST_CASE("no published product on an H200 is faster than its arithmetic allows", "[profiles][oracle]") {
  const char* data = std::getenv("STAGECRAFT_DATA");
  if (!data) {
    WARN("skipped: STAGECRAFT_DATA is not set");
    return;
  }
  const Device& device = find_preset(device_presets(), "h200")->value;
  KernelTable table{.device = "h200", .sections = {}};
  for (const std::string format : {"bf16", "fp8"})
    table.sections.push_back(
        read_measurements(std::string(data) + "/measured/h200/gemm_" + format + ".csv.gz", format, device));
  const TableSummary summary = summarize({.header = {.device = "h200"}, .rows = rows_of(table)});
  REQUIRE(summary.families.size() == 2);
  for (const FamilySummary& family : summary.families) {
    CHECK(family.points.size() == family.rows);
    CHECK(family.flops.best < family.flops.peak);
    CHECK(family.flops.best > 0.7 * family.flops.peak);
  }
}
