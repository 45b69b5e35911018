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
/// Groups have shape.group micro-batches where it is given (the last may have fewer): Megatron-LM's
/// micro-batch group size. Otherwise p when p divides m (the paper's case). Otherwise m is cut into max(1, m
/// / p) groups as even as possible, the larger ones first: PyTorch's rule where the groups come out equal,
/// and one answer for every other m.
Schedule interleaved_one_f_one_b(const ScheduleShape& shape);

/// Forwards of that schedule before its first pair of forward and backward: two per rank downstream, and
/// all chunks but the last of the first group; at most all m*v.
int interleaved_warmup(const ScheduleShape& shape, int rank);

/// The same with input and weight gradients apart (ZB1P in PyTorch): it warms up with one forward per rank
/// downstream instead of two, and a weight gradient follows each input gradient once `rank` of these wait for
/// theirs. For F = B = W the bubble is (p-1)(F+B-W)/v and every rank holds p micro-batches' worth. O(ops).
/// Source: PyTorch, ScheduleInterleavedZeroBubble; Qi et al., ICLR 2024.
Schedule interleaved_zero_bubble(const ScheduleShape& shape);

/// Forwards of that schedule before its first input gradient, but for the one right before it.
int interleaved_zero_bubble_warmup(const ScheduleShape& shape, int rank);

/// kFkB: 1F1B in which k micro-batches take the place of one, so that the round trip of a hop is paid once in
/// k. A rank holds at most min(k (p - rank), m) activations. k = shape.group, 2 by default; the last group
/// may be smaller. O(ops). Source: Wang et al., "Ada-Grouper", arXiv 2303.01675.
Schedule k_f_k_b(const ScheduleShape& shape);
inline constexpr int kDefaultKfkb = 2;

/// Breadth-first: every chunk runs all micro-batches before the next one does, backwards in the opposite
/// order of both. Bubble (p-1)(F+B+W)/v without hops; a rank holds all m v activations. O(ops). Source:
/// Lamy-Poirier, "Breadth-First Pipeline Parallelism", MLSys 2023.
Schedule looped_bfs(const ScheduleShape& shape);

/// ZB-H1: 1F1B with the weight gradients apart, in the memory of 1F1B. Rank s postpones s of them. The span's
/// bubble is (p-1)(F+B-W+4c) where W <= min(F, B) and m >= 2p. O(ops). Source: Qi et al., ICLR 2024,
/// section 2.2.
Schedule zb_h1(const ScheduleShape& shape);

/// ZB-H2: warms up with 2(p - rank) - 1 forwards, so that no rank waits: the span's bubble is
/// (p-1)(F+B-2W+2c), for up to 2p - 1 activations on every rank. O(ops). Source: as zb_h1.
Schedule zb_h2(const ScheduleShape& shape);

/// ZB-V: two chunks of a rank in V placement, stages `rank` and 2p - 1 - `rank`. Without hops and with F = B
/// = W no rank waits once it has begun; 2p chunks' activations on every rank. REQUIRES: v = 2, m >= 2p.
/// O(ops). Source: Qi et al., "Pipeline Parallelism with Controllable Memory", NeurIPS 2024; PyTorch,
/// ScheduleZBVZeroBubble.
Schedule zb_v(const ScheduleShape& shape);

/// Stands for a planned schedule until its costs are known: one micro-batch after the other, the chunks of a rank
/// in a wave (of two: stages `rank` and 2p - 1 - `rank`). Holds the activations of one micro-batch. O(ops).
Schedule one_by_one(const ScheduleShape& shape);

/// shape.group, or what stands for 0.
inline int group_size(const ScheduleShape& shape, int otherwise) {
  return shape.group > 0 ? shape.group : otherwise;
}

}  // namespace stagecraft
