// The only file that knows yaml-cpp. Its event interface is used rather than its tree: the tree keeps
// duplicate keys silently, and the events come one at a time, so that limits hold while the parser runs.
#include "base/yaml.h"

#include <fmt/core.h>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <optional>
#include <set>
#include <streambuf>
#include <unordered_map>
#include <utility>

#include "base/text.h"
#include "base/yaml_guard.h"

namespace stagecraft {
namespace {

/// The most text that may pass without a value: the parser keeps what it has not understood yet as a token
/// per character. Behind the guard only a very long string comes near.
constexpr std::size_t kLookAhead = std::size_t{2} << 20;

/// Hands the text to the parser in pieces and stops when the parser only takes and gives nothing.
class MeteredBuffer : public std::streambuf {
 public:
  explicit MeteredBuffer(const std::string& text) : text_(text) {}

  void progress() { allowed_ = given_ + kLookAhead; }
  bool exhausted() const { return exhausted_; }

 private:
  int_type underflow() override {
    if (given_ == text_.size()) return traits_type::eof();
    if (given_ >= allowed_) {
      exhausted_ = true;
      return traits_type::eof();
    }
    const std::size_t size = std::min<std::size_t>(text_.size() - given_, 4096);
    char* const begin = const_cast<char*>(text_.data()) + given_;  // the get area is never written
    setg(begin, begin, begin + size);
    given_ += size;
    return traits_type::to_int_type(*begin);
  }

  const std::string& text_;
  std::size_t given_ = 0;
  std::size_t allowed_ = kLookAhead;
  bool exhausted_ = false;
};

/// A node that is being filled, with what belongs to a map's open key.
struct Open {
  std::shared_ptr<Node> node;
  YAML::anchor_t anchor = 0;
  std::size_t weight = 1;  ///< nodes below, aliases expanded
  bool has_key = false;    ///< the last entry waits for its value
  std::set<std::string> keys{};
};

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::shared_ptr<const Origin> origin, const YamlLimits& limits, MeteredBuffer& input)
      : origin_(std::move(origin)), limits_(limits), input_(input) {}

