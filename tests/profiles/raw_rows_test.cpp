#include "profiles/raw_rows.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "models/catalog.h"
#include "profiles/drift.h"
#include "profiles/measured_table.h"

using namespace stagecraft;

namespace {

const RowsHeader kHeader{.device = "NVIDIA H200",
                         .driver = "580.82",
                         .cuda = "CUDA 13.0",
                         .libraries = "cuBLASLt 13.1",
                         .date = "2026-11-24",
                         .command = "stagecraft profile --output t.yaml"};

MeasuredRow row(std::int64_t m, double us, double pass = 1, std::int64_t n = 4096) {
  MeasuredRow result;
  result.suite = "gemm";
  result.family = "gemm";
  result.format = "bf16";
  result.point = to_text(Axes{{"m", m}, {"n", n}, {"k", 4096}});
  result.cache = "cold";
  result.pass = pass;
  result.median_us = us;
  result.kernel = "cutlass<4, 5>";
  return result;
}

/// A file name of this process alone, because CTest runs several tests at once; removed at the end.
class RowsPath {
 public:
  RowsPath() { std::filesystem::remove(path_); }
  ~RowsPath() { std::filesystem::remove(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_ =
      (std::filesystem::temp_directory_path() / ("stagecraft_rows_test." + std::to_string(getpid()) + ".csv"))
          .string();
};

}  // namespace

TEST_CASE("measured rows are read as they were written, without commas in names", "[profiles]") {
  const MeasuredRow written = row(16, 13.25);
  const RawRows read = parse_raw_rows(to_text(kHeader) + to_text(written), "r.csv");
  CHECK(read.header.device == "NVIDIA H200");
  CHECK(read.header.command == kHeader.command);
  REQUIRE(read.rows.size() == 1);
  MeasuredRow expected = written;
  expected.kernel = "cutlass<4; 5>";
  CHECK(read.rows[0] == expected);
  CHECK(axes_of(read.rows[0].point) == Axes{{"m", 16}, {"n", 4096}, {"k", 4096}});
}

TEST_CASE("a run that was interrupted in the middle of a line goes on behind the last whole one",
          "[profiles]") {
  const RowsPath file;
  {
    RowsFile rows(file.path(), kHeader);
    CHECK(rows.rows().empty());
    rows.append(row(1, 13));
  }
  std::ofstream(file.path(), std::ios::app) << "gemm,gemm,bf16,m=2 n=40";
  {
    RowsFile rows(file.path(), kHeader);
    REQUIRE(rows.rows().size() == 1);
    rows.append(row(2, 14));
  }
  const RawRows read = read_raw_rows(file.path());
  REQUIRE(read.rows.size() == 2);
  CHECK(key_of(read.rows[1]) == key_of(row(2, 14, 2)));
  CHECK(read.rows[1].median_us == 14);
}

TEST_CASE("counts are written where they were counted, and nothing is not 0", "[profiles]") {
  MeasuredRow counted = row(16, 13.25);
  counted.kernel = "k";
  counted.flop_counted = 0;
  counted.dram_read_bytes = 4096;
  counted.sm_clock_hz = 1.98e9;
  CHECK(to_text(counted).ends_with(",k,0,4096,,1.98e+09\n"));
  const RawRows read = parse_raw_rows(to_text(RawRows{kHeader, {counted, row(2, 1)}}), "r.csv");
  REQUIRE(read.rows.size() == 2);
  CHECK(read.rows[0] == counted);
  CHECK_FALSE(read.rows[1].flop_counted);
  CHECK_FALSE(read.rows[1].sm_clock_hz);
}

TEST_CASE("rows from before there were counters are read, and a file of them gets the columns as it grows",
          "[profiles]") {
  const std::string names = ",flop_counted,dram_read_bytes,dram_write_bytes,sm_clock_hz";
  std::string old = to_text(RawRows{kHeader, {row(1, 13)}});
  old.erase(old.find(names), names.size());
  old.resize(old.size() - 5);  // four commas and the line's end
  CHECK(parse_raw_rows(old + "\n", "r.csv").rows.at(0).median_us == 13);
  CHECK_THROWS_WITH(parse_raw_rows(old + ",\n", "r.csv"), Catch::Contains("a row has 25 cells, not 24"));
  const RowsPath file;
  std::ofstream(file.path()) << old << "\ngemm,half a li";
  RowsFile(file.path(), kHeader).append(row(2, 14));
  const RawRows read = read_raw_rows(file.path());
  REQUIRE(read.rows.size() == 2);
  CHECK(read.rows[0].median_us == 13);
  CHECK(read.rows[1].median_us == 14);
}

TEST_CASE("rows of two devices do not mix", "[profiles][error]") {
  const RowsPath file;
  RowsFile(file.path(), kHeader).append(row(1, 13));
  RowsHeader other = kHeader;
  other.device = "NVIDIA A100";
  CHECK_THROWS_WITH(RowsFile(file.path(), other),
                    Catch::Contains("holds rows of NVIDIA H200, this device is NVIDIA A100"));
}

TEST_CASE("rows that cannot be used are refused where they are wrong", "[profiles][error]") {
  CHECK_THROWS_WITH(
      parse_raw_rows("m,n,k\n", "r.csv"),
      "r.csv: error: is no file of measured rows: it does not begin with '# stagecraft_rows: 1'");
  CHECK_THROWS_WITH(parse_raw_rows(to_text(kHeader) + "gemm,1\n", "r.csv"),
                    Catch::Contains("r.csv:9:1: error: a row has 2 cells, not 28"));
  CHECK_THROWS_WITH(axes_of("m=1 n"), "'m=1 n' is no point such as m=16 n=4096 k=4096");
}

TEST_CASE("the table holds the mean of the passes, and what models do not know stays in the rows",
          "[profiles]") {
  RawRows rows{.header = kHeader, .rows = {}};
  for (const std::int64_t n : {1024, 2048, 4096, 8192, 16384, 32768})
    for (const std::int64_t m : {1, 64, 1024})
      for (const double pass : {1, 2})
        rows.rows.push_back(row(m, 10 + pass + 1e-4 * static_cast<double>(m * n), pass, n));
  MeasuredRow sentinel = row(1, 1000);
  sentinel.suite = "sentinel";
  MeasuredRow warm = row(1, 1000);
  warm.cache = "warm";
  MeasuredRow other = row(1, 1000);
  other.family = "rmsnorm";
  rows.rows.insert(rows.rows.end(), {sentinel, warm, other});
  const KernelTable table = table_of(rows);
  CHECK(table.device == "h200");
  CHECK(table.date == "2026-11-24");
  REQUIRE(table.sections.size() == 1);
  REQUIRE(table.sections[0].rows.size() == 18);
  CHECK(table.sections[0].rows[0].point == KernelPoint{{1}, {1024, 4096}});
  CHECK(table.sections[0].rows[0].us == Approx(11.5 + 0.1024));
  CHECK(parse_kernel_table(to_text(table), "t.yaml").sections[0].rows.size() == 18);
  CHECK(rows_of(table).size() == 18);
  CHECK(rows_of(table)[0].point == "m=1 n=1024 k=4096");
}

TEST_CASE("verification and attention without a mask are one family of the table", "[profiles][formula]") {
  RawRows rows{.header = kHeader, .rows = {}};
  const KernelFamily& family = *find_kernel_family("verify-attention");
  // 7 us and twice what the cache's bytes take at 4.8 TB/s: the roofline can say this exactly.
  const auto us = [&](const KernelPoint& point) { return 7 + 2 * family.work(point, 2).bytes / 4.8e6; };
  for (const std::int64_t kv_heads : {2, 8, 32})
    for (const std::int64_t length : {1024, 8192})
      for (const std::int64_t query : {4, 16}) {
        MeasuredRow verify = row(1, us({{8, static_cast<double>(length), static_cast<double>(query)},
                                        {32, static_cast<double>(kv_heads), 128}}));
        verify.family = "verify-attention";
        verify.point = to_text(Axes{{"batch", 8},
                                    {"kv_len", length},
                                    {"query", query},
                                    {"q_heads", 32},
                                    {"kv_heads", kv_heads},
                                    {"head_dim", 128}});
        rows.rows.push_back(verify);
      }
  MeasuredRow whole = row(1, 150);
  whole.family = "unmasked-attention";
  whole.point = "batch=1 sequence=2048 q_heads=32 kv_heads=8 head_dim=128";
  MeasuredRow inside = whole;
  inside.cache = "in-pass";
  rows.rows.insert(rows.rows.end(), {whole, inside});
  const KernelTable table = table_of(rows);
  REQUIRE(table.sections.size() == 1);
  CHECK(table.sections[0].family == &family);
  REQUIRE(table.sections[0].rows.size() == 13);
  CHECK(table.sections[0].rows[0].point == KernelPoint{{1, 2048, 2048}, {32, 8, 128}});
  CHECK(table.source.ends_with("; attention of whole sequences without a mask only"));
  const KernelTable again = parse_kernel_table(to_text(table), "t.yaml");
  const Device& device = find_preset(device_presets(), "h200")->value;
  const KernelPoint between{{8, 4096, 5}, {32, 8, 128}};
  CHECK(KernelModel(again.sections[0], device).predict(between).us == Approx(us(between)).epsilon(0.05));
}

TEST_CASE("the driver's names of cards that the catalog does not have are not taken for others",
          "[profiles]") {
  CHECK(preset_of("NVIDIA H200") == "h200");
  CHECK(preset_of("NVIDIA H100 80GB HBM3") == "h100");
  CHECK(preset_of("NVIDIA A100-SXM4-80GB") == "a100-80");
  CHECK(preset_of("NVIDIA H100 PCIe") == "");
  CHECK(preset_of("NVIDIA GeForce RTX 4090") == "");
  RawRows rows{.header = kHeader, .rows = {row(1, 13)}};
  rows.header.device = "NVIDIA L4";
  CHECK_THROWS_WITH(table_of(rows), Catch::Contains("the catalog has no device for 'NVIDIA L4'"));
}

TEST_CASE("drift is the ratio of what both tables measured", "[profiles]") {
  const std::vector<MeasuredRow> before = {row(1, 10), row(2, 10), row(4, 10), row(8, 10)};
  const std::vector<MeasuredRow> after = {row(1, 10.2), row(2, 10.2), row(4, 5), row(16, 99)};
  const std::vector<Drift> drifts = compare_rows(before, after, 1);
  REQUIRE(drifts.size() == 1);
  CHECK(drifts[0].points == 3);
  CHECK(drifts[0].median == Approx(1.02));
  CHECK(drifts[0].spread == Approx(0.02));
  REQUIRE(drifts[0].worst.size() == 1);
  CHECK(drifts[0].worst[0].point == "m=4 n=4096 k=4096");
  CHECK(to_text(drifts) ==
        "gemm                           bf16  cold       3 points  median 1.020  p10 0.604  p90 1.020\n"
        "    0.500  m=4 n=4096 k=4096\n");
}

TEST_CASE("the spread between two passes is their drift", "[profiles]") {
  const std::vector<MeasuredRow> rows = {row(1, 10), row(2, 20), row(1, 11, 2), row(2, 20, 2)};
  const std::vector<Drift> drifts = compare_passes(rows);
  REQUIRE(drifts.size() == 1);
  CHECK(drifts[0].points == 2);
  CHECK(drifts[0].median == Approx(1.05));
}
