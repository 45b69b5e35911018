#include "scenarios/run/build_error.h"

#include <algorithm>
#include <array>

namespace stagecraft {

namespace {

/// Where a setting of a ModelError may be written in a scenario, tried in order. `*` stands for the rest of
/// the setting.
struct SettingKeys {
  std::string_view setting;  ///< or its beginning, with a dot at the end
  std::array<std::string_view, 4> keys;
};
constexpr SettingKeys kSettings[] = {
    {"model.", {"model.*", "model.transformer.*", "model.hf_config", "model.preset"}},
    {"parallel.chunks", {"pipeline.chunks", "pipeline.csv"}},
    {"parallel.layers", {"pipeline.layers", "pipeline.layout"}},
    {"parallel.micro_batch", {"batch.micro"}},
};

bool is_written(const Node& root, std::string_view dotted) {
  const Node* node = &root;
  while (node && !dotted.empty()) {
    const std::size_t dot = std::min(dotted.find('.'), dotted.size());
    node = node->find(dotted.substr(0, dot));
    dotted.remove_prefix(std::min(dot + 1, dotted.size()));
  }
  return node != nullptr;
}

std::string key_of(const Node& root, const std::string& setting) {
  std::string usual = setting;
  for (const auto& [beginning, keys] : kSettings) {
    if (!setting.starts_with(beginning)) continue;
    usual.clear();
    for (const std::string_view key : keys) {
      if (key.empty()) break;
      std::string full(key);
      if (full.ends_with('*')) full.replace(full.size() - 1, 1, setting.substr(beginning.size()));
      if (is_written(root, full)) return full;
      if (usual.empty()) usual = full;
    }
  }
  return usual;
}

}  // namespace

InputError at_setting(const ReadScenario& read, const ModelError& error) {
  return error_at(*read.root, key_of(*read.root, error.setting), error.what());
}

}  // namespace stagecraft