  NodePtr root() const { return root_; }
  Place place(const YAML::Mark& mark) const {
    if (mark.is_null()) return {.origin = origin_};
    return {.origin = origin_, .line = mark.line + 1, .column = mark.column + 1};
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ == 0) return;
    const bool marked = text_from(mark).starts_with("---");
    throw InputError(place(mark), marked
                                      ? "a second document begins here; a file holds one"
                                      : "this does not belong to the value above; is the indentation right?");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node{.kind = Node::Kind::Null};
    node.place = written_null(mark) ? place(mark) : Place{};
    add(std::move(node), mark, anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw InputError(place(mark), "an alias inside its own anchor");
    attach(found->second.node, mark, found->second.weight, /*shared=*/true);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    reject_tag(mark, tag);
    if (tag == "!") check_closed(mark);
    add(Node{.kind = Node::Kind::Scalar, .text = value, .quoted = tag == "!", .place = place(mark)}, mark,
        anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Node::Kind::Sequence, mark, tag, anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Node::Kind::Map, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  struct Anchored {
    NodePtr node;
    std::size_t weight;
  };

  /// The text from a mark on; empty where the mark is none.
  std::string_view text_from(const YAML::Mark& mark) const {
    const std::string_view text = origin_->text;
    return mark.is_null() ? std::string_view()
                          : text.substr(std::min(text.size(), static_cast<std::size_t>(mark.pos)));
  }

  /// True where the null is written out; an empty value's mark is the next token.
  bool written_null(const YAML::Mark& mark) const {
    std::string_view text = text_from(mark);
    if (text.starts_with('~')) return true;
    text = text.substr(0, text.find_first_of(" \t\r\n,]}"));
    return text == "null" || text == "Null" || text == "NULL";
  }

  /// Length of the scalar in quotes at the start of `text`, with its quotes; npos where it is not closed.
  static std::size_t quoted_length(std::string_view text) {
    const char quote = text[0];
    for (std::size_t at = 1; at < text.size(); ++at) {
      if (text[at] == quote && quote == '\'' && text.substr(at + 1, 1) == "'") {
        ++at;
      } else if (text[at] == quote) {
        return at + 1;
      } else if (text[at] == '\\' && quote == '"') {
        ++at;
      }
    }
    return std::string_view::npos;
  }

  /// The text of a node behind its anchor and tag, where its mark points.
  static std::string_view skip_properties(std::string_view text) {
    while (text.starts_with('&') || text.starts_with('!')) {
      text.remove_prefix(std::min(text.size(), text.find_first_of(" \t\r\n")));
      text.remove_prefix(std::min(text.size(), text.find_first_not_of(" \t\r\n")));
    }
    return text;
  }

  /// yaml-cpp closes a quote by itself at the end of a file.
  void check_closed(const YAML::Mark& mark) const {
    const std::string_view text = skip_properties(text_from(mark));
    if (!text.starts_with('"') && !text.starts_with('\'')) return;  // a block scalar
    if (quoted_length(text) == std::string_view::npos) throw InputError(place(mark), "a quote is not closed");
  }

  /// yaml-cpp takes a word without ':' below other keys as a key without a value.
  void check_colon(const YAML::Mark& mark, const Node& key) const {
    std::string_view text = skip_properties(text_from(mark));
    text.remove_prefix(std::min(text.size(), key.quoted ? quoted_length(text) : key.text.size()));
    text.remove_prefix(std::min(text.size(), text.find_first_not_of(" \t")));
    const bool explicit_key =
        text.starts_with('\n') || text.starts_with('\r');  // "? key", and ":" on the next line
    if (explicit_key) text.remove_prefix(std::min(text.size(), text.find_first_not_of(" \t\r\n")));
    if (!text.starts_with(':'))
      throw InputError(place(mark), fmt::format("a ':' is missing after the key {}", in_quotes(key.text)));
  }

  bool expects_key() const {
    return !stack_.empty() && stack_.back().node->kind == Node::Kind::Map && !stack_.back().has_key;
  }

  void reject_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (tag.empty() || tag == "?" || tag == "!") return;
    const std::string_view core = "tag:yaml.org,2002:";
    const std::string shown = tag.starts_with(core) ? "!!" + tag.substr(core.size()) : tag;
    throw InputError(place(mark), fmt::format("the tag {} is not supported", in_quotes(shown)),
                     {"leave it out; quote what must be text"});
  }

  void add(Node node, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (expects_key()) return add_key(node, mark);
    auto shared = std::make_shared<Node>(std::move(node));
    attach(shared, mark, 1, /*shared=*/false);
    if (anchor != 0) anchors_[anchor] = {shared, 1};
  }

  void add_key(const Node& node, const YAML::Mark& mark) {
    Open& map = stack_.back();
    if (node.kind == Node::Kind::Null)
      throw InputError(place(mark), "a key is missing here; is a bracket not closed?");
    check_colon(mark, node);
    if (node.text == "<<" && !node.quoted) {
      throw InputError(place(mark), "merge keys '<<' are not supported", {"write the keys out"});
    }
    if (!map.keys.insert(node.text).second) {
      throw InputError(place(mark), fmt::format("{} is given twice", in_quotes(path() + node.text)));
    }
    map.node->entries.push_back({.key = node.text, .key_place = place(mark), .value = nullptr});
    map.has_key = true;
  }

  /// The dotted key of the node that is being filled, with a dot at the end: "pipeline.".
  std::string path() const {
    std::string result;
    for (std::size_t i = 0; i + 1 < stack_.size(); ++i) {
      const Node& node = *stack_[i].node;
      result += node.kind == Node::Kind::Map ? node.entries.back().key : fmt::format("{}", node.items.size());
      result += '.';
    }
    return result;
  }

  void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    reject_tag(mark, tag);
    if (static_cast<int>(stack_.size()) >= limits_.depth) throw too_deep(place(mark), limits_);
    if (expects_key()) throw InputError(place(mark), "a key must be plain text");
    auto node = std::make_shared<Node>(Node{.kind = kind, .place = place(mark)});
    if (!stack_.empty() && stack_.back().has_key) node->place = stack_.back().node->entries.back().key_place;
    stack_.push_back({.node = std::move(node), .anchor = anchor});
  }

