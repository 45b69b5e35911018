#include "models/measured_header.h"

#include <fmt/format.h>

#include <charconv>

#include "models/catalog.h"

namespace stagecraft::measured {

std::vector<std::string_view> device_names() {
  std::vector<std::string_view> names;
  for (const auto& preset : device_presets()) names.push_back(preset.name);
  return names;
}

double rounded(double value) {
  double result = 0;
  const std::string text = fmt::format("{:.4g}", value);
  std::from_chars(text.data(), text.data() + text.size(), result);
  return result;
}

}  // namespace stagecraft::measured
