#include "scenarios/run/calibrate.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/random.h"
#include "models/kernel_model.h"
#include "profiles/minimize.h"

namespace stagecraft {

namespace {

using Shapes = std::map<LayerShape, std::vector<const MeasuredStep*>>;

struct Constant {
  double least, most;
  double (*get)(const RooflineConstants&);
  void (*set)(RooflineConstants&, double);
};

Duration nanoseconds(double value) {
  return Duration{std::llround(value)};
}

constexpr Constant kConstants[] = {
    {0.1, 1, [](const RooflineConstants& c) { return c.attention_efficiency; },
     [](RooflineConstants& c, double v) { c.attention_efficiency = v; }},
    {1e3, 1e6, [](const RooflineConstants& c) { return static_cast<double>(c.host_launch.count()); },
     [](RooflineConstants& c, double v) { c.host_launch = nanoseconds(v); }},
    {1e3, 1e6, [](const RooflineConstants& c) { return static_cast<double>(c.rank_spread.count()); },
     [](RooflineConstants& c, double v) { c.rank_spread = nanoseconds(v); }},
    {0.1, 1, [](const RooflineConstants& c) { return c.collectives.intra_efficiency; },
     [](RooflineConstants& c, double v) { c.collectives.intra_efficiency = v; }},
};

/// Points of the search are logarithms.
RooflineConstants at(const Point& x, RooflineConstants constants) {
  for (std::size_t i = 0; i < x.size(); ++i)
    kConstants[i].set(constants, std::clamp(portable_exp(x[i]), kConstants[i].least, kConstants[i].most));
  return constants;
}

Shapes by_shape(std::span<const MeasuredStep> steps) {
  Shapes shapes;
  for (const MeasuredStep& step : steps) shapes[step.shape()].push_back(&step);
  return shapes;
}

double log_error(const MeasuredStep& step, const RooflineConstants& constants, const LayerFactors* layers) {
  return std::abs(portable_log(simulated_seconds(step.built, constants, layers) / step.seconds));
}

/// Mean over a shape's steps.
double shape_error(const std::vector<const MeasuredStep*>& steps, const RooflineConstants& constants,
                   const LayerFactors* layers) {
  double sum = 0;
  for (const MeasuredStep* step : steps) sum += log_error(*step, constants, layers);
  return sum / static_cast<double>(steps.size());
}

RooflineConstants fit_constants(const Shapes& shapes, const RooflineConstants& start,
                                const std::function<void(double)>& progress) {
  constexpr int kSteps = 200;
  constexpr double kEvaluations = 3 * kSteps * 1.9;
  int evaluations = 0;
  Point x;
  for (const Constant& constant : kConstants) x.push_back(portable_log(constant.get(start)));
  const auto objective = [&](const Point& point) {
    if (progress) progress(std::min(0.99, ++evaluations / kEvaluations));
    const RooflineConstants constants = at(point, start);
    double sum = 0;
    for (const auto& [shape, steps] : shapes) sum += shape_error(steps, constants, nullptr);
    return sum / static_cast<double>(shapes.size());
  };
  return at(minimize(x, kSteps, objective), start);
}

bool tells_ends(const std::vector<const MeasuredStep*>& steps) {
  const auto layers = [](const MeasuredStep* step) { return step->built.training->model.layers; };
  return std::ranges::any_of(steps,
                             [&](const MeasuredStep* step) { return layers(step) != layers(steps[0]); });
}

/// Sums of products for two unknowns: relative errors (c + l x + e y) / measured - 1, least in their squares.
struct Normal {
  double ll = 0, le = 0, ee = 0, lr = 0, er = 0;

  void add(double l, double e, double rest) {
    ll += l * l;
    le += l * e;
    ee += e * e;
    lr += l * rest;
    er += e * rest;
  }
};

/// A step without a pipeline is a sum: what is left without layers and ends, and these two times their
/// factors.
void add_step(Normal& normal, const LayerFactor& layer, const MeasuredStep& step,
              const RooflineConstants& constants) {
  const auto seconds = [&](double layers, double ends) {
    LayerFactor factor = layer;
    factor.factor = layers;
    factor.ends = ends;
    const LayerFactors factors({.layers = {factor}});
    return simulated_seconds(step.built, constants, &factors) / step.seconds;
  };
  const double all = seconds(1, 1);
  const double l = seconds(2, 1) - all, e = seconds(1, 2) - all;
  normal.add(l, e, 1 - (all - l - e));
}

/// The factors of one shape by least squares of the relative errors; 1 for the ends where these cannot be
/// told.
LayerFactor fit_factor(const LayerShape& shape, const std::vector<const MeasuredStep*>& steps,
                       const RooflineConstants& constants) {
  constexpr double kLeast = 0.05, kMost = 20;
  LayerFactor result{.hidden = shape.hidden,
                     .heads = shape.heads,
                     .sequence = shape.sequence,
                     .tensor = shape.tensor,
                     .micro_batch = shape.micro_batch,
                     .ends = {},
                     .steps = static_cast<std::int64_t>(steps.size())};
  Normal n;
  for (const MeasuredStep* step : steps) add_step(n, result, *step, constants);
  result.factor = std::clamp((n.lr - n.le) / n.ll, kLeast, kMost);
  if (!tells_ends(steps)) return result;
  const double determinant = n.ll * n.ee - n.le * n.le;
  result.factor = std::clamp((n.lr * n.ee - n.er * n.le) / determinant, kLeast, kMost);
  result.ends = std::clamp((n.er - result.factor * n.le) / n.ee, kLeast, kMost);
  return result;
}

double quantile(std::vector<double> values, double share) {
  const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1) + 0.5);
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(at));
  return values[at];
}