  void close() {
    const Open closed = std::move(stack_.back());
    stack_.pop_back();
    attach(closed.node, YAML::Mark::null_mark(), closed.weight, /*shared=*/false);
    // Known only now: an alias inside its own anchor would make a circle.
    if (closed.anchor != 0) anchors_[closed.anchor] = {closed.node, closed.weight};
  }

  void attach(const NodePtr& node, const YAML::Mark& mark, std::size_t weight, bool shared) {
    input_.progress();
    if (expects_key()) throw InputError(place(mark), "a key must be plain text");
    if (stack_.empty()) {
      root_ = node;
      return;
    }
    Open& parent = stack_.back();
    parent.weight += weight;
    total_ = shared ? total_ + weight : total_ + 1;
    if (total_ > limits_.nodes || parent.weight > limits_.nodes) {
      throw InputError(
          mark.is_null() ? node->place : place(mark),
          fmt::format("holds more than {} values, aliases counted as often as used", limits_.nodes));
    }
    if (!shared && !node->place.origin) {
      const_cast<Node&>(*node).place =
          parent.has_key ? parent.node->entries.back().key_place : parent.node->place;
    }
    if (parent.node->kind == Node::Kind::Sequence) {
      parent.node->items.push_back(node);
    } else {
      parent.node->entries.back().value = node;
      parent.has_key = false;
    }
  }

  std::shared_ptr<const Origin> origin_;
  const YamlLimits& limits_;
  MeteredBuffer& input_;
  std::vector<Open> stack_;
  std::unordered_map<YAML::anchor_t, Anchored> anchors_;
  NodePtr root_;
  std::size_t total_ = 0;
  int documents_ = 0;
};

/// What yaml-cpp says and what it means to somebody who writes a scenario. Order matters: prefixes.
struct Wording {
  const char* theirs;
  const char* ours;
};
const Wording kWordings[] = {
    {YAML::ErrorMsg::END_OF_MAP_FLOW, "a '{' is not closed, or a ',' is missing"},
    {YAML::ErrorMsg::END_OF_SEQ_FLOW, "a '[' is not closed, or a ',' is missing"},
    {YAML::ErrorMsg::END_OF_MAP, "this does not belong to the map above; is the indentation right?"},
    {YAML::ErrorMsg::END_OF_SEQ, "this does not belong to the list above; is the indentation right?"},
    {YAML::ErrorMsg::MAP_VALUE,
     "a ':' where no key can be; is the indentation right? Quote text that contains ': '"},
    {YAML::ErrorMsg::MAP_KEY, "a key cannot begin here"},
    {YAML::ErrorMsg::BLOCK_ENTRY, "a list entry '-' cannot begin here"},
    {YAML::ErrorMsg::FLOW_END, "a closing bracket without an opening one"},
    {YAML::ErrorMsg::EOF_IN_SCALAR, "a quote is not closed"},
    {YAML::ErrorMsg::DOC_IN_SCALAR, "a quote is not closed before the end of the document"},
    {YAML::ErrorMsg::CHAR_IN_SCALAR, "a character that cannot be in text without quotes"},
    {YAML::ErrorMsg::UNKNOWN_TOKEN, "a value cannot begin with this character; put it in quotes"},
    {YAML::ErrorMsg::INVALID_ESCAPE,
     "an unknown escape after '\\'; use single quotes for text with backslashes"},
    {YAML::ErrorMsg::INVALID_HEX, "not a hexadecimal number after '\\'"},
    {YAML::ErrorMsg::INVALID_UNICODE, "not a Unicode character after '\\'"},
    {YAML::ErrorMsg::UNKNOWN_ANCHOR, "an alias '*' to an anchor '&' that is not defined above"},
    {YAML::ErrorMsg::ALIAS_NOT_FOUND, "a name is missing after '*'; put text that begins with '*' in quotes"},
    {YAML::ErrorMsg::ANCHOR_NOT_FOUND,
     "a name is missing after '&'; put text that begins with '&' in quotes"},
    {YAML::ErrorMsg::CHAR_IN_ALIAS, "the name of an alias '*' has letters and digits only"},
    {YAML::ErrorMsg::CHAR_IN_ANCHOR, "the name of an anchor '&' has letters and digits only"},
    {YAML::ErrorMsg::END_OF_VERBATIM_TAG, "a tag '!<' is not closed with '>'"},
    {YAML::ErrorMsg::CHAR_IN_TAG_HANDLE, "a character that cannot be in a tag"},
    {YAML::ErrorMsg::TAG_WITH_NO_SUFFIX,
     "a name is missing after '!'; put text that begins with '!' in quotes"},
    {YAML::ErrorMsg::MULTIPLE_TAGS, "a value has two tags"},
    {YAML::ErrorMsg::MULTIPLE_ANCHORS, "a value has two anchors"},
    {YAML::ErrorMsg::ALIAS_CONTENT, "an alias '*' cannot have an anchor, a tag or a value of its own"},
    {YAML::ErrorMsg::ZERO_INDENT_IN_BLOCK, "the indentation of a block scalar cannot be 0"},
    {YAML::ErrorMsg::CHAR_IN_BLOCK, "only an indentation and '+' or '-' can follow '|' or '>'"},
    {YAML::ErrorMsg::TAB_IN_INDENTATION, "a tab cannot indent YAML"},
    {YAML::ErrorMsg::YAML_VERSION, "the %YAML directive names no version this program knows"},
    {YAML::ErrorMsg::YAML_MAJOR_VERSION, "the %YAML directive names a version after 1.2"},
    {YAML::ErrorMsg::YAML_DIRECTIVE_ARGS, "the %YAML directive needs a version"},
    {YAML::ErrorMsg::REPEATED_YAML_DIRECTIVE, "the %YAML directive is given twice"},
    {YAML::ErrorMsg::TAG_DIRECTIVE_ARGS, "the %TAG directive needs a handle and a prefix"},
    {YAML::ErrorMsg::REPEATED_TAG_DIRECTIVE, "the %TAG directive is given twice"},
};

