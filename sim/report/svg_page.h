#pragma once

#include <string>
#include <string_view>

#include "sim/report/text.h"

namespace stagecraft {

/// The sheet that a picture is drawn on.
struct SvgPage {
  double width = 0;  ///< in pixels, as is the height
  double height = 0;
  std::string title{};        ///< for readers that cannot see the picture, and as its tooltip
  std::string description{};  ///< for such readers, too
};

/// The opening tag, title and description, and the style of what every picture has: text, the title's class
/// "t", the subtitle's "s". The caller goes on with styles of its own and ends them with "</style>\n".
void begin_svg(const SvgPage& page, TextWriter& out);

/// The white ground, behind styles and definitions.
void write_ground(const SvgPage& page, TextWriter& out);

/// One line from the left margin, cut where it is wider than the page, with its baseline at `y`.
void write_title(const SvgPage& page, double y, std::string_view text, TextWriter& out);
void write_subtitle(const SvgPage& page, double y, std::string_view text, TextWriter& out);

}  // namespace stagecraft
