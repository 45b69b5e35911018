#pragma once

#include <string>
#include <vector>

#include "models/roofline.h"

namespace stagecraft {

/// A training step that somebody timed.
struct MeasuredStep {
  std::string label;
  Transformer model;
  Strategy strategy;
  Cluster cluster;
  int microbatches = 1;  ///< of one replica
  double seconds = 0;
};

/// Rows of vTrain's measurements (Bang et al., "vTrain", MICRO 2024): Megatron-DeepSpeed, 1F1B, full
/// recomputation, fp16, A100.
std::vector<MeasuredStep> read_vtrain(const std::string& path);

/// Narayanan et al., SC'21, table 1: full recomputation, interleaved where the script interleaves.
std::vector<MeasuredStep> sc21_table1(const std::string& path);

/// Korthikanti et al. 2022, table 5: both columns, full recomputation, and selective with sequence
/// parallelism.
std::vector<MeasuredStep> sequence_parallel_table5(const std::string& path);

/// A step by the costs of the roofline model: 1F1B or interleaved 1F1B replayed op by op on each rank, which
/// is held while it sends (both systems exchange with a barrier); then gradient reduction and optimizer.
double predicted_seconds(const MeasuredStep& step, const RooflineConstants& constants);

}  // namespace stagecraft
