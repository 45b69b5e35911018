// PipeDream's graph.txt; see profiled_readers.h.
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <memory>

#include "base/error.h"
#include "base/text.h"
#include "models/graph_builder.h"
#include "models/profiled_readers.h"

namespace stagecraft {

namespace {

constexpr std::string_view kBetween = " -- ";
constexpr std::array<std::string_view, 4> kKeys{"forward_compute_time", "backward_compute_time",
                                                "activation_size", "parameter_size"};
constexpr const char* kNodeForm =
    "a node is one line: node1 -- NAME -- forward_compute_time=MS, backward_compute_time=MS, "
    "activation_size=BYTES, parameter_size=BYTES";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// What stands before `separator`; `text` goes on behind it, or is empty.
std::string_view take(std::string_view& text, std::string_view separator) {
  const std::size_t at = text.find(separator);
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + separator.size());
  return taken;
}

class PipedreamReader {
 public:
  PipedreamReader(std::string text, const std::string& name)
      : origin_(std::make_shared<Origin>(Origin{.name = name, .text = std::move(text)})) {}

  ProfiledGraph read() {
    builder_.graph.unit = GraphTime::Milliseconds;
    for (std::string_view rest = origin_->text; !rest.empty();) {
      line_ = take(rest, "\n");
      ++number_;
      if (trimmed(line_).empty()) continue;
      if (line_[0] == '\t' || line_[0] == ' ')
        read_edge();
      else
        read_node();
    }
    for (const EdgeLine& edge : edges_) add_edge(edge);
    return builder_.finish(origin_->name);
  }

 private:
  /// An edge waits for the nodes, which may stand behind it.
  struct EdgeLine {
    std::string_view line, from, to;
    int number;
  };

  [[noreturn]] void fail(std::string_view at, const std::string& message,
                         std::vector<std::string> hints = {}) const {
    const int column = at.empty() ? 1 : static_cast<int>(at.data() - line_.data()) + 1;
    throw InputError(Place{origin_, number_, column}, message, std::move(hints));
  }

  void read_edge() {
    std::string_view to = trimmed(line_);
    const std::string_view from = trimmed(take(to, kBetween));
    to = trimmed(to);
    if (from.empty() || to.empty() || to.find(kBetween) != std::string_view::npos)
      fail(trimmed(line_), "is no edge", {"an edge is a tab and: node1 -- node2"});
    edges_.push_back({line_, from, to, number_});
  }

  void add_edge(const EdgeLine& edge) {
    line_ = edge.line;
    number_ = edge.number;
    const int from = builder_.find(edge.from), to = builder_.find(edge.to);
    if (from < 0) fail(edge.from, no_such_node(edge.from));
    if (to < 0) fail(edge.to, no_such_node(edge.to));
    const double bytes = builder_.graph.nodes[static_cast<std::size_t>(from)].output_bytes;
    if (!builder_.add(ProfiledEdge{.from = from, .to = to, .bytes = bytes}))
      fail(edge.from, "the edge is given twice");
  }

  void read_node() {
    std::string_view rest = trimmed(line_);
    const std::size_t numbers = rest.find(fmt::format("{}{}=", kBetween, kKeys[0]));
    ProfiledNode node;
    node.id = trimmed(take(rest, kBetween));
    if (numbers == std::string_view::npos || node.id.empty() || rest.empty())
      fail(trimmed(line_), "is no node", {kNodeForm});
    // A description may hold the separator itself.
    const std::size_t description = trimmed(line_).size() - rest.size();
    if (numbers >= description) {
      node.description = trimmed(rest.substr(0, numbers - description));
      rest.remove_prefix(numbers - description + kBetween.size());
    }
    std::string_view metadata = take(rest, kBetween);
    read_numbers(metadata, node);
    if (!rest.empty()) node.stage = stage_of(rest);
    const std::string id = node.id;
    if (!builder_.add(std::move(node))) fail(line_, fmt::format("the node {} is given twice", in_quotes(id)));
  }

  void read_numbers(std::string_view text, ProfiledNode& node) const {
    const std::string_view all = text;
    std::array<double, kKeys.size()> values{};
    for (std::size_t i = 0; i < kKeys.size(); ++i) {
      std::string_view value = take(text, ", ");
      const std::string_view whole = value;
      if (trimmed(take(value, "=")) != kKeys[i])
        fail(whole.empty() ? all : whole, fmt::format("'{}=' is missing", kKeys[i]), {kNodeForm});
      values[i] = i < 2 ? number(value, kKeys[i], kMostGraphSeconds * 1e3) : bytes(value, kKeys[i]);
    }
    if (!trimmed(text).empty()) fail(text, "is more than a node has", {kNodeForm});
    node.forward = values[0];
    node.backward = values[1];
    node.output_bytes = values[2];
    node.parameter_bytes = values[3];
  }

  /// A number, or a list [a; b; c], which is added up from the left.
  double bytes(std::string_view text, std::string_view key) const {
    const std::string_view list = trimmed(text);
    if (!list.starts_with('[')) return number(text, key, kMostGraphBytes);
    if (!list.ends_with(']')) fail(list, fmt::format("'{}' lacks the ']' of its list", key));
    double sum = 0;
    for (std::string_view rest = list.substr(1, list.size() - 2); !rest.empty();)
      sum += number(take(rest, ";"), key, kMostGraphBytes);
    if (sum > kMostGraphBytes)
      fail(list, fmt::format("'{}' must be at most {} in all", key, kMostGraphBytes));
    return sum;
  }

  double number(std::string_view text, std::string_view key, double most) const {
    const std::string_view digits = trimmed(text);
    double value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    const bool whole = error == std::errc{} && end == digits.data() + digits.size() && !digits.empty();
    if (!whole || !(value >= 0) || value > most)
      fail(digits.empty() ? text : digits,
           fmt::format("'{}' must be a number from 0 to {}, got {}", key, most, in_quotes(digits)));
    return value == 0 ? 0 : value;
  }

  std::int64_t stage_of(std::string_view text) const {
    constexpr std::string_view kKey = "stage_id=";
    std::int64_t stage = -1;
    if (text.starts_with(kKey)) {
      const std::string_view digits = text.substr(kKey.size());
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), stage);
      if (error == std::errc{} && end == digits.data() + digits.size() && stage >= 0) return stage;
    }
    fail(text, fmt::format("must be 'stage_id=' and a number, got {}", in_quotes(text)));
  }

  std::shared_ptr<const Origin> origin_;
  GraphBuilder builder_;
  std::vector<EdgeLine> edges_;
  std::string_view line_;
  int number_ = 0;
};

}  // namespace

ProfiledGraph parse_pipedream(std::string text, const std::string& name) {
  return PipedreamReader(std::move(text), name).read();
}

}  // namespace stagecraft
