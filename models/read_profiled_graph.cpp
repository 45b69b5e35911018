// Tells the formats of profiled graphs apart; see profiled_readers.h.
#include <fmt/format.h>

#include "base/file.h"
#include "base/json_tree.h"
#include "models/graph_json.h"
#include "models/profiled_readers.h"

namespace stagecraft {

namespace {

constexpr std::size_t kMostBytes = std::size_t{256} << 20;
constexpr std::string_view kOwnKey = "stagecraft_graph";

[[noreturn]] void unknown(const std::string& name) {
  throw file_error(
      name, "is no graph of a known format; tried:",
      {"PipeDream's graph.txt: lines 'node1 -- NAME -- forward_compute_time=...'",
       "Piper's JSON: 'nodes' with 'TMPCs'", "dnn-partitioning's JSON: 'nodes' with 'fpgaLatency'",
       "our own YAML: 'stagecraft_graph: 1', 'nodes' and 'edges'"});
}

/// The first line that says something: neither blank nor a comment of YAML.
std::string_view first_line(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first != std::string_view::npos && line[first] != '#' && !line.starts_with("---"))
      return line.substr(first);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return {};
}

bool is_own_yaml(std::string_view text, std::string_view first) {
  if (first.starts_with('{')) return first.substr(1, 40).find(kOwnKey) != std::string_view::npos;
  return first.starts_with(kOwnKey) || text.find(fmt::format("\n{}:", kOwnKey)) != std::string_view::npos;
}

ProfiledGraph json_graph(std::string text, const std::string& name) {
  const JsonValue root = parse_json(std::move(text), name);
  const auto nodes = root.find("nodes");
  if (!nodes || nodes->kind() != JsonValue::Kind::Array) unknown(name);
  bool piper = root.find("mbsInBatch").has_value() || root.find("maxDevices").has_value();
  bool dnn_partitioning = root.find("maxFPGAs").has_value();
  bool first = true;
  nodes->each_item([&](const JsonValue& node) {
    if (!first) return;
    first = false;
    piper = piper || node.find("TMPCs").has_value();
    dnn_partitioning = dnn_partitioning || node.find("fpgaLatency").has_value();
  });
  if (piper == dnn_partitioning) unknown(name);
  return piper ? piper_graph(root, name) : dnn_partitioning_graph(root, name);
}

}  // namespace

ProfiledGraph parse_profiled_graph(std::string text, const std::string& name) {
  const std::string_view first = first_line(text);
  if (is_own_yaml(text, first)) return parse_graph_yaml(std::move(text), name);
  if (first.starts_with('{')) return json_graph(std::move(text), name);
  if (first.find(" -- ") != std::string_view::npos) return parse_pipedream(std::move(text), name);
  unknown(name);
}

ProfiledGraph read_profiled_graph(const std::string& path) {
  std::string text = read_file(path, kMostBytes);
  if (text.size() > kMostBytes)
    throw file_error(path, fmt::format("is too large: more than {} bytes", kMostBytes));
  return parse_profiled_graph(std::move(text), path);
}

}  // namespace stagecraft
