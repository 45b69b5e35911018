// Fits the constants of the roofline model to measured training steps and reports the error on rows that were
// not used. Not a test: it prints a table. Reads the folder named by STAGECRAFT_DATA, and scenarios/papers.
//
// The search is over the logarithms of the constants; the objective is the mean |log(predicted / measured)|.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "profiles/minimize.h"
#include "tests/fidelity/measured_steps.h"

namespace stagecraft {
namespace {

struct Constant {
  const char* name;
  double least, most;
  std::function<double(const RooflineConstants&)> get;
  std::function<void(RooflineConstants&, double)> set;
};

Constant duration(const char* name, double least, double most, Duration RooflineConstants::*member) {
  return {name, least, most,
          [=](const RooflineConstants& c) { return static_cast<double>((c.*member).count()); },
          [=](RooflineConstants& c, double v) { c.*member = Duration{std::llround(v)}; }};
}

Constant number(const char* name, double least, double most, double RooflineConstants::*member) {
  return {name, least, most, [=](const RooflineConstants& c) { return c.*member; },
          [=](RooflineConstants& c, double v) { c.*member = v; }};
}

std::vector<Constant> constants() {
  using R = RooflineConstants;
  return {
      number("gemm_efficiency", 0.4, 0.90, &R::gemm_efficiency),
      number("attention_efficiency", 0.1, 1.0, &R::attention_efficiency),
      duration("host_launch", 1000, 100000, &R::host_launch),
      duration("rank_spread", 1000, 200000, &R::rank_spread),
      {"collectives.intra_efficiency", 0.1, 1.0, [](const R& c) { return c.collectives.intra_efficiency; },
       [](R& c, double v) { c.collectives.intra_efficiency = v; }},
  };
}

double error(const std::vector<PublishedStep>& rows, const RooflineConstants& c) {
  double sum = 0;
  for (const PublishedStep& row : rows) sum += std::abs(std::log(simulated_seconds(row, c) / row.seconds));
  return sum / static_cast<double>(rows.size());
}

RooflineConstants at(const Point& x) {
  RooflineConstants c;
  const std::vector<Constant> all = constants();
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].set(c, std::clamp(std::exp(x[i]), all[i].least, all[i].most));
  }
  return c;
}

/// All sets count the same, however many rows they have.
RooflineConstants fit(const std::vector<std::vector<PublishedStep>>& sets, int steps) {
  const auto objective = [&](const Point& x) {
    double sum = 0;
    for (const auto& rows : sets) sum += error(rows, at(x));
    return sum / static_cast<double>(sets.size());
  };
  Point start;
  for (const Constant& constant : constants())
    start.push_back(std::log(std::max(constant.get(RooflineConstants{}), constant.least)));
  return at(minimize(start, steps, objective));
}

void report(const std::string& what, const std::vector<PublishedStep>& rows, const RooflineConstants& c,
            bool each) {
  if (rows.empty()) return;
  double sum = 0, worst = 0, bias = 0;
  for (const PublishedStep& row : rows) {
    const double off = simulated_seconds(row, c) / row.seconds - 1;
    sum += std::abs(off);
    bias += off;
    worst = std::max(worst, std::abs(off));
    if (each) {
      fmt::print("  {:44} measured {:9.4f} s  predicted {:9.4f} s  {:+6.1f} %\n", row.label, row.seconds,
                 simulated_seconds(row, c), 100 * off);
    }
  }
  const auto n = static_cast<double>(rows.size());
  fmt::print("{:36} {:4} rows  mean |error| {:5.2f} %  mean error {:+6.2f} %  worst {:6.1f} %\n", what,
             rows.size(), 100 * sum / n, 100 * bias / n, 100 * worst);
}

std::vector<PublishedStep> where(const std::vector<PublishedStep>& rows,
                                 const std::function<bool(const PublishedStep&)>& keep) {
  std::vector<PublishedStep> result;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(result), keep);
  return result;
}

bool one_stage(const PublishedStep& row) {
  return row.pipeline() == 1;
}
bool pipelined(const PublishedStep& row) {
  return row.pipeline() > 1;
}

int run(int steps, bool each) {
  const auto single = vtrain_one_node();
  const auto multi = vtrain_several_nodes();
  const auto papers = published_steps("scenarios/papers");

  // Rows without a pipeline make the objective; those with one do not. They were seen while the model was
  // made, so their errors are a check, but no blind one.
  const std::vector<std::vector<PublishedStep>> fitted{where(single, one_stage), where(multi, one_stage),
                                                       where(papers, one_stage)};
  const RooflineConstants c = steps > 0 ? fit(fitted, steps) : RooflineConstants{};
  for (const Constant& constant : constants()) fmt::print("{:32} {:.4g}\n", constant.name, constant.get(c));
  report("fitted: vTrain, one node, p = 1", fitted[0], c, each);
  report("fitted: vTrain, several nodes, p = 1", fitted[1], c, each);
  report("fitted: Megatron-LM, p = 1", fitted[2], c, true);
  report("not fitted: vTrain, one node, p > 1", where(single, pipelined), c, each);
  report("not fitted: vTrain, several nodes", where(multi, pipelined), c, each);
  report("not fitted: Megatron-LM, p > 1", where(papers, pipelined), c, true);
  report("all of SC'21 table 1", labelled(papers, "SC'21"), c, false);
  report("all of sequence-parallel table 5", labelled(papers, "Sequence-parallel"), c, false);
  return 0;
}

}  // namespace
}  // namespace stagecraft

/// stagecraft_fit_roofline [STEPS] [each]: Nelder-Mead steps per restart, 0 to report the defaults' error.
int main(int argc, char** argv) {
  if (stagecraft::data_folder().empty()) {
    fmt::print(stderr, "STAGECRAFT_DATA names no folder with measured/*.csv\n");
    return 2;
  }
  try {
    return stagecraft::run(argc > 1 ? std::atoi(argv[1]) : 150, argc > 2);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
}
