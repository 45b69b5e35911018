// Piper's JSON; see profiled_readers.h.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "base/json_tree.h"
#include "base/text.h"
#include "models/graph_builder.h"
#include "models/graph_json.h"
#include "models/profiled_readers.h"

namespace stagecraft {

namespace {

using Kind = JsonValue::Kind;

/// Of a node's neighbours, which of its edges leads there.
using Neighbours = std::unordered_map<std::string_view, std::size_t>;

int degree_of(const JsonValue& key) {
  int degree = 0;
  const std::string_view text = key.text();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), degree);
  if (error == std::errc{} && end == text.data() + text.size() && degree >= 1) return degree;
  throw InputError(key.place(), fmt::format("'TMPCs' has tensor-parallel degrees as keys, 1 and more, got {}",
                                            in_quotes(text)));
}

/// Reads {"<id>": bytes, ...} into the entries of the neighbours. Every edge must be there.
void read_sync(const JsonValue& variant, std::string_view key, const Neighbours& neighbours,
               std::span<double> to) {
  constexpr double kMissing = -1;
  std::fill(to.begin(), to.end(), kMissing);
  const JsonValue sync = variant.member(key);
  sync.expect(Kind::Object, key);
  sync.each_member([&](const JsonValue& id, const JsonValue& bytes) {
    const auto found = neighbours.find(id.text());
    if (found == neighbours.end())
      throw InputError(id.place(), fmt::format("'{}' has node {}, to which there is no such edge", key,
                                               in_quotes(id.text())));
    if (to[found->second] != kMissing)
      throw InputError(id.place(), fmt::format("{} is given twice", in_quotes(id.text())));
    to[found->second] = bytes.amount(key, kMostGraphBytes);
  });
  const auto lacking = std::find(to.begin(), to.end(), kMissing);
  if (lacking == to.end()) return;
  for (const auto& [id, edge] : neighbours)
    if (edge == static_cast<std::size_t>(lacking - to.begin()))
      throw InputError(sync.place(), fmt::format("'{}' lacks the edge of node {}", key, in_quotes(id)));
}

class PiperReader {
 public:
  PiperReader(const JsonValue& root, const std::string& name) : root_(root), name_(name) {}

  ProfiledGraph read() {
    read_header();
    read_json_nodes(root_, builder_, [](const JsonValue&, ProfiledNode&) {});
    read_json_edges(root_, builder_, [](const JsonValue& json, ProfiledEdge& edge) {
      edge.bytes = json.member("communicationCost").amount("communicationCost", kMostGraphBytes);
    });
    index_ = index_of(graph_);
    int node = 0;
    root_.member("nodes").each_item([&](const JsonValue& json) { read_variants(json, node++); });
    builder_.outputs_from_edges();
    return builder_.finish(name_);
  }

 private:
  void read_header() {
    ProfiledDevices& devices = graph_.devices;
    graph_.both_passes = true;
    devices.accelerators = count_or_0(root_, "maxDevices");
    devices.micro_batches = count_or_0(root_, "mbsInBatch");
    devices.memory_bytes = amount_or_0(root_, "maxMemoryPerDevice", kMostGraphBytes);
    devices.bytes_per_s = amount_or_0(root_, "bandwidth", kMostGraphBytes);
  }

  void read_variants(const JsonValue& json, int v) {
    ProfiledNode& node = graph_.nodes[static_cast<std::size_t>(v)];
    node.first_variant = graph_.variants.size();
    Neighbours into, out;
    for (const int e : index_.incoming(v))
      into.emplace(graph_.nodes[static_cast<std::size_t>(edge(e).from)].id, into.size());
    for (const int e : index_.outgoing(v))
      out.emplace(graph_.nodes[static_cast<std::size_t>(edge(e).to)].id, out.size());
    const JsonValue degrees = json.member("TMPCs");
    degrees.expect(Kind::Object, "TMPCs");
    degrees.each_member([&](const JsonValue& key, const JsonValue& list) {
      list.expect(Kind::Array, "TMPCs");
      const int degree = degree_of(key);
      list.each_item([&](const JsonValue& variant) { read_variant(variant, v, degree, into, out); });
    });
    node.variants = graph_.variants.size() - node.first_variant;
    if (node.variants == 0) throw InputError(degrees.place(), "'TMPCs' has no way to run the node");
    take_fastest(node, v);
  }

  void read_variant(const JsonValue& json, int node, int degree, const Neighbours& into,
                    const Neighbours& out) {
    json.expect(Kind::Object, "TMPCs");
    ProfiledVariant variant{.node = node, .tensor = degree, .first_sync = graph_.sync_bytes.size()};
    variant.name = json.member("id").string("id");
    variant.recompute = variant.name.find("recomp") != std::string::npos;
    const auto amount = [&](std::string_view key, double most) { return json.member(key).amount(key, most); };
    variant.time = amount("timePerSample", kMostGraphSeconds);
    variant.parameter_bytes = amount("parameterSize", kMostGraphBytes);
    variant.microbatch_bytes = amount("memoryUsageA", kMostGraphBytes);
    variant.fixed_bytes = amount("memoryUsageB", kMostGraphBytes);
    graph_.sync_bytes.resize(variant.first_sync + into.size() + out.size());
    const std::span<double> sync = std::span(graph_.sync_bytes).subspan(variant.first_sync);
    read_sync(json, "syncTimeFw", into, sync.first(into.size()));
    read_sync(json, "syncTimeBw", out, sync.last(out.size()));
    graph_.variants.push_back(std::move(variant));
  }

  /// The node's own numbers: of its fastest variant of the lowest degree.
  void take_fastest(ProfiledNode& node, int v) const {
    const std::span<const ProfiledVariant> variants = graph_.variants_of(v);
    const auto fastest = std::min_element(variants.begin(), variants.end(), [](const auto& a, const auto& b) {
      return std::pair(a.tensor, a.time) < std::pair(b.tensor, b.time);
    });
    node.forward = fastest->time;
    node.parameter_bytes = fastest->parameter_bytes;
  }

  const ProfiledEdge& edge(int number) const { return graph_.edges[static_cast<std::size_t>(number)]; }

  JsonValue root_;
  const std::string& name_;
  GraphBuilder builder_;
  ProfiledGraph& graph_ = builder_.graph;
  GraphIndex index_;
};

}  // namespace

ProfiledGraph parse_piper(std::string text, const std::string& name) {
  return piper_graph(parse_json(std::move(text), name), name);
}

ProfiledGraph piper_graph(const JsonValue& root, const std::string& name) {
  return PiperReader(root, name).read();
}

}  // namespace stagecraft