std::string our_words(std::string_view theirs) {
  for (const Wording& wording : kWordings)
    if (theirs.starts_with(wording.theirs)) return wording.ours;
  return "is not valid YAML here";
}

NodePtr parse_events(const std::shared_ptr<const Origin>& origin, const YamlLimits& limits,
                     MeteredBuffer& buffer) {
  std::istream input(&buffer);
  TreeBuilder builder(origin, limits, buffer);
  try {
    YAML::Parser parser(input);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::DeepRecursion& error) {
    throw too_deep(builder.place(error.mark), limits);
  } catch (const YAML::Exception& error) {
    throw InputError(builder.place(error.mark), our_words(error.msg));
  }
  return builder.root();
}

NodePtr build_tree(const std::shared_ptr<const Origin>& origin, const YamlLimits& limits,
                   const std::optional<OpenBracket>& open_bracket) {
  MeteredBuffer buffer(origin->text);
  NodePtr root;
  std::optional<InputError> error;
  try {
    root = parse_events(origin, limits, buffer);
  } catch (const InputError& caught) {
    error = caught;
  }
  // What the parser says of text that was cut off, or of an open bracket, is far from the cause.
  if (buffer.exhausted()) {
    throw InputError(
        {.origin = origin},
        fmt::format("has {} MiB of text without the end of a value; put values on lines of their own, "
                    "without brackets around all",
                    kLookAhead >> 20));
  }
  if (error && open_bracket) {
    throw InputError(open_bracket->place, fmt::format("this '{}' is not closed", open_bracket->bracket));
  }
  if (error) throw *error;
  return root;
}

}  // namespace

NodePtr parse_yaml(std::string text, std::string name, const YamlLimits& limits) {
  // The mark's columns and ours must agree: yaml-cpp skips a byte order mark without counting it.
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  const auto origin =
      std::make_shared<const Origin>(Origin{.name = std::move(name), .text = std::move(text)});
  const std::optional<OpenBracket> open_bracket = guard_yaml(origin, limits);
  NodePtr root = build_tree(origin, limits, open_bracket);
  if (!root || root->kind == Node::Kind::Null) {
    throw InputError({.origin = origin},
                     origin->text.empty() ? "the file is empty" : "the file has no values in it");
  }
  return root;
}

}  // namespace stagecraft
