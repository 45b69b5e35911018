#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "sim/timeline/timeline.h"

namespace stagecraft {

struct Colour {
  std::uint8_t red, green, blue;
};
/// "#rrggbb".
void append_to(std::string& to, Colour colour);

/// The colour with `share`, 0 to 1, of the way to white.
Colour lighten(Colour colour, double share);

/// The fill of an op's box. Colours are Okabe and Ito's, told apart with every common colour blindness
/// ("Color Universal Design", 2008); of `chunks` stages on a rank, chunk 0 has the full colour and the last
/// the lightest.
Colour fill(OpKind kind, int chunk, int chunks);

/// Grey in the same steps, for the legend.
Colour chunk_grey(int chunk, int chunks);

/// Whether text on `colour` should be white: where it contrasts more than black (WCAG 2 relative luminance).
bool wants_white_text(Colour colour);

/// The colour of one of several series of dots: those above in another order, dark enough for dots on white;
/// grey comes last. There are kSeriesColours; `series` is taken modulo.
inline constexpr std::size_t kSeriesColours = 7;
Colour series_colour(std::size_t series);

/// How an idle stretch is drawn: strokes over a tint.
struct Hatch {
  Colour tint;
  Colour stroke;
  std::string_view path;  ///< inside a tile of 6 x 6 px
};
Hatch hatch(BubbleCause cause);

}  // namespace stagecraft
