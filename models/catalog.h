#pragma once

#include <span>
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
};

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

}  // namespace stagecraft
