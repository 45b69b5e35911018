#include "scenarios/run/calibrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <numeric>

#include "base/quantity.h"
#include "base/random.h"
#include "models/kernel_model.h"
#include "profiles/minimize.h"
#include "profiles/spread.h"

namespace stagecraft {

namespace {

using Shapes = std::map<LayerShape, std::vector<const MeasuredStep*>>;

constexpr double kLeastFactor = 0.05, kMostFactor = 20;

struct Constant {
  const char* name;
  double least, most;
  double (*get)(const RooflineConstants&);
  void (*set)(RooflineConstants&, double);
};

Duration nanoseconds(double value) {
  return Duration{std::llround(value)};
}

constexpr Constant kConstants[] = {
    {"attention_efficiency", 0.1, 1, [](const RooflineConstants& c) { return c.attention_efficiency; },
     [](RooflineConstants& c, double v) { c.attention_efficiency = v; }},
    {"host_launch", 1e3, 1e6,
     [](const RooflineConstants& c) { return static_cast<double>(c.host_launch.count()); },
     [](RooflineConstants& c, double v) { c.host_launch = nanoseconds(v); }},
    {"rank_spread", 1e3, 1e6,
     [](const RooflineConstants& c) { return static_cast<double>(c.rank_spread.count()); },
     [](RooflineConstants& c, double v) { c.rank_spread = nanoseconds(v); }},
    {"collectives.intra_efficiency", 0.1, 1,
     [](const RooflineConstants& c) { return c.collectives.intra_efficiency; },
     [](RooflineConstants& c, double v) { c.collectives.intra_efficiency = v; }},
};

using Constants = std::vector<const Constant*>;

double bounded(const Constant& constant, double value) {
  return std::clamp(value, constant.least, constant.most);
}

/// Points of the search are logarithms.
RooflineConstants at(const Point& x, const Constants& searched, RooflineConstants constants) {
  for (std::size_t i = 0; i < x.size(); ++i)
    searched[i]->set(constants, bounded(*searched[i], portable_exp(x[i])));
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

/// Whether any step's time depends on a constant.
bool matters(const Constant& constant, const Shapes& shapes, const RooflineConstants& start) {
  for (const double times : {0.5, 2.0}) {
    RooflineConstants other = start;
    constant.set(other, bounded(constant, times * constant.get(start)));
    for (const auto& [shape, steps] : shapes)
      for (const MeasuredStep* step : steps)
        if (simulated_seconds(step->built, other, nullptr) != simulated_seconds(step->built, start, nullptr))
          return true;
  }
  return false;
}

/// Those that the steps say something of. The search would move the others at random.
Constants searched_constants(const Shapes& shapes, const RooflineConstants& start) {
  Constants searched;
  for (const Constant& constant : kConstants)
    if (matters(constant, shapes, start)) searched.push_back(&constant);
  return searched;
}

RooflineConstants fit_constants(const Shapes& shapes, const Constants& searched,
                                const RooflineConstants& start, const std::function<void(double)>& progress) {
  constexpr int kSteps = 200;
  constexpr double kEvaluations = 3 * kSteps * 1.9;
  int evaluations = 0;
  if (searched.empty()) return start;
  Point x;
  for (const Constant* constant : searched)
    x.push_back(portable_log(bounded(*constant, constant->get(start))));
  const auto objective = [&](const Point& point) {
    if (progress) progress(std::min(0.99, ++evaluations / kEvaluations));
    const RooflineConstants constants = at(point, searched, start);
    double sum = 0;
    for (const auto& [shape, steps] : shapes) sum += shape_error(steps, constants, nullptr);
    return sum / static_cast<double>(shapes.size());
  };
  return at(minimize(x, kSteps, objective), searched, start);
}

/// ", its upper bound", or nothing inside the bounds. A search that runs into one stops just before it.
std::string_view bound_text(double value, double least, double most) {
  constexpr double kJustBefore = 1.001;
  if (value <= least * kJustBefore) return ", its lower bound";
  return value * kJustBefore >= most ? ", its upper bound" : "";
}

/// Those of `searched` that ended at a bound. Numbers above 1 are nanoseconds.
std::vector<std::string> at_bounds(const Constants& searched, const RooflineConstants& constants) {
  std::vector<std::string> texts;
  for (const Constant* constant : searched) {
    const double value = constant->get(constants);
    const std::string_view bound = bound_text(value, constant->least, constant->most);
    const bool time = constant->most > 1;
    if (!bound.empty())
      texts.push_back(fmt::format("{} at {}{}", constant->name,
                                  time ? to_text(nanoseconds(value)) : fmt::format("{:.3g}", value), bound));
  }
  return texts;
}

/// The layers' factors that ended at one.
std::vector<std::string> at_bounds(const std::vector<LayerFactor>& layers) {
  std::vector<std::string> texts;
  const auto add = [&](const LayerFactor& layer, std::string_view what, double factor) {
    const std::string_view bound = bound_text(factor, kLeastFactor, kMostFactor);
    if (!bound.empty())
      texts.push_back(fmt::format(
          "{} of hidden {}, heads {}, sequence {}, tensor {}, micro_batch {} at {:.3g}{}", what, layer.hidden,
          layer.heads, layer.sequence, layer.tensor, layer.micro_batch, factor, bound));
  };
  for (const LayerFactor& layer : layers) {
    add(layer, "factor", layer.factor);
    if (layer.ends) add(layer, "ends", *layer.ends);
  }
  return texts;
}

/// Steps of one number of layers cannot tell their factor from that of the ends.
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

/// The factors of one shape by least squares of the relative errors. Where the ends cannot be told theirs is
/// 1, and not stated.
LayerFactor fit_factor(const LayerShape& shape, const std::vector<const MeasuredStep*>& steps,
                       const RooflineConstants& constants) {
  LayerFactor result{.hidden = shape.hidden,
                     .heads = shape.heads,
                     .sequence = shape.sequence,
                     .tensor = shape.tensor,
                     .micro_batch = shape.micro_batch,
                     .ends = {},
                     .steps = static_cast<std::int64_t>(steps.size())};
  Normal n;
  for (const MeasuredStep* step : steps) add_step(n, result, *step, constants);
  const double determinant = n.ll * n.ee - n.le * n.le;
  if (tells_ends(steps) && determinant > 1e-9 * n.ll * n.ee)  // else rounding alone told them apart
    result.ends = std::clamp((n.er * n.ll - n.lr * n.le) / determinant, kLeastFactor, kMostFactor);
  result.factor = std::clamp((n.lr - result.ends.value_or(1) * n.le) / n.ll, kLeastFactor, kMostFactor);
  return result;
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
  calibration.deviation = std::clamp(quantile_of(misses, 0.8) / kSigmas80, 1e-3, 10.0);
  calibration.held_out_error = errors_of(simulated, measured).mean;
  const auto inside =
      std::ranges::count_if(misses, [&](double miss) { return miss <= kSigmas80 * calibration.deviation; });
  fit.shape_coverage80 = static_cast<double>(inside) / static_cast<double>(misses.size());
}

/// Whether two steps differ in no more than what a strategy may choose.
bool same_job(const MeasuredStep& a, const MeasuredStep& b) {
  const Training& x = *a.built.training;
  const Training& y = *b.built.training;
  return x.model == y.model && x.cluster == y.cluster && x.global_batch == y.global_batch &&
         x.strategy.devices() == y.strategy.devices();
}

/// Numbers of the steps of each job, in the order of the steps.
std::vector<std::vector<std::size_t>> jobs_of(std::span<const MeasuredStep> steps) {
  std::vector<std::vector<std::size_t>> jobs;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto job = std::ranges::find_if(
        jobs, [&](const std::vector<std::size_t>& other) { return same_job(steps[other[0]], steps[i]); });
    if (job != jobs.end())
      job->push_back(i);
    else
      jobs.push_back({i});
  }
  return jobs;
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
  errors.median = quantile_of(absolute, 0.5);
  errors.p90 = quantile_of(absolute, 0.9);
  errors.worst = std::ranges::max(absolute);
  return errors;
}

CalibrationFit calibrate(std::span<const MeasuredStep> steps, const RooflineConstants& start,
                         FitConstants constants, const std::function<void(double)>& progress) {
  const Shapes shapes = by_shape(steps);
  CalibrationFit fit;
  const Constants searched = constants == FitConstants::Yes ? searched_constants(shapes, start) : Constants();
  fit.calibration.roofline = fit_constants(shapes, searched, start, progress);
  for (const auto& [shape, members] : shapes)
    fit.calibration.layers.push_back(fit_factor(shape, members, fit.calibration.roofline));
  fit.at_bounds = at_bounds(searched, fit.calibration.roofline);
  std::ranges::move(at_bounds(fit.calibration.layers), std::back_inserter(fit.at_bounds));
  judge(fit, shapes);
  if (progress) progress(1);
  return fit;
}

ChoiceQuality choice_quality(std::span<const MeasuredStep> steps, std::span<const double> simulated) {
  ChoiceQuality quality;
  double pairs = 0;
  for (const std::vector<std::size_t>& group : jobs_of(steps)) {
    if (group.size() < 2) continue;
    const auto measured = [&](std::size_t i) { return steps[i].seconds; };
    const std::size_t fastest = *std::ranges::min_element(group, {}, measured);
    const std::size_t picked =
        *std::ranges::min_element(group, {}, [&](std::size_t i) { return simulated[i]; });
    const double regret = steps[picked].seconds / steps[fastest].seconds - 1;
    quality.groups += 1;
    quality.fastest_picked += regret <= 0 ? 1 : 0;
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
