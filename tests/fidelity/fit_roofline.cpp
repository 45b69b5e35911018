// Fits the constants of the roofline model to measured training steps and reports the error on rows that were
// not used. Not a test: it prints a table. Reads the folder named by STAGECRAFT_DATA, and scenarios/papers.
//
// Search: Nelder and Mead, "A Simplex Method for Function Minimization", Computer Journal 7(4), 1965, over
// the logarithms of the constants, restarted; the objective is the mean |log(predicted / measured)|.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

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
      duration("kernel_gap", 100, 30000, &R::kernel_gap),
      duration("host_launch", 1000, 100000, &R::host_launch),
      {"collectives.intra_efficiency", 0.1, 1.0, [](const R& c) { return c.collectives.intra_efficiency; },
       [](R& c, double v) { c.collectives.intra_efficiency = v; }},
  };
}

double error(const std::vector<MeasuredStep>& rows, const RooflineConstants& c) {
  double sum = 0;
  for (const MeasuredStep& row : rows) sum += std::abs(std::log(simulated_seconds(row, c) / row.seconds));
  return sum / static_cast<double>(rows.size());
}

using Point = std::vector<double>;

struct Vertex {
  Point x;
  double y;
};

Point along(const Point& from, const Point& to, double step) {
  Point result(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) result[i] = from[i] + step * (to[i] - from[i]);
  return result;
}

/// One step of the simplex: reflect, expand, contract or shrink.
void step(std::vector<Vertex>& simplex, const std::function<double(const Point&)>& f) {
  std::sort(simplex.begin(), simplex.end(), [](const Vertex& a, const Vertex& b) { return a.y < b.y; });
  Vertex& worst = simplex.back();
  Point center(worst.x.size());
  for (std::size_t v = 0; v + 1 < simplex.size(); ++v) {
    for (std::size_t i = 0; i < center.size(); ++i)
      center[i] += simplex[v].x[i] / static_cast<double>(center.size());
  }
  const auto probe = [&](double distance) {
    Point x = along(center, worst.x, distance);
    const double y = f(x);
    return Vertex{std::move(x), y};
  };
  const Vertex reflected = probe(-1);
  if (reflected.y < simplex.front().y) {
    const Vertex expanded = probe(-2);
    worst = expanded.y < reflected.y ? expanded : reflected;
  } else if (reflected.y < simplex[simplex.size() - 2].y) {
    worst = reflected;
  } else if (const Vertex contracted = probe(reflected.y < worst.y ? -0.5 : 0.5);
             contracted.y < std::min(reflected.y, worst.y)) {
    worst = contracted;
  } else {
    for (std::size_t v = 1; v < simplex.size(); ++v) {
      simplex[v].x = along(simplex[0].x, simplex[v].x, 0.5);
      simplex[v].y = f(simplex[v].x);
    }
  }
}

Point minimize(Point start, int steps, const std::function<double(const Point&)>& f) {
  for (int restart = 0; restart < 3; ++restart) {
    std::vector<Vertex> simplex{{start, f(start)}};
    for (std::size_t i = 0; i < start.size(); ++i) {
      Point x = start;
      x[i] += restart % 2 == 0 ? 0.3 : -0.2;
      simplex.push_back({x, f(x)});
    }
    for (int i = 0; i < steps; ++i) step(simplex, f);
    start = std::min_element(simplex.begin(), simplex.end(), [](const Vertex& a, const Vertex& b) {
              return a.y < b.y;
            })->x;
  }
  return start;
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
RooflineConstants fit(const std::vector<std::vector<MeasuredStep>>& sets, int steps) {
  const auto objective = [&](const Point& x) {
    double sum = 0;
    for (const auto& rows : sets) sum += error(rows, at(x));
    return sum / static_cast<double>(sets.size());
  };
  Point start;
  for (const Constant& constant : constants()) start.push_back(std::log(constant.get(RooflineConstants{})));
  return at(minimize(start, steps, objective));
}

void report(const std::string& what, const std::vector<MeasuredStep>& rows, const RooflineConstants& c,
            bool each) {
  if (rows.empty()) return;
  double sum = 0, worst = 0, bias = 0;
  for (const MeasuredStep& row : rows) {
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

std::vector<MeasuredStep> where(const std::vector<MeasuredStep>& rows,
                                const std::function<bool(const MeasuredStep&)>& keep) {
  std::vector<MeasuredStep> result;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(result), keep);
  return result;
}

bool one_stage(const MeasuredStep& row) {
  return row.pipeline() == 1;
}
bool pipelined(const MeasuredStep& row) {
  return row.pipeline() > 1;
}

int run(int steps, bool each) {
  const auto single = vtrain_one_node();
  const auto multi = vtrain_several_nodes();
  const auto papers = published_steps("scenarios/papers");

  // Rows without a pipeline make the objective; those with one do not. They were seen while the model was made,
  // so their errors are a check, but no blind one.
  const std::vector<std::vector<MeasuredStep>> fitted{where(single, one_stage), where(multi, one_stage),
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
