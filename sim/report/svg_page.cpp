#include "sim/report/svg_page.h"

#include "sim/report/svg_layout.h"

namespace stagecraft {

namespace {

void write_line(const SvgPage& page, char style, double size, double y, std::string_view text,
                TextWriter& out) {
  out.put("<text class=\"", style, "\" x=\"", Px{kMargin}, "\" y=\"", Px{y}, "\">",
          XmlText{fit_text(text, size, page.width - 2 * kMargin)}, "</text>\n");
}

}  // namespace

void begin_svg(const SvgPage& page, TextWriter& out) {
  out.put("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", Px{page.width}, "\" height=\"",
          Px{page.height}, "\" viewBox=\"0 0 ", Px{page.width}, ' ', Px{page.height},
          "\" role=\"img\" aria-labelledby=\"t d\">\n<title id=\"t\">", XmlText{page.title},
          "</title>\n<desc id=\"d\">", XmlText{page.description},
          "</desc>\n<style>\ntext{font:", Px{kFontSize},
          "px Helvetica,Arial,sans-serif;fill:#222}\n.t{font-size:", Px{kTitleSize},
          "px;font-weight:bold}.s{fill:#555}");
}

void write_ground(const SvgPage& page, TextWriter& out) {
  // Explicit, so that dark viewers do not show dark text on dark ground.
  out.put("<rect width=\"", Px{page.width}, "\" height=\"", Px{page.height}, "\" fill=\"#fff\"/>\n");
}

void write_title(const SvgPage& page, double y, std::string_view text, TextWriter& out) {
  write_line(page, 't', kTitleSize * 1.06, y, text, out);  // bold letters are wider
}

void write_subtitle(const SvgPage& page, double y, std::string_view text, TextWriter& out) {
  write_line(page, 's', kFontSize, y, text, out);
}

}  // namespace stagecraft
