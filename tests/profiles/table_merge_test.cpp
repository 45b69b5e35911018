#include "profiles/table_merge.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using namespace stagecraft;

namespace {

MeasuredRow row(std::int64_t m, double us, double pass = 1) {
  MeasuredRow result;
  result.suite = result.family = "gemm";
  result.format = "bf16";
  result.cache = "cold";
  result.pass = pass;
  result.point = to_text(Axes{{"m", m}, {"n", 4096}, {"k", 4096}});
  result.calls = 10;
  result.median_us = us;
  result.p10_us = us * 0.9;
  result.p90_us = us * 1.1;
  return result;
}

NamedRows source(const std::string& name, std::vector<MeasuredRow> rows,
                 const std::string& device = "NVIDIA H200") {
  return {name,
          {.header = {.device = device, .driver = "580", .date = "2026-11-24"}, .rows = std::move(rows)}};
}

}  // namespace

TEST_CASE("a point of several files becomes the median of their medians and keeps their spread",
          "[profiles]") {
  // b's two passes count once, as 12: the median of 10, 12 and 20 is 12. Lowest p10: 0.9 * 10; highest p90:
  // 1.1 * 20. Spread: (20 - 10) / 12.
  const std::vector<NamedRows> sources = {source("a", {row(16, 10)}),
                                          source("b", {row(16, 11), row(16, 13, 2)}),
                                          source("c", {row(16, 20), row(32, 7)})};
  const MergedRows merged = merge_rows(sources, "stagecraft profile merge a b c");
  REQUIRE(merged.raw.rows.size() == 2);
  CHECK(merged.raw.rows[0].point == "m=16 n=4096 k=4096");
  CHECK(merged.raw.rows[0].median_us == Approx(12));
  CHECK(merged.raw.rows[0].p10_us == Approx(9));
  CHECK(merged.raw.rows[0].p90_us == Approx(22));
  CHECK(merged.raw.rows[0].calls == 40);
  CHECK(merged.raw.rows[1] == row(32, 7));
  REQUIRE(merged.spreads.size() == 1);
  CHECK(merged.spreads[0].points == 1);
  CHECK(merged.spreads[0].median == Approx(10.0 / 12));
  CHECK(to_text(merged.spreads) ==
        "gemm                           bf16       1 points  median spread 83.3 %  worst 83.3 % (m=16 n=4096 "
        "k=4096)\n");
}

TEST_CASE("the merged header lists the sources", "[profiles]") {
  std::vector<NamedRows> sources = {source("a.yaml", {row(1, 1)}, "h200"), source("b.rows.csv", {row(1, 2)})};
  sources[0].raw.header.source = "a lab";
  sources[0].raw.header.licence = "Apache-2.0";
  sources[0].raw.header.date = "2025-01-02";
  const RowsHeader header = merge_rows(sources, "c").raw.header;
  CHECK(header.source ==
        "merged from a.yaml (a lab, 2025-01-02) | b.rows.csv (stagecraft profile on NVIDIA H200, "
        "2026-11-24)");
  CHECK(header.licence == "Apache-2.0");
  CHECK(header.driver == "580");
  CHECK(header.date == "2026-11-24");
}

TEST_CASE("rows of two devices are not merged", "[profiles][error]") {
  const std::vector<NamedRows> sources = {source("a", {row(1, 1)}),
                                          source("b", {row(1, 1)}, "NVIDIA H100 80GB HBM3")};
  CHECK_THROWS_WITH(merge_rows(sources, ""),
                    "b: error: is of NVIDIA H100 80GB HBM3, a of NVIDIA H200\n"
                    "      = tables of two devices do not mix; `stagecraft profile diff` compares them");
}

TEST_CASE("a merged file reads back", "[profiles]") {
  const std::vector<NamedRows> sources = {source("a", {row(1, 1)}), source("b", {row(1, 3), row(2, 2)})};
  const MergedRows merged = merge_rows(sources, "c");
  std::string text = to_text(merged.raw.header);
  for (const MeasuredRow& each : merged.raw.rows) text += to_text(each);
  const RawRows again = parse_raw_rows(text, "m.csv");
  REQUIRE(again.rows.size() == 2);
  CHECK(to_text(again.rows[0]) == to_text(merged.raw.rows[0]));
  CHECK(again.header.source ==
        "merged from a (stagecraft profile on NVIDIA H200, 2026-11-24) | b (stagecraft profile "
        "on NVIDIA H200, 2026-11-24)");
}
