// Rows too dense for boxes. Time is cut into equal columns; in each, the kinds and causes are stacked by
// their share of the column's time, idle causes on top. Shares add up to exactly what the timeline holds,
// unlike sampling, which would show moire patterns instead of a steady phase.
#include <algorithm>
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
      const auto layer = box_class(op.kind, scene_.contents.shade(rank, op.stage));
      column = add(layer, scene_.timeline.start[i], scene_.timeline.end[i], column);
    }
    column = 0;
    for (const Bubble& bubble : shown_bubbles(scene_.timeline, rank, selection)) {
      column = add(kBoxClasses + static_cast<std::size_t>(bubble.cause), bubble.start, bubble.end, column);
    }
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
    for (std::size_t layer = kLayers; layer-- > 0;) {
      if (present[layer]) draw_layer(layer, ranks);
    }
    out_.put("</g>\n");
  }

  void draw_layer(std::size_t layer, std::size_t ranks) {
    out_.put("<path class=\"");
    if (layer < kBoxClasses) {
      out_.put(BoxClassName{layer});
    } else {
      out_.put('b', layer - kBoxClasses);
    }
    out_.put("\" d=\"M", Px{layout_.plot_left}, " 0");
    const auto columns = static_cast<std::size_t>(layout_.columns);
    for (std::size_t first = 0; first < columns;) {
      const double y = upper_edge(first, layer, ranks);
      std::size_t last = first + 1;
      while (last < columns && upper_edge(last, layer, ranks) == y) ++last;
      out_.put('V', Px{y}, 'H',
               Px{layout_.plot_left + layout_.plot_width() * static_cast<double>(last) / layout_.columns});
      first = last;
    }
    out_.put("V0z\"/>\n");
  }

  /// Relative to the row's foot, in tenths of a pixel so that equal columns join.
  double upper_edge(std::size_t column, std::size_t layer, std::size_t ranks) const {
    const auto time =
        static_cast<double>((edges_[column + 1] - edges_[column]).count()) * static_cast<double>(ranks);
    const double share = time > 0 ? static_cast<double>(busy_[column * kLayers + layer]) / time : 0;
    return -static_cast<double>(static_cast<std::int64_t>(share * layout_.row_height * 10 + 0.5)) / 10;
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
