#include <algorithm>
#include <vector>

#include "sim/report/svg_rows.h"

namespace stagecraft {

namespace {

/// The highest value in each column of half a pixel. A curve is its envelope.
using Envelope = std::vector<std::int64_t>;

std::size_t column_of(const SvgLayout& layout, std::size_t columns, TimePoint time) {
  const double share = (layout.x(time) - layout.plot_left) / layout.plot_width();
  return std::min(static_cast<std::size_t>(share * static_cast<double>(columns)), columns - 1);
}

void add_counter(const SvgLayout& layout, const Counter& counter, Envelope& envelope) {
  for (std::size_t i = 0; i < counter.samples.size(); ++i) {
    const auto& sample = counter.samples[i];
    const bool last = i + 1 == counter.samples.size();
    if (sample.time >= layout.to || (!last && counter.samples[i + 1].time <= layout.from)) continue;
    const std::size_t end =
        last ? envelope.size() : column_of(layout, envelope.size(), counter.samples[i + 1].time);
    const std::size_t begin = column_of(layout, envelope.size(), sample.time);
    for (std::size_t c = begin; c < std::max(end, begin + 1); ++c)
      envelope[c] = std::max(envelope[c], sample.value);
  }
}

/// A filled curve that stands on `foot`; full height is the highest value of all ranks.
void draw_curve(const SvgScene& scene, const Envelope& envelope, double foot, double height,
                TextWriter& out) {
  const SvgLayout& layout = scene.layout;
  const double scale = scene.peak.value > 0 ? height / static_cast<double>(scene.peak.value) : 0;
  const double step = layout.plot_width() / static_cast<double>(envelope.size());
  out.put("<path class=\"m\" d=\"M", Px{layout.plot_left}, ' ', Px{foot});
  for (std::size_t first = 0; first < envelope.size();) {
    std::size_t last = first + 1;
    while (last < envelope.size() && envelope[last] == envelope[first]) ++last;
    out.put('V', Px{foot - static_cast<double>(envelope[first]) * scale}, 'H',
            Px{layout.plot_left + step * static_cast<double>(last)});
    first = last;
  }
  const std::int64_t peak = *std::max_element(envelope.begin(), envelope.end());
  out.put('V', Px{foot}, "z\"/>\n<text x=\"", Px{layout.plot_right + 8}, "\" y=\"", Px{foot - 2}, "\">peak ",
          XmlText{value_text(peak, scene.peak.unit)}, "</text>\n");
}

Envelope empty_envelope(const SvgLayout& layout) {
  return Envelope(static_cast<std::size_t>(layout.plot_width() * 2));
}

void draw_strip(const SvgScene& scene, TextWriter& out) {
  const SvgLayout& layout = scene.layout;
  Envelope envelope = empty_envelope(layout);
  for (const Counter& counter : scene.timeline.counters) {
    if (counter.name == scene.options.counter && scene.contents.ranks.contains(counter.rank)) {
      add_counter(layout, counter, envelope);
    }
  }
  const double foot = layout.strip_top + layout.strip_height;
  out.put("<text class=\"e\" x=\"", Px{layout.plot_left - 8}, "\" y=\"", Px{foot - 2}, "\">highest</text>\n");
  draw_curve(scene, envelope, foot, layout.strip_height, out);
}

}  // namespace

void draw_counters(const SvgScene& scene, TextWriter& out) {
  const SvgLayout& layout = scene.layout;
  if (layout.strip_height > 0) draw_strip(scene, out);
  if (layout.curve_height <= 0) return;
  for (const Counter& counter : scene.timeline.counters) {
    if (counter.name != scene.options.counter || !scene.contents.ranks.contains(counter.rank)) continue;
    Envelope envelope = empty_envelope(layout);
    add_counter(layout, counter, envelope);
    const double foot =
        layout.row_y(counter.rank - scene.contents.ranks.first) + layout.row_height + 3 + layout.curve_height;
    draw_curve(scene, envelope, foot, layout.curve_height, out);
  }
}

}  // namespace stagecraft
