// How far simulated training steps are from measured ones, through the whole program: every row becomes a
// scenario that is read, built and simulated. Prints Markdown.
//
//   stagecraft_fidelity [FOLDER]    FOLDER: scenarios with published step times (default scenarios/papers)
//
// Where STAGECRAFT_DATA names the folder of measured rows, vTrain's A100 steps (Bang et al., MICRO 2024)
// follow.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "scenarios/run/run.h"

namespace stagecraft {
namespace {

struct Comparison {
  std::string name;
  double published;
  double simulated;

  double error() const { return simulated / published - 1; }
};

struct Summary {
  double mean = 0;
  double median = 0;
  double worst = 0;
  double bias = 0;
};

Summary summarise(const std::vector<Comparison>& rows) {
  std::vector<double> errors;
  Summary summary;
  for (const Comparison& row : rows) {
    errors.push_back(std::abs(row.error()));
    summary.mean += errors.back() / static_cast<double>(rows.size());
    summary.bias += row.error() / static_cast<double>(rows.size());
  }
  std::sort(errors.begin(), errors.end());
  summary.median = errors[errors.size() / 2];
  summary.worst = errors.back();
  return summary;
}

std::string percent(double ratio) {
  return fmt::format("{:.1f} %", 100 * ratio);
}

void print_rows(const std::vector<Comparison>& rows) {
  fmt::print("| step | published s | simulated s | error |\n|---|---|---|---|\n");
  for (const Comparison& row : rows)
    fmt::print("| {} | {:.2f} | {:.2f} | {:+.1f} % |\n", row.name, row.published, row.simulated,
               100 * row.error());
  fmt::print("\n");
}

void print_summary_head() {
  fmt::print("| steps | rows | mean error | median | worst | bias |\n|---|---|---|---|---|---|\n");
}

void print_summary(std::string_view name, const std::vector<Comparison>& rows) {
  if (rows.empty()) return;
  const Summary s = summarise(rows);
  fmt::print("| {} | {} | {} | {} | {} | {:+.1f} % |\n", name, rows.size(), percent(s.mean),
             percent(s.median), percent(s.worst), 100 * s.bias);
}

std::vector<Comparison> where(const std::vector<Comparison>& rows, std::string_view part) {
  std::vector<Comparison> kept;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(kept),
               [&](const Comparison& row) { return row.name.find(part) != std::string::npos; });
  return kept;
}

std::vector<Comparison> papers(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<Comparison> rows;
  for (const auto& file : files) {
    const RunResult result = run(read_scenario(file.string()));
    if (!result.built.published || !result.built.published->makespan) continue;
    rows.push_back({result.built.name, to_seconds(*result.built.published->makespan),
                    to_seconds(result.metrics.makespan)});
  }
  std::stable_sort(rows.begin(), rows.end(), [](const Comparison& a, const Comparison& b) {
    return a.name.substr(0, 8) < b.name.substr(0, 8);
  });
  return rows;
}

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> cells;
  std::stringstream stream(line);
  for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
  return cells;
}

/// One measured step of vTrain as a scenario. Columns: GPUs, global batch, micro-batch, hidden, heads,
/// layers, sequence, tensor, data, pipeline, milliseconds. Full recomputation, unfused attention, vocabulary
/// 51,200; across nodes four HDR ports for eight devices, which is assumed.
Comparison vtrain_row(std::vector<std::string> c) {
  const std::string text = fmt::format(
      "model: {{transformer: {{layers: {5}, hidden: {3}, heads: {4}, vocabulary: 51200, sequence: {6}}}}}\n"
      "cluster: {{preset: dgx-a100, nodes: {11}, inter: {{bandwidth: 12.5 GB/s}}}}\n"
      "parallel: {{tensor: {7}, data: {8}, pipeline: {9}}}\n"
      "batch: {{global: {1}, micro: {2}}}\n"
      "pipeline: {{schedule: 1f1b, transfers: blocking, recompute: full}}\n",
      c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9], c[10], (std::stoi(c[0]) + 7) / 8);
  const std::string name = fmt::format("GPUs {} p={} t={} d={} end", c[0], c[9], c[7], c[8]);
  return {name, std::stod(c[10]) * 1e-3, to_seconds(run(parse_scenario(text, name)).metrics.makespan)};
}

/// The multi-node table has a first column more, the parameters, and names the rest alike.
std::vector<Comparison> vtrain(const std::filesystem::path& file, std::size_t skip_columns) {
  std::ifstream stream(file);
  if (!stream) throw InputError(fmt::format("cannot read {}", file.string()));
  std::vector<Comparison> rows;
  std::string line;
  std::getline(stream, line);
  while (std::getline(stream, line)) {
    std::vector<std::string> cells = split(line);
    cells.erase(cells.begin(), cells.begin() + static_cast<std::ptrdiff_t>(skip_columns));
    if (cells.size() == 11) rows.push_back(vtrain_row(std::move(cells)));
  }
  return rows;
}

void print_all(const std::filesystem::path& folder) {
  const std::vector<Comparison> published = papers(folder);
  print_rows(published);
  std::vector<Comparison> single, multi;
  if (const char* data = std::getenv("STAGECRAFT_DATA")) {
    single = vtrain(std::filesystem::path(data) / "measured" / "vtrain_a100_single.csv", 0);
    multi = vtrain(std::filesystem::path(data) / "measured" / "vtrain_a100_multi.csv", 1);
  } else {
    std::cerr << "STAGECRAFT_DATA is not set: vTrain's rows are left out\n";
  }
  print_summary_head();
  print_summary("Megatron-LM SC'21, table 1", where(published, "SC'21"));
  print_summary("sequence-parallel paper, table 5", where(published, "Sequence-parallel"));
  print_summary("vTrain, one node, all", single);
  for (const char* part : {"p=1 ", "p=2 ", "p=4 ", "p=8 ", "t=1 ", "t=2 ", "t=4 ", "t=8 "})
    print_summary(fmt::format("vTrain, one node, {}", part), where(single, part));
  print_summary("vTrain, 64 to 512 GPUs", multi);
}

}  // namespace
}  // namespace stagecraft

int main(int argc, char** argv) {
  try {
    stagecraft::print_all(argc > 1 ? argv[1] : "scenarios/papers");
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 2;
  }
  return 0;
}
