#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/kriging.h"
#include "models/roofline.h"

namespace stagecraft {

/// What of a training step makes its layers alike: the model's dimensions, and what one device has of them.
/// What else changes a layer (recomputation, fused attention, the MLP's size) is left to the roofline: a
/// calibration is of one way to train.
struct LayerShape {
  std::int64_t hidden = 0;
  std::int64_t heads = 0;
  std::int64_t sequence = 0;
  std::int64_t tensor = 1;       ///< devices that share the layer
  std::int64_t micro_batch = 1;  ///< samples
  auto operator<=>(const LayerShape&) const = default;
};

/// How many times the roofline model's time the parts of measured steps took. The first five are the layers'
/// shape.
struct LayerFactor {
  std::int64_t hidden = 0;
  std::int64_t heads = 0;
  std::int64_t sequence = 0;
  std::int64_t tensor = 1;
  std::int64_t micro_batch = 1;
  double factor = 1;  ///< of the layers
  /// Of the embedding and the head; nothing where steps of one number of layers could not tell it from
  /// `factor`, which was fitted as if it were 1.
  std::optional<double> ends;
  std::int64_t steps = 0;  ///< measured steps that they were fitted to

  LayerShape shape() const { return {hidden, heads, sequence, tensor, micro_batch}; }
  bool operator==(const LayerFactor&) const = default;
};

/// What was fitted to measured training steps of one kind of machine and software: constants of the roofline
/// model, and by how much layers of each measured shape differ from it still.
///
/// As text, YAML:
///
///     stagecraft_calibration: 1
///     device: a100-80
///     source: who measured it, with what
///     roofline: {attention_efficiency: 0.52, host_launch: 50.6 us, ...}
///     deviation: 0.11
///     layers:
///       - {hidden: 1024, heads: 16, sequence: 1024, tensor: 1, micro_batch: 1, factor: 1.036, steps: 22}
struct Calibration {
  std::string device;   ///< a preset of the catalog
  std::string source;   ///< who measured, with which software
  std::string licence;  ///< of the measurements, where somebody else made them
  std::string date;     ///< of measurement, YYYY-MM-DD
  std::string command;  ///< that made the file
  RooflineConstants roofline;
  /// Standard deviation of the logarithm of a layer's factor far from all that were measured.
  double deviation = 0.1;
  /// Mean relative error of steps whose shape was left out, one shape after another; 0: not measured.
  double held_out_error = 0;
  std::vector<LayerFactor> layers;
  bool operator==(const Calibration&) const = default;
};

/// Reads a calibration's text; `name` stands for the file in errors. Throws InputError at file, line and
/// column.
Calibration parse_calibration(std::string text, const std::string& name);

/// The text of a calibration. parse_calibration() of it gives the same, factors rounded to four digits.
std::string to_text(const Calibration& calibration);

/// Factors between the measured shapes, by kriging over the logarithms of the dimensions. At a measured shape
/// nearly the measured factor, an octave off in one dimension the mean of the nearest: what kernels do at one
/// shape says little of another's. (Of lengths of 1/4, 1/2 and 1 octave the first predicts vTrain's shapes
/// best when one after another is left out: 6.2, 6.3 and 6.9 %.)
class LayerFactors {
 public:
  /// REQUIRES: at least one layer.
  explicit LayerFactors(const Calibration& calibration);

  struct Factor {
    double value = 1;
    double deviation = 0;  ///< standard deviation of the logarithm
  };
  Factor at(const LayerShape& shape) const;
  /// Of the embedding and the head; 1 at a shape that has none.
  Factor ends_at(const LayerShape& shape) const;

 private:
  Factor estimate(const Kriging& logarithms, const LayerShape& shape) const;

  Kriging layers_;
  Kriging ends_;
  double deviation_;
};

}  // namespace stagecraft
