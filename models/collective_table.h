#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/csv.h"
#include "models/kernel_model.h"

namespace stagecraft {

/// One measured collective inside a node.
struct CollectiveRow {
  std::string operation;  ///< "all_reduce", "all_gather", "reduce_scatter", "all_to_all"
  double gpus = 0;
  double bytes =
      0;          ///< of the whole tensor: what all devices together have after a gather or before a scatter
  double us = 0;  ///< microseconds, > 0
};

/// Measured collectives of one kind of node, and how far a prediction between them is off.
struct CollectiveSection {
  std::vector<CollectiveRow> rows;
  double deviation = 0;  ///< standard deviation of the logarithm an octave from the nearest row
  double held_out_error =
      0;  ///< mean relative error of rows left out one by one, all-reduce; 0: not measured
};

/// Predicts times of collectives from measured ones. Over bytes, a curve for each number of devices: a
/// monotone cubic through the logarithms, flat below the smallest size, in proportion to the bytes above the
/// largest. Curves of one operation share their kinks (where the library changes its protocol), so a third of
/// an estimate comes from the other curves, each scaled to this one where this one was measured; at a
/// measured size it gives the measured time. Between measured numbers of devices: straight in the logarithms.
///
/// Source of the cubic: Fritsch and Butland, "A Method for Constructing Local Monotone Piecewise Cubic
/// Interpolants", SIAM Journal on Scientific and Statistical Computing 5(2), 1984.
class CollectiveModel {
 public:
  explicit CollectiveModel(const CollectiveSection& section);

  /// Nothing for an operation that was not measured, and outside the measured numbers of devices. O(log
  /// rows).
  std::optional<KernelTime> predict(std::string_view operation, double gpus, double bytes) const;

 private:
  struct Curve {
    double gpus = 0;
    std::vector<double> x, y, slope;         // log2 bytes, log us, dy/dx
    std::vector<std::vector<double>> ratio;  // by other curve: what this one's points lie above it

    double at(double log2_bytes) const;
  };
  using Curves = std::vector<Curve>;

  static void add_ratios(Curves& curves);
  static double blended(const Curves& curves, std::size_t curve, double x);
  KernelTime time(const Curves& curves, std::size_t curve, double x) const;

  std::map<std::string, Curves, std::less<>> operations_;
  double deviation_;
};

/// Deviation and held-out error of measured rows: each size between others is left out once.
CollectiveSection judged(CollectiveSection section);

/// How far rows left out one by one are off.
struct CollectiveErrors {
  std::size_t rows = 0;
  double mean = 0;       ///< mean |predicted / measured - 1|
  std::size_t near = 0;  ///< rows whose neighbours in size are a factor of 4 apart or less
  double near_mean = 0;  ///< the same over those
};
CollectiveErrors left_out_errors(const CollectiveSection& section, std::string_view operation);

/// What the others make of a row, |predicted / measured - 1|; nothing where it is the first or the last size
/// of its operation and devices.
std::optional<double> error_without(const CollectiveSection& section, std::size_t row);

/// Reads rows "operation,gpus,bytes,us"; the line at hand names the columns, `op` is understood as operation.
/// Ends before a line without a comma. Throws InputError.
CollectiveSection read_collectives(CsvLines& lines);

/// Such rows with their names, sorted.
std::string to_text(const CollectiveSection& section);

}  // namespace stagecraft
