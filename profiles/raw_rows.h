#pragma once

#include <array>
#include <cstdint>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace stagecraft {

/// The axes of a measured call and their values, in the order in which they are written: m=16 n=4096 k=4096.
using Axes = std::vector<std::pair<std::string, std::int64_t>>;

/// What one operator took in one pass of the profiler. A number that was not measured is 0; times are
/// microseconds.
struct MeasuredRow {
  std::string suite;  ///< "gemm"; "sentinel": the product that is repeated to see the device drift
  std::string
      family;  ///< of the cost models where they know it: gemm, decode-attention; else the operator's name
  std::string format;  ///< bf16, fp16, fp8, fp32, bytes
  std::string point;   ///< the axes as text: m=16 n=4096 k=4096
  /// cold: inputs rotate through three times the L2 cache; warm: always the same ones; traced: as the program
  /// left them that was traced; in-pass: as the kernels before left them, in a pass of several.
  std::string cache;
  double pass = 0;   ///< from 1
  double calls = 0;  ///< that could be trusted and are in the numbers below
  double kernels_per_call = 0;
  double median_us = 0;  ///< on the device, gaps between a call's kernels left out, but for passes
                         ///< (profiles/pass_plan.h): of those from the first start to the last end
  double p10_us = 0;
  double p90_us = 0;
  double min_us = 0;
  double event_us = 0;   ///< median between two events around the call: with its launch gaps
  double host_us = 0;    ///< median of the host's time in the launch; of passes until the device is done
  double flops = 0;      ///< of one call, a multiply-add counted as two
  double bytes = 0;      ///< of one call, each operand moved once
  double discarded = 0;  ///< calls left out: no times, ambiguous, or CUPTI was at work meanwhile
  double sm_mhz = 0;     ///< after the calls
  double memory_mhz = 0;
  double power_w = 0;
  double temperature_c = 0;
  double throttle = 0;    ///< NVML's set of reasons; 4: the power limit
  std::string algorithm;  ///< what the library chose
  std::string kernel;     ///< the longest kernel's name, commas as semicolons
  // By hardware counters, where they were asked for and allowed, in a run of its own: counting lengthens
  // calls, so none of the times above are of it. Of one call, or nothing; 0 is a count.
  std::optional<double> flop_counted;      ///< on tensor cores; of products of bf16 only
  std::optional<double> dram_read_bytes;   ///< from device memory
  std::optional<double> dram_write_bytes;  ///< to device memory
  std::optional<double> sm_clock_hz;       ///< mean during the call

  bool operator==(const MeasuredRow&) const = default;
};

std::string to_text(const Axes& axes);
/// The axes of a row's point. Throws InputError where the text is none.
Axes axes_of(const std::string& point);

/// What was measured, apart from the pass: two rows with one key measured the same thing.
std::string key_of(const MeasuredRow& row);

/// Where rows come from, for the file's first lines.
struct RowsHeader {
  std::string device;     ///< as the driver calls it: NVIDIA H200
  std::string driver;     ///< 580.82.07
  std::string cuda;       ///< runtime, the driver's newest, CUPTI
  std::string libraries;  ///< cuBLASLt 13.1.0, cuDNN 9.19.0
  std::string date;       ///< 2026-11-24
  std::string command;    ///< the whole command line
  std::string source{};   ///< who measured it, where that was not our profiler; empty: it was
  std::string licence{};  ///< of the rows, where somebody else measured them
};

struct RawRows {
  RowsHeader header;
  std::vector<MeasuredRow> rows;
};

/// Lines "# name: value", a line of column names and a line a row. A last line without its end, from a run
/// that was interrupted, is left out. Files without the columns of counters are from before there were any.
/// Throws InputError at file, line and column.
RawRows parse_raw_rows(std::string text, const std::string& name);
RawRows read_raw_rows(const std::string& path);
/// Whether the file begins as one of rows; false where it cannot be read.
bool is_raw_rows(const std::string& path);
std::string to_text(const RowsHeader& header);
std::string to_text(const MeasuredRow& row);
/// The whole file.
std::string to_text(const RawRows& rows);
/// Replaces the file, whole or not at all. Throws InputError.
void write_raw_rows(const std::string& path, const RawRows& rows);

/// A file of rows that grows: a run that was interrupted goes on behind its rows.
class RowsFile {
 public:
  /// Takes over the rows that are there, gives them the columns that they lack and cuts off half a line.
  /// Throws InputError where they are another device's.
  RowsFile(std::string path, const RowsHeader& header);

  const std::vector<MeasuredRow>& rows() const { return rows_; }
  /// On the disk when it returns, as far as the process is concerned.
  void append(const MeasuredRow& row);

 private:
  std::string path_;
  std::vector<MeasuredRow> rows_;
  std::ofstream out_;
};

}  // namespace stagecraft
