#include "tests/fidelity/measured_steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "scenarios/run/run.h"

namespace stagecraft {

namespace {

using Cells = std::vector<std::string>;

Cells split(const std::string& line) {
  Cells cells;
  std::stringstream stream(line);
  for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
  return cells;
}

/// Columns: GPUs, global batch, micro-batch, hidden, heads, layers, sequence, tensor, data, pipeline,
/// milliseconds.
PublishedStep vtrain_step(const Cells& c) {
  const std::string text = fmt::format(
      "model: {{transformer: {{layers: {5}, hidden: {3}, heads: {4}, vocabulary: 51200, sequence: {6}}}}}\n"
      "cluster: {{preset: dgx-a100, nodes: {10}, inter: {{bandwidth: 12.5 GB/s}}}}\n"
      "parallel: {{tensor: {7}, data: {8}, pipeline: {9}, gradient_bytes: 2, scatter_gather: false}}\n"
      "batch: {{global: {1}, micro: {2}}}\n"
      "pipeline: {{schedule: 1f1b, transfers: blocking, recompute: full}}\n",
      c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9], (std::stoi(c[0]) + 7) / 8);
  const std::string label = fmt::format("GPUs {} h{} l{} s{} b{}/{} p={} t={} d={} end", c[0], c[3], c[5],
                                        c[6], c[1], c[2], c[9], c[7], c[8]);
  return {label, parse_scenario(text, label), std::stod(c[10]) * 1e-3};
}

}  // namespace

std::filesystem::path data_folder() {
  const char* folder = std::getenv("STAGECRAFT_DATA");
  return folder == nullptr ? "" : folder;
}

std::vector<PublishedStep> vtrain_steps(const std::filesystem::path& csv) {
  std::ifstream stream(csv);
  if (!stream) throw InputError(fmt::format("cannot read {}", csv.string()));
  std::vector<PublishedStep> steps;
  std::string line;
  std::getline(stream, line);
  while (std::getline(stream, line)) {
    Cells cells = split(line);
    // The table of several nodes begins with the parameters.
    if (cells.size() == 12) cells.erase(cells.begin());
    if (cells.size() == 11) steps.push_back(vtrain_step(cells));
  }
  return steps;
}

std::vector<PublishedStep> vtrain_one_node() {
  return vtrain_steps(data_folder() / "measured" / "vtrain_a100_single.csv");
}

std::vector<PublishedStep> vtrain_several_nodes() {
  return vtrain_steps(data_folder() / "measured" / "vtrain_a100_multi.csv");
}

std::vector<PublishedStep> published_steps(const std::filesystem::path& folder) {
  std::vector<PublishedStep> steps;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".yaml") continue;
    ReadScenario read = read_scenario(entry.path().string());
    if (!read.scenario.published || !read.scenario.published->makespan) continue;
    const double seconds = to_seconds(*read.scenario.published->makespan);
    steps.push_back({read.scenario.name, std::move(read), seconds});
  }
  std::ranges::sort(steps, {}, &PublishedStep::label);
  return steps;
}

std::vector<PublishedStep> labelled(const std::vector<PublishedStep>& steps, std::string_view part) {
  std::vector<PublishedStep> kept;
  std::ranges::copy_if(steps, std::back_inserter(kept),
                       [&](const PublishedStep& step) { return step.label.find(part) != std::string::npos; });
  return kept;
}

double simulated_seconds(const PublishedStep& step) {
  return to_seconds(run(step.read).metrics.makespan);
}

double simulated_seconds(const PublishedStep& step, const RooflineConstants& constants) {
  ReadScenario read = step.read;
  read.scenario.costs.roofline = constants;
  return to_seconds(run(read).metrics.makespan);
}

Errors errors_of(const std::vector<PublishedStep>& steps) {
  Errors errors{.rows = steps.size()};
  if (steps.empty()) return errors;
  const auto rows = static_cast<double>(steps.size());
  std::vector<double> absolute;
  for (const PublishedStep& step : steps) {
    const double error = simulated_seconds(step) / step.seconds - 1;
    absolute.push_back(std::abs(error));
    errors.mean += std::abs(error) / rows;
    errors.bias += error / rows;
  }
  std::ranges::sort(absolute);
  errors.median = absolute[absolute.size() / 2];
  errors.worst = absolute.back();
  return errors;
}

}  // namespace stagecraft
