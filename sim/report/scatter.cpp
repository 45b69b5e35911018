#include "sim/report/scatter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "sim/report/svg_layout.h"
#include "sim/report/svg_page.h"

namespace stagecraft {

namespace {

constexpr double kLeft = 78, kTop = 62, kPlotHeight = 380, kBelow = 52, kDot = 4.5;

/// A linear axis from a round number to a round number.
struct Axis {
  double least = 0;
  double most = 1;
  double step = 1;
  double from = 0;  ///< in pixels
  double to = 1;

  double at(double value) const { return from + (value - least) / (most - least) * (to - from); }
  std::vector<double> ticks() const {
    std::vector<double> result;
    for (int i = 0; i <= std::lround((most - least) / step); ++i) result.push_back(least + i * step);
    return result;
  }
};

/// 1, 2 or 5 times a power of ten, so that about `count` of it make `range`.
double round_step(double range, int count) {
  double power = 1;
  while (power * 10 <= range / count) power *= 10;
  while (power > range / count) power /= 10;
  for (const double factor : {1.0, 2.0, 5.0})
    if (power * factor * count >= range) return power * factor;
  return power * 10;
}

Axis axis_over(double least, double most, double from, double to, int ticks) {
  const double range = std::max(most - least, std::max(most, 1e-9) * 0.1);
  Axis axis{.step = round_step(range * 1.1, ticks), .from = from, .to = to};
  axis.least = std::max(0.0, std::floor((least - range * 0.05) / axis.step) * axis.step);
  axis.most = std::ceil((most + range * 0.05) / axis.step) * axis.step;
  return axis;
}

std::string number_text(double value, double step) {
  int digits = 0;
  for (double unit = step; unit < 0.999 && digits < 9; unit *= 10) ++digits;
  return fmt::format("{:.{}f}", value, digits);
}

struct Box {
  double left, top, right, bottom;
  bool meets(const Box& o) const {
    return left < o.right && o.left < right && top < o.bottom && o.top < bottom;
  }
};

class Drawing {
 public:
  Drawing(const ScatterPicture& picture, TextSink& sink)
      : picture_(picture), out_(sink), width_(std::max(480, picture.width)) {
    double x0 = picture.points[0].x, x1 = x0, y0 = picture.points[0].y, y1 = y0;
    for (const ScatterPoint& point : picture.points) {
      x0 = std::min(x0, point.x), x1 = std::max(x1, point.x);
      y0 = std::min(y0, point.y), y1 = std::max(y1, point.y);
    }
    if (picture.x_limit) x0 = std::min(x0, *picture.x_limit), x1 = std::max(x1, *picture.x_limit);
    x_ = axis_over(x0, x1, kLeft, width_ - kMargin, 8);
    y_ = axis_over(y0, y1, kTop + kPlotHeight, kTop, 6);
  }

  void run() {
    head();
    grid();
    limit();
    front();
    points();
    out_.put("</svg>\n");
    out_.flush();
  }

 private:
  double bottom() const { return kTop + kPlotHeight; }

  void head() {
    const SvgPage page{width_, bottom() + kBelow, picture_.title,
                       fmt::format("{} over {}", picture_.y_label, picture_.x_label)};
    begin_svg(page, out_);
    out_.put(".e{text-anchor:end}.c{text-anchor:middle}\n",
             ".l{stroke:#e4e4e4;fill:none}.x{stroke:#555;fill:none}.f{stroke:#0072b2;stroke-width:1.6;fill:"
             "none}\n",
             ".m{stroke:#d55e00;stroke-dasharray:5 4;fill:none}.o{fill:#0072b2}.p{fill:#9aa5b1}\n",
             ".h{stroke:#fff;stroke-width:3;paint-order:stroke}\n</style>\n");
    write_ground(page, out_);
    write_title(page, 24, picture_.title, out_);
    write_subtitle(page, 43, picture_.subtitle, out_);
  }

  void text(std::string_view style, double x, double y, std::string_view what) {
    out_.put("<text class=\"", style, "\" x=\"", Px{x}, "\" y=\"", Px{y}, "\">", XmlText{what}, "</text>\n");
  }

