#include "sim/report/svg_contents.h"

#include <algorithm>

namespace stagecraft {

namespace {

/// The distinct stages of a rank's ops, ascending: over all its ops, so that a window changes no colours.
std::vector<std::uint16_t> stages_of(const Timeline& timeline, std::size_t rank, std::vector<bool>& seen) {
  std::vector<std::uint16_t> stages;
  for (std::size_t op = timeline.begin[rank]; op < timeline.begin[rank + 1]; ++op) {
    const std::uint16_t stage = timeline.ops[op].stage;
    if (seen[stage]) continue;
    seen[stage] = true;
    stages.push_back(stage);
  }
  for (const std::uint16_t stage : stages) seen[stage] = false;
  std::sort(stages.begin(), stages.end());
  return stages;
}

/// A fused op is drawn as its halves.
void mark(OpKind kind, SvgContents& contents) {
  const auto set = [&](OpKind drawn) { contents.kinds[static_cast<std::size_t>(drawn)] = true; };
  if (kind != OpKind::ForwardBackward) return set(kind);
  set(OpKind::Forward);
  set(OpKind::Backward);
}

}  // namespace

int SvgContents::shade(std::size_t rank, std::uint16_t stage) const {
  const auto& known = stages[rank - ranks.first];
  const auto chunk = std::lower_bound(known.begin(), known.end(), stage) - known.begin();
  return static_cast<int>(chunk * lightness_steps / chunks);
}

SvgContents svg_contents(const Timeline& timeline, const Selection& selection) {
  SvgContents contents;
  contents.ranks = shown_ranks(timeline, selection);
  std::vector<bool> seen(65536);
  for (std::size_t rank = contents.ranks.first; rank < contents.ranks.last; ++rank) {
    const IndexRange ops = shown_ops(timeline, rank, selection);
    for (std::size_t op = ops.first; op < ops.last; ++op) {
      mark(timeline.ops[op].kind, contents);
    }
    const auto bubbles = shown_bubbles(timeline, rank, selection);
    for (const Bubble& bubble : bubbles) contents.causes[static_cast<std::size_t>(bubble.cause)] = true;
    contents.ops += ops.size();
    contents.boxes += ops.size() + bubbles.size();
    contents.stages.push_back(stages_of(timeline, rank, seen));
    contents.chunks = std::max(contents.chunks, static_cast<int>(contents.stages.back().size()));
  }
  contents.lightness_steps = std::min(contents.chunks, kMaxShades);
  return contents;
}

}  // namespace stagecraft
