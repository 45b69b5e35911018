#pragma once

#include <span>
#include <string>
#include <string_view>

#include "models/cluster.h"
#include "models/transformer.h"

namespace stagecraft {

/// A named thing that ships with the program, and where its facts come from.
template <typename T>
struct Preset {
  std::string_view name;
  std::string_view summary;
  std::string_view source;
  T value;
  /// Of a device: how far the constants of the roofline model (RooflineConstants) are its own.
  std::string_view note = {};
};

/// The note of the devices whose measured steps the constants were fitted on.
inline constexpr std::string_view kFittedHere = "constants fitted on A100";

std::span<const Preset<Transformer>> model_presets();
std::span<const Preset<Device>> device_presets();
std::span<const Preset<Link>> link_presets();
std::span<const Preset<Cluster>> cluster_presets();

/// The preset of that name, or nullptr.
template <typename T>
const Preset<T>* find_preset(std::span<const Preset<T>> presets, std::string_view name) {
  for (const Preset<T>& preset : presets) {
    if (preset.name == name) return &preset;
  }
  return nullptr;
}

/// What whoever reads roofline costs on this device should know, such as "h100: datasheet peaks with ...".
/// Nothing where the constants were fitted on it. A device that differs from every preset is its author's.
std::string constants_note(const Device& device);

}  // namespace stagecraft
