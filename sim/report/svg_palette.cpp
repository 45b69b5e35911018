#include "sim/report/svg_palette.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <iterator>

namespace stagecraft {

namespace {

constexpr Colour kSkyBlue{0x56, 0xB4, 0xE9}, kGreen{0x00, 0x9E, 0x73}, kOrange{0xE6, 0x9F, 0x00},
    kPurple{0xCC, 0x79, 0xA7}, kBlue{0x00, 0x72, 0xB2}, kVermilion{0xD5, 0x5E, 0x00},
    kYellow{0xF0, 0xE4, 0x42}, kGrey{0x55, 0x55, 0x55}, kTeal{0x2B, 0xA9, 0xAE}, kBrown{0x8C, 0x56, 0x4B};

/// By OpKind.
constexpr std::array<Colour, kOpKinds> kFills{kSkyBlue, kGreen, kOrange, kPurple, kTeal,   kBlue, kVermilion,
                                              kBrown,   kBrown, kBrown,  kBrown,  kYellow, kGrey};

// Yellow is left out: its dots cannot be seen on white.
constexpr std::array<Colour, kSeriesColours> kSeries{kBlue,    kOrange,    kGreen, kPurple,
                                                     kSkyBlue, kVermilion, kGrey};

/// By BubbleCause. Tints stay light, so that boxes stand out.
constexpr std::array<Hatch, kBubbleCauses> kHatches{{
    {{0xF3, 0xF5, 0xF7}, {0xB8, 0xC4, 0xCE}, "M-1 7L7-1M-1 1L1-1M5 7L7 5"},
    {{0xF7, 0xF4, 0xF0}, {0xCF, 0xC3, 0xB2}, "M-1-1L7 7M5-1L7 1M-1 5L1 7"},
    {{0xFB, 0xF8, 0xE4}, {0xD9, 0xCB, 0x7A}, "M0 3h6"},
    {{0xFB, 0xEC, 0xE6}, {0xE0, 0x9F, 0x84}, "M3 0v6M0 3h6"},
    {{0xF4, 0xEE, 0xF7}, {0xBF, 0xA3, 0xCC}, "M3 0v6"},
    {{0xF6, 0xF6, 0xF6}, {0xC4, 0xC4, 0xC4}, "M2 3h1.5M5 0h1.5"},
}};

double chunk_lightness(int chunk, int chunks) {
  return chunks > 1 ? 0.6 * chunk / (chunks - 1) : 0;
}

}  // namespace

void append_to(std::string& to, Colour colour) {
  fmt::format_to(std::back_inserter(to), "#{:02x}{:02x}{:02x}", colour.red, colour.green, colour.blue);
}

Colour lighten(Colour colour, double share) {
  const auto mix = [&](std::uint8_t channel) {
    return static_cast<std::uint8_t>(std::lround(channel + (255 - channel) * share));
  };
  return {mix(colour.red), mix(colour.green), mix(colour.blue)};
}

Colour fill(OpKind kind, int chunk, int chunks) {
  return lighten(kFills[static_cast<std::size_t>(kind)], chunk_lightness(chunk, chunks));
}

Colour series_colour(std::size_t series) {
  return kSeries[series % kSeries.size()];
}

Colour chunk_grey(int chunk, int chunks) {
  return lighten({0x77, 0x77, 0x77}, chunk_lightness(chunk, chunks));
}

bool wants_white_text(Colour colour) {
  // Relative luminance with the gamma approximated as 2: precise enough to choose between two colours, and
  // free of pow(), whose last bit differs between libraries.
  const auto part = [](std::uint8_t channel) { return channel * channel / 65025.0; };
  const double luminance =
      0.2126 * part(colour.red) + 0.7152 * part(colour.green) + 0.0722 * part(colour.blue);
  return luminance < 0.18;
}

Hatch hatch(BubbleCause cause) {
  return kHatches[static_cast<std::size_t>(cause)];
}

}  // namespace stagecraft