  void grid() {
    out_.put("<path class=\"l\" d=\"");
    for (const double x : x_.ticks()) out_.put('M', Px{x_.at(x)}, ' ', Px{kTop}, 'V', Px{bottom()});
    for (const double y : y_.ticks()) out_.put('M', Px{kLeft}, ' ', Px{y_.at(y)}, 'H', Px{x_.to});
    out_.put("\"/>\n<path class=\"x\" d=\"M", Px{kLeft}, ' ', Px{kTop}, 'V', Px{bottom()}, 'H', Px{x_.to},
             "\"/>\n");
    for (const double x : x_.ticks()) text("c", x_.at(x), bottom() + 17, number_text(x, x_.step));
    for (const double y : y_.ticks())
      text("e", kLeft - 7, y_.at(y) + kFontSize * 0.36, number_text(y, y_.step));
    text("c", (kLeft + x_.to) / 2, bottom() + 38, picture_.x_label);
    const double middle = kTop + kPlotHeight / 2;
    out_.put("<text class=\"c\" x=\"", Px{kMargin + 4}, "\" y=\"", Px{middle}, "\" transform=\"rotate(-90 ",
             Px{kMargin + 4}, ' ', Px{middle}, ")\">", XmlText{picture_.y_label}, "</text>\n");
  }

  void limit() {
    if (!picture_.x_limit) return;
    const double x = x_.at(*picture_.x_limit);
    out_.put("<path class=\"m\" d=\"M", Px{x}, ' ', Px{kTop}, 'V', Px{bottom()}, "\"/>\n");
    text("e h", x - 5, kTop + 14, picture_.x_limit_label);
    taken_.push_back({x - 5 - text_width(picture_.x_limit_label, kFontSize), kTop, x, kTop + 18});
  }

  /// What of y can be had for an x: it grows at each point of the front.
  void front() {
    std::vector<const ScatterPoint*> front;
    for (const ScatterPoint& point : picture_.points)
      if (point.on_front) front.push_back(&point);
    std::stable_sort(front.begin(), front.end(),
                     [](const ScatterPoint* a, const ScatterPoint* b) { return a->x < b->x; });
    if (front.empty()) return;
    out_.put("<path class=\"f\" d=\"M", Px{x_.at(front[0]->x)}, ' ', Px{bottom()});
    for (const ScatterPoint* point : front) out_.put('H', Px{x_.at(point->x)}, 'V', Px{y_.at(point->y)});
    out_.put('H', Px{x_.to}, "\"/>\n");
  }

  void points() {
    for (const ScatterPoint& point : picture_.points) {
      const double x = x_.at(point.x), y = y_.at(point.y);
      taken_.push_back({x - kDot, y - kDot, x + kDot, y + kDot});
      out_.put("<circle class=\"", point.on_front ? 'o' : 'p', "\" cx=\"", Px{x}, "\" cy=\"", Px{y},
               "\" r=\"", Px{kDot}, "\"><title>", XmlText{point.label}, "</title></circle>\n");
    }
    for (const bool on_front : {true, false})
      for (const ScatterPoint& point : picture_.points)
        if (point.on_front == on_front) label(point);
  }

  /// Beside its dot, where there is room.
  void label(const ScatterPoint& point) {
    const double x = x_.at(point.x), y = y_.at(point.y), wide = text_width(point.label, kFontSize);
    const double up = kFontSize * 0.75, down = kFontSize * 0.25;
    struct Spot {
      double x, y;
    };
    const std::array<Spot, 6> spots{{{x + 8, y + kFontSize * 0.36},
                                     {x - 8 - wide, y + kFontSize * 0.36},
                                     {x - wide / 2, y - 9},
                                     {x - wide / 2, y + 18},
                                     {x + 6, y - 8},
                                     {x - 6 - wide, y + 16}}};
    for (const Spot& spot : spots) {
      const Box box{spot.x, spot.y - up, spot.x + wide, spot.y + down};
      const bool inside =
          box.left >= kLeft && box.right <= x_.to + kMargin - 4 && box.top >= kTop && box.bottom <= bottom();
      if (!inside || std::any_of(taken_.begin(), taken_.end(), [&](const Box& o) { return box.meets(o); }))
        continue;
      taken_.push_back(box);
      return text("h", spot.x, spot.y, point.label);
    }
  }

  const ScatterPicture& picture_;
  TextWriter out_;
  double width_;
  Axis x_;
  Axis y_;
  std::vector<Box> taken_;
};

}  // namespace

void write_scatter(const ScatterPicture& picture, TextSink& sink) {
  Drawing(picture, sink).run();
}

}  // namespace stagecraft
