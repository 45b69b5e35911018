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

/// DualPipe: two copies of the model in opposite directions over the same ranks, half of the micro-batches
/// each, whose forwards and backwards run as one op in the steady phase, so that they hide each other's
/// communication. With FB that op's time the bubble is (p/2-1)(FB + F - 2W) on the worst rank where W <=
/// min(F, B) and F is near B; p + 1 activations, parameters twice. Micro-batches 0 ... m/2-1 enter at rank 0, the
/// others at rank p-1. REQUIRES: p and m even, m >= 2p. O(ops). Source: DeepSeek-AI, "DeepSeek-V3 Technical
/// Report", arXiv 2412.19437, section 3.2.1.
Schedule dualpipe(const ScheduleShape& shape);

/// DualPipeV: the same on half of the ranks, with stages in V placement as in zb_v() instead of two copies; 2p + 1
/// chunks' activations. REQUIRES: v = 2, m >= 2p. O(ops). Source: deepseek-ai/DualPipe.
Schedule dualpipe_v(const ScheduleShape& shape);

/// V-Half: stages in a V as in zb_v(), input gradients as soon after their forwards as half of 1F1B's
/// activations allow. Where F = B = W the bubble is half of 1F1B's, for about half of its activations (p + 2
/// chunks on even p). REQUIRES: v = 2. O(ops + p slots). Source: Qi et al., "Pipeline Parallelism with
/// Controllable Memory", NeurIPS 2024, section 3.
Schedule v_half(const ScheduleShape& shape);

/// V-Min: the same with a third of 1F1B's activations and about two thirds of its bubble where F = B = W; with
/// other times or slow hops it may take longer than 1F1B.
Schedule v_min(const ScheduleShape& shape);

/// Chimera: two copies of the model in opposite directions, half of the micro-batches each, both in 1F1B. In units of
/// p micro-batches; units follow one another directly. With p micro-batches and B >= F the bubble is (p-2) B; p/2
/// + 1 ... p activations, parameters twice. The first half of the micro-batches enters at rank 0. REQUIRES: p
/// even. O(ops log m). Source: Li and Hoefler, SC 2021, section 3.1.
Schedule chimera(const ScheduleShape& shape);

/// GEMS: the same two copies, one micro-batch at a time: the next one enters in the opposite direction as soon as
/// the last stage of the one before is free. Least memory, one activation a rank, most of the time idle: the
/// makespan is p F + m (p B + F) - F. REQUIRES: p even. O(ops). Source: Jain et al., SC 2020.
Schedule gems(const ScheduleShape& shape);

/// Hanayo: v/2 waves. Stages go down the ranks and back again, v/2 times, so that turning points need no hop. With F =
/// B the bubble is (p-1)(F+B)/v; p v chunks. REQUIRES: v even. O(ops log m). Source: Liu et al., SC 2023, section
/// 3.
Schedule hanayo(const ScheduleShape& shape);

/// TeraPipe: GPipe over the segments of all micro-batches, backwards in the opposite order. With equal segments the
/// bubble is (p-1)(F+B)/k. O(ops). Source: Li et al., ICML 2021.
Schedule terapipe(const ScheduleShape& shape);

/// Seq1F1B: 1F1B whose units are segments: p - rank - 2 + k forwards first, where the backward of a micro-batch
/// begins with its last segment. With equal segments the bubble is (p-1)(F+B)/k and rank 0 holds p + k - 1
/// segments. O(ops). Source: Sun et al., arXiv 2406.03488, section 3.
Schedule seq_one_f_one_b(const ScheduleShape& shape);

/// BPipe: 1F1B in which rank s < p/2 sends what is more than ceil((p+2)/2) activations to rank p-1-s, which has room,
/// and fetches it back in time: that many on every rank instead of p on the first. Evictions are those that
/// move the fewest micro-batches; the bubble is 1F1B's and whatever of the transfers shows. O(p m) but for few
/// micro-batches. Source: Kim et al., "BPipe", ICML 2023.
Schedule bpipe(const ScheduleShape& shape);

/// Stands for a planned schedule until its costs are known: one micro-batch after the other, the chunks of a rank
/// in a wave (of two: stages `rank` and 2p - 1 - `rank`). Holds the activations of one micro-batch. O(ops).
Schedule one_by_one(const ScheduleShape& shape);

/// shape.group, or what stands for 0.
inline int group_size(const ScheduleShape& shape, int otherwise) {
  return shape.group > 0 ? shape.group : otherwise;
}

}  // namespace stagecraft
