// Rows too dense for boxes. Time is cut into equal columns; in each, the kinds and causes are stacked by
// their share of the column's time, idle causes on top. Shares add up to exactly what the timeline holds,
// unlike sampling, which would show moire patterns instead of a steady phase.
#include <algorithm>
#include <cmath>
#include <vector>

#include "sim/report/svg_rows.h"

namespace stagecraft {

namespace {

/// Stacked from the bottom: the kinds in their order, then the causes.
constexpr std::size_t kLayers = kBoxClasses + kBubbleCauses;

class ColumnDrawer {
 public:
  ColumnDrawer(const SvgScene& scene, TextWriter& out)
      : scene_(scene), layout_(scene.layout), out_(out), edges_(edges(scene.layout)) {}

  void draw(std::size_t row) {
    busy_.assign(static_cast<std::size_t>(layout_.columns) * kLayers, 0);
    const IndexRange all = scene_.contents.ranks;
    const IndexRange ranks{all.first + row * layout_.ranks_per_row,
                           std::min(all.first + (row + 1) * layout_.ranks_per_row, all.last)};
    for (std::size_t rank = ranks.first; rank < ranks.last; ++rank) add_rank(rank);
    draw_layers(row, ranks.size());
  }

 private:
  static std::vector<TimePoint> edges(const SvgLayout& layout) {
    const std::int64_t span = (layout.to - layout.from).count(), columns = layout.columns;
    std::vector<TimePoint> result;
    for (std::int64_t c = 0; c <= columns; ++c) {
      result.push_back(layout.from + Duration{span / columns * c + span % columns * c / columns});
    }
    return result;
  }

  void add_rank(std::size_t rank) {
    const Selection& selection = scene_.options.selection;
    const IndexRange ops = shown_ops(scene_.timeline, rank, selection);
    std::size_t column = 0;
    for (std::size_t i = ops.first; i < ops.last; ++i) {
      const Op& op = scene_.timeline.ops[i];
      const TimePoint start = scene_.timeline.start[i], end = scene_.timeline.end[i];
      if (op.kind != OpKind::ForwardBackward) {
        column = add(layer_of(rank, op), start, end, column);
        continue;
      }
      const TimePoint middle = start + (end - start) / 2;  // half of its time to each half of it
      column = add(layer_of(rank, forward_half(op)), start, middle, column);
      column = add(layer_of(rank, backward_half(op)), middle, end, column);
    }
    column = 0;
    for (const Bubble& bubble : shown_bubbles(scene_.timeline, rank, selection)) {
      column = add(kBoxClasses + static_cast<std::size_t>(bubble.cause), bubble.start, bubble.end, column);
    }
  }

  std::size_t layer_of(std::size_t rank, const Op& op) const {
    return box_class(op.kind, scene_.contents.shade(rank, op.stage));
  }

  /// Adds [start, end) to the columns that it overlaps, none of them before `column`. Returns the last one.
  std::size_t add(std::size_t layer, TimePoint start, TimePoint end, std::size_t column) {
    const auto last = static_cast<std::size_t>(layout_.columns) - 1;
    while (column < last && edges_[column + 1] <= start) ++column;
    for (;; ++column) {
      const Duration inside = std::min(end, edges_[column + 1]) - std::max(start, edges_[column]);
      if (inside > Duration{0}) busy_[column * kLayers + layer] += inside.count();
      if (column == last || edges_[column + 1] >= end) return column;
    }
  }

  /// From the top layer to the bottom one: each is drawn from the row's foot to its upper edge, and the next
  /// covers what lies below.
  void draw_layers(std::size_t row, std::size_t ranks) {
    out_.put("<g transform=\"translate(0,", Px{layout_.row_y(row) + layout_.row_height}, ")\">\n");
    std::vector<bool> present(kLayers);
    for (std::size_t i = 0; i < busy_.size(); ++i)
      present[i % kLayers] = present[i % kLayers] || busy_[i] > 0;
    for (std::size_t column = 0; column * kLayers < busy_.size(); ++column) {
      for (std::size_t layer = 1; layer < kLayers; ++layer) {
        busy_[column * kLayers + layer] += busy_[column * kLayers + layer - 1];
      }
    }
    // Causes first, in pixels: a scale would stretch their hatches.
    for (std::size_t layer = kLayers; layer-- > kBoxClasses;) {
      if (present[layer]) draw_cause(layer, ranks);
    }
    out_.put("<g transform=\"translate(", Px{layout_.plot_left}, ",0) scale(",
             Decimal{std::llround(layout_.plot_width() / layout_.columns * 1e6), 6}, ",.25)\">\n");
    for (std::size_t layer = kBoxClasses; layer-- > 0;) {
      if (present[layer]) draw_kind(layer, ranks);
    }
    out_.put("</g></g>\n");
  }

  /// Calls `step(first, last, edge)` for each longest run [first, last) of columns with one upper edge.
  template <class Step>
  void for_each_run(std::size_t layer, std::size_t ranks, Step step) const {
    const auto columns = static_cast<std::size_t>(layout_.columns);
    for (std::size_t first = 0; first < columns;) {
      const std::int64_t edge = upper_edge(first, layer, ranks);
      std::size_t last = first + 1;
      while (last < columns && upper_edge(last, layer, ranks) == edge) ++last;
      step(first, last, edge);
      first = last;
    }
  }

  void draw_cause(std::size_t layer, std::size_t ranks) {
    out_.put("<path class=\"b", layer - kBoxClasses, "\" d=\"M", Px{layout_.plot_left}, " 0");
    for_each_run(layer, ranks, [&](std::size_t, std::size_t last, std::int64_t edge) {
      out_.put('V', Px{static_cast<double>(-edge) / 4}, 'H',
               Px{layout_.plot_left + layout_.plot_width() * static_cast<double>(last) / layout_.columns});
    });
    out_.put("V0z\"/>\n");
  }

  /// In columns and quarters of a pixel: small integers keep the file small.
  void draw_kind(std::size_t layer, std::size_t ranks) {
    out_.put("<path class=\"", BoxClassName{layer}, "\" d=\"M0 0");
    std::int64_t height = 0;
    for_each_run(layer, ranks, [&](std::size_t first, std::size_t last, std::int64_t edge) {
      out_.put('v', height - edge, 'h', last - first);
      height = edge;
    });
    out_.put("V0z\"/>\n");
  }

  /// Above the row's foot, in quarters of a pixel, so that nearly equal columns join.
  std::int64_t upper_edge(std::size_t column, std::size_t layer, std::size_t ranks) const {
    const auto time =
        static_cast<double>((edges_[column + 1] - edges_[column]).count()) * static_cast<double>(ranks);
    const double share = time > 0 ? static_cast<double>(busy_[column * kLayers + layer]) / time : 0;
    return static_cast<std::int64_t>(share * layout_.row_height * 4 + 0.5);
  }

  const SvgScene& scene_;
  const SvgLayout& layout_;
  TextWriter& out_;
  std::vector<TimePoint> edges_;
  std::vector<std::int64_t> busy_;  // nanoseconds, [column][layer]; then their running sum over the layers
};

}  // namespace

void draw_columns(const SvgScene& scene, TextWriter& out) {
  ColumnDrawer drawer(scene, out);
  for (std::size_t row = 0; row < scene.layout.rows; ++row) drawer.draw(row);
}

}  // namespace stagecraft
