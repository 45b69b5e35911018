#pragma once

#include "sim/schedule/schedule.h"

namespace stagecraft {

/// GPipe: all m forwards, then all m full backwards in the same order. A rank holds m activations.
/// Source: Huang et al., "GPipe", NeurIPS 2019, figure 2c. O(ops).
Schedule gpipe(const ScheduleShape& shape);

/// One-forward-one-backward (PipeDream-Flush, DAPPLE): warm up with min(p - 1 - rank, m) forwards, then
/// alternate, then drain. A rank holds at most min(p - rank, m) activations. Any m >= 1. O(ops).
/// Source: Narayanan et al., "Memory-Efficient Pipeline-Parallel DNN Training", ICML 2021, section 3.
Schedule one_f_one_b(const ScheduleShape& shape);

/// Interleaved 1F1B (depth-first): rank s holds stages s, p+s, ..., (v-1)p+s and walks micro-batches in
/// groups, every group through all chunks. Source: Narayanan et al., SC 2021, section 2.2. O(ops).
///
/// Groups have p micro-batches when p divides m (the paper's case). Otherwise m is cut into max(1, m / p)
/// groups as even as possible, the larger ones first: PyTorch's rule where the groups come out equal, and
/// one answer for every other m.
Schedule interleaved_one_f_one_b(const ScheduleShape& shape);

/// Forwards of that schedule before its first pair of forward and backward: two per rank downstream, and
/// all chunks but the last of the first group; at most all m*v.
int interleaved_warmup(const ScheduleShape& shape, int rank);

}  // namespace stagecraft