Calibration without(const Calibration& all, std::size_t layer) {
  Calibration rest = all;
  rest.layers.erase(rest.layers.begin() + static_cast<std::ptrdiff_t>(layer));
  return rest;
}

/// Deviation and held-out error, by leaving out one shape after another.
void judge(CalibrationFit& fit, const Shapes& shapes) {
  Calibration& calibration = fit.calibration;
  if (calibration.layers.size() < 3) return;
  calibration.deviation = 1;
  std::vector<double> misses;  // in units of the deviation
  std::vector<double> simulated, measured;
  for (std::size_t i = 0; i < calibration.layers.size(); ++i) {
    const LayerFactors others(without(calibration, i));
    const LayerFactor& layer = calibration.layers[i];
    const LayerFactors::Factor predicted = others.at(layer.shape());
    misses.push_back(std::abs(portable_log(predicted.value / layer.factor)) / predicted.deviation);
    for (const MeasuredStep* step : shapes.at(layer.shape())) {
      simulated.push_back(simulated_seconds(step->built, calibration.roofline, &others));
      measured.push_back(step->seconds);
    }
  }
  calibration.deviation = std::max(1e-3, quantile(misses, 0.8) / kSigmas80);
  calibration.held_out_error = errors_of(simulated, measured).mean;
  const auto inside =
      std::ranges::count_if(misses, [&](double miss) { return miss <= kSigmas80 * calibration.deviation; });
  fit.shape_coverage80 = static_cast<double>(inside) / static_cast<double>(misses.size());
}

/// What a choice among strategies leaves as it is.
auto job_of(const MeasuredStep& step) {
  const auto& [model, cluster, strategy, batch] = *step.built.training;
  return std::tuple(model.hidden, model.heads, model.layers, model.sequence, batch, strategy.devices());
}

void count_pairs(std::span<const std::size_t> group, std::span<const MeasuredStep> steps,
                 std::span<const double> simulated, double& ordered, double& pairs) {
  for (const std::size_t a : group) {
    for (const std::size_t b : group) {
      if (steps[a].seconds >= steps[b].seconds) continue;
      pairs += 1;
      ordered += simulated[a] < simulated[b] ? 1 : 0;
    }
  }
}

}  // namespace

StepErrors errors_of(std::span<const double> simulated, std::span<const double> measured) {
  StepErrors errors{.steps = simulated.size()};
  if (simulated.empty()) return errors;
  std::vector<double> absolute;
  for (std::size_t i = 0; i < simulated.size(); ++i) {
    const double error = simulated[i] / measured[i] - 1;
    errors.bias += error / static_cast<double>(simulated.size());
    absolute.push_back(std::abs(error));
  }
  errors.mean = std::accumulate(absolute.begin(), absolute.end(), 0.0) / static_cast<double>(absolute.size());
  errors.median = quantile(absolute, 0.5);
  errors.p90 = quantile(absolute, 0.9);
  errors.worst = std::ranges::max(absolute);
  return errors;
}

CalibrationFit calibrate(std::span<const MeasuredStep> steps, const RooflineConstants& start,
                         FitConstants constants, const std::function<void(double)>& progress) {
  const Shapes shapes = by_shape(steps);
  CalibrationFit fit;
  fit.calibration.roofline = constants == FitConstants::Yes ? fit_constants(shapes, start, progress) : start;
  for (const auto& [shape, members] : shapes)
    fit.calibration.layers.push_back(fit_factor(shape, members, fit.calibration.roofline));
  judge(fit, shapes);
  if (progress) progress(1);
  return fit;
}

ChoiceQuality choice_quality(std::span<const MeasuredStep> steps, std::span<const double> simulated) {
  std::map<decltype(job_of(steps[0])), std::vector<std::size_t>> jobs;
  for (std::size_t i = 0; i < steps.size(); ++i) jobs[job_of(steps[i])].push_back(i);
  ChoiceQuality quality;
  double pairs = 0;
  for (const auto& [job, group] : jobs) {
    if (group.size() < 2) continue;
    const auto measured = [&](std::size_t i) { return steps[i].seconds; };
    const std::size_t fastest = *std::ranges::min_element(group, {}, measured);
    const std::size_t picked =
        *std::ranges::min_element(group, {}, [&](std::size_t i) { return simulated[i]; });
    const double regret = steps[picked].seconds / steps[fastest].seconds - 1;
    quality.groups += 1;
    quality.fastest_picked += picked == fastest ? 1 : 0;
    quality.within_3_percent += regret <= 0.03 ? 1 : 0;
    quality.mean_regret += regret;
    quality.worst_regret = std::max(quality.worst_regret, regret);
    count_pairs(group, steps, simulated, quality.ordered_pairs, pairs);
  }
  const auto groups = static_cast<double>(std::max<std::size_t>(quality.groups, 1));
  quality.fastest_picked /= groups;
  quality.within_3_percent /= groups;
  quality.mean_regret /= groups;
  quality.ordered_pairs /= std::max(pairs, 1.0);
  return quality;
}

}  // namespace stagecraft
