#include <algorithm>

#include "sim/report/svg_palette.h"
#include "sim/report/svg_rows.h"

namespace stagecraft {

namespace {

/// What stands in a box: the micro-batch, as in the papers' figures; ops that run once a step have none.
std::string box_label(const Op& op) {
  const OpKindInfo& kind = info(op.kind);
  if (!kind.per_microbatch) return std::string(kind.name);
  std::string label = std::to_string(op.microbatch);
  if (op.segment > 0) label += '.' + std::to_string(op.segment);
  return label;
}

/// A part of a row's height, from its top; a fused op has its forward above its backward.
struct Band {
  double top = 0;
  double height = 1;
};

class RowDrawer {
 public:
  RowDrawer(const SvgScene& scene, TextWriter& out)
      : scene_(scene),
        layout_(scene.layout),
        out_(out),
        label_size_(std::min(kFontSize, layout_.row_height * 0.62)) {}

  void draw(std::size_t row) {
    const std::size_t rank = scene_.contents.ranks.first + row;
    out_.put("<g transform=\"translate(0,", Px{layout_.row_y(row)}, ")\">\n");
    const Selection& selection = scene_.options.selection;
    for (const Bubble& bubble : shown_bubbles(scene_.timeline, rank, selection)) draw_bubble(bubble);
    const IndexRange ops = shown_ops(scene_.timeline, rank, selection);
    for (std::size_t op = ops.first; op < ops.last; ++op) draw_op(rank, op);
    out_.put("</g>\n");
  }

 private:
  void begin_rect(TimePoint start, TimePoint end, Band band = {}) {
    const double left = layout_.x(start);
    out_.put("<rect x=\"", Px{left}, "\" ");
    if (band.top > 0) out_.put("y=\"", Px{layout_.row_height * band.top}, "\" ");
    out_.put("width=\"", Px{std::max(layout_.x(end) - left, 0.3)}, "\" height=\"",
             Px{layout_.row_height * band.height}, "\" class=\"");
  }

  void put_times(TimePoint start, TimePoint end) {
    out_.put(in_unit(start, layout_.unit), "–", in_unit(end, layout_.unit), ' ', layout_.unit.name);
  }

  void draw_bubble(const Bubble& bubble) {
    begin_rect(bubble.start, bubble.end);
    out_.put('b', static_cast<int>(bubble.cause), "\"><title>idle: ", info(bubble.cause).name, ", ");
    put_times(bubble.start, bubble.end);
    if (bubble.waits_for != kNoOp) out_.put(", waits for ", to_string(scene_.timeline.ops[bubble.waits_for]));
    out_.put("</title></rect>\n");
  }

  void draw_op(std::size_t rank, std::size_t index) {
    const Op& op = scene_.timeline.ops[index];
    if (!is_drawn(scene_.timeline, index)) return;
    if (op.kind != OpKind::ForwardBackward) return draw_box(rank, index, op, {});
    draw_box(rank, index, forward_half(op), {.top = 0, .height = 0.5});
    draw_box(rank, index, backward_half(op), {.top = 0.5, .height = 0.5});
  }

  /// The op `index` drawn as `op`, which is the same or a half of it.
  void draw_box(std::size_t rank, std::size_t index, const Op& op, Band band) {
    const TimePoint start = scene_.timeline.start[index], end = scene_.timeline.end[index];
    const int shade = scene_.contents.shade(rank, op.stage);
    begin_rect(start, end, band);
    out_.put(BoxClassName{box_class(op.kind, shade)}, "\"><title>", to_string(scene_.timeline.ops[index]),
             ' ', info(scene_.timeline.ops[index].kind).name, ", ");
    put_times(start, end);
    out_.put("</title></rect>\n");
    draw_label(op, start, end, band, wants_white_text(fill(op.kind, shade, scene_.contents.lightness_steps)));
  }

  void draw_label(const Op& op, TimePoint start, TimePoint end, Band band, bool white) {
    const double left = layout_.x(start), right = layout_.x(end);
    const double size = std::min(label_size_, layout_.row_height * band.height * 0.9);
    const std::string label = box_label(op);
    if (size < 6 || text_width(label, label_size_) + 3 > right - left) return;
    out_.put("<text class=\"", white ? "n w" : "n", "\" x=\"", Px{(left + right) / 2}, "\" y=\"",
             Px{layout_.row_height * (band.top + band.height / 2) + label_size_ * 0.36}, "\">", label,
             "</text>\n");
  }

  const SvgScene& scene_;
  const SvgLayout& layout_;
  TextWriter& out_;
  double label_size_;
};

/// The edge of a box in `row` that faces `other`.
double edge_y(const SvgLayout& layout, std::size_t row, std::size_t other) {
  return layout.row_y(row) + (other > row ? layout.row_height : 0);
}

}  // namespace

void append_to(std::string& to, BoxClassName name) {
  to += 'k';
  append_to(to, Decimal{static_cast<std::int64_t>(name.box_class / kMaxShades), 0});
  to += 's';
  append_to(to, Decimal{static_cast<std::int64_t>(name.box_class % kMaxShades), 0});
}

void draw_boxes(const SvgScene& scene, TextWriter& out) {
  RowDrawer drawer(scene, out);
  for (std::size_t row = 0; row < scene.layout.rows; ++row) drawer.draw(row);
}

void draw_arrows(const SvgScene& scene, TextWriter& out) {
  const SvgLayout& layout = scene.layout;
  const IndexRange ranks = scene.contents.ranks;
  out.put("<g class=\"a\">\n");
  for (const Transfer& transfer : scene.timeline.transfers) {
    const std::size_t from = rank_of(scene.timeline, transfer.from_op);
    const std::size_t to = rank_of(scene.timeline, transfer.to_op);
    if (transfer.start < layout.from || transfer.end > layout.to) continue;  // half an arrow would mislead
    if (!ranks.contains(from) || !ranks.contains(to) || from == to) continue;
    const std::size_t from_row = from - ranks.first, to_row = to - ranks.first;
    out.put("<path d=\"M", Px{layout.x(transfer.start)}, ' ', Px{edge_y(layout, from_row, to_row)}, 'L',
            Px{layout.x(transfer.end)}, ' ', Px{edge_y(layout, to_row, from_row)}, "\"/>\n");
  }
  out.put("</g>\n");
}

}  // namespace stagecraft
