#include "models/calibration.h"

#include "base/fields.h"
#include "base/random.h"
#include "models/measured_header.h"
#include "models/roofline_fields.h"

namespace stagecraft {

namespace {

constexpr std::int64_t kVersion = 1;
constexpr std::int64_t kLargest = std::int64_t{1} << 24;
constexpr std::size_t kDimensions = 5;

/// Octaves over which a layer's factor changes.
constexpr double kLength = 0.25;

/// The constants were fitted with all factors 1, so that is what to expect of an unknown shape.
constexpr KrigingOptions kKriging{.nugget = 0.005, .mean = 0.0};

struct CalibrationSpec {
  std::int64_t stagecraft_calibration = 0;
  std::string device;
  std::string source;
  std::string licence;
  std::string date;
  std::string command;
  RooflineConstants roofline;
  double deviation = 0.1;
  double held_out_error = 0;
  std::vector<LayerFactor> layers;
};

}  // namespace

template <>
struct Fields<LayerFactor> {
  static constexpr std::string_view name = "layer";
  static constexpr auto all = std::tuple{
      field("hidden", &LayerFactor::hidden, "hidden size").min(1).max(kLargest).required(),
      field("heads", &LayerFactor::heads, "query heads").min(1).max(kLargest).required(),
      field("sequence", &LayerFactor::sequence, "tokens of a sample").min(1).max(kLargest).required(),
      field("tensor", &LayerFactor::tensor, "devices that share the layer").min(1).max(kLargest).required(),
      field("micro_batch", &LayerFactor::micro_batch, "samples").min(1).max(kLargest).required(),
      field("factor", &LayerFactor::factor, "measured over the roofline's time")
          .positive()
          .max(100)
          .required(),
      field("ends", &LayerFactor::ends, "the same of the embedding and the head").positive().max(100),
      field("steps", &LayerFactor::steps, "measured steps behind the factor").min(0),
  };
};

template <>
struct Fields<CalibrationSpec> {
  static constexpr std::string_view name = "calibration";
  static constexpr auto all = std::tuple{
      field("stagecraft_calibration", &CalibrationSpec::stagecraft_calibration, "version of the format")
          .min(1)
          .max(kVersion)
          .required(),
      measured::device<CalibrationSpec>(),
      measured::source<CalibrationSpec>(),
      measured::licence<CalibrationSpec>(),
      measured::date<CalibrationSpec>(),
      measured::command<CalibrationSpec>(),
      field("roofline", &CalibrationSpec::roofline, "constants fitted to the steps").required(),
      field("deviation", &CalibrationSpec::deviation,
            "of the logarithm of a factor far from all measured ones")
          .positive()
          .max(10)
          .required(),
      field("held_out_error", &CalibrationSpec::held_out_error,
            "mean relative error of steps whose shape was left out, one shape after another; 0: not measured")
          .min(0),
      field("layers", &CalibrationSpec::layers, "one for each shape that was measured").required(),
  };
};

namespace {

void append(std::vector<double>& points, const LayerShape& shape) {
  for (const std::int64_t n : {shape.hidden, shape.heads, shape.sequence, shape.tensor, shape.micro_batch})
    points.push_back(portable_log2(static_cast<double>(n)) / kLength);
}

template <typename Value>
Kriging logarithms(const std::vector<LayerFactor>& layers, Value value) {
  std::vector<double> points, values;
  for (const LayerFactor& layer : layers) {
    append(points, layer.shape());
    values.push_back(portable_log(value(layer)));
  }
  return {kDimensions, points, values, kKriging};
}

}  // namespace

Calibration parse_calibration(std::string text, const std::string& name) {
  const NodePtr root = parse_yaml(std::move(text), name);
  auto spec = read<CalibrationSpec>(*root);
  if (spec.layers.empty())
    throw error_at(*root, "layers", "'layers' is empty: a calibration needs a measured shape");
  return {.device = std::move(spec.device),
          .source = std::move(spec.source),
          .licence = std::move(spec.licence),
          .date = std::move(spec.date),
          .command = std::move(spec.command),
          .roofline = spec.roofline,
          .deviation = spec.deviation,
          .held_out_error = spec.held_out_error,
          .layers = std::move(spec.layers)};
}

std::string to_text(const Calibration& calibration) {
  CalibrationSpec spec{.stagecraft_calibration = kVersion,
                       .device = calibration.device,
                       .source = calibration.source,
                       .licence = calibration.licence,
                       .date = calibration.date,
                       .command = calibration.command,
                       .roofline = calibration.roofline,
                       .deviation = measured::rounded(calibration.deviation),
                       .held_out_error = measured::rounded(calibration.held_out_error),
                       .layers = calibration.layers};
  for (LayerFactor& layer : spec.layers) {
    layer.factor = measured::rounded(layer.factor);
    if (layer.ends) layer.ends = measured::rounded(*layer.ends);
  }
  return to_yaml(spec);
}

LayerFactors::LayerFactors(const Calibration& calibration)
    : layers_(logarithms(calibration.layers, [](const LayerFactor& layer) { return layer.factor; })),
      ends_(logarithms(calibration.layers, [](const LayerFactor& layer) { return layer.ends.value_or(1); })),
      deviation_(calibration.deviation) {}

LayerFactors::Factor LayerFactors::estimate(const Kriging& logarithms, const LayerShape& shape) const {
  std::vector<double> point;
  append(point, shape);
  const Estimate estimate = logarithms.at(point);
  return {portable_exp(estimate.value), estimate.deviation * deviation_};
}

LayerFactors::Factor LayerFactors::at(const LayerShape& shape) const {
  return estimate(layers_, shape);
}

LayerFactors::Factor LayerFactors::ends_at(const LayerShape& shape) const {
  return estimate(ends_, shape);
}

}  // namespace stagecraft
