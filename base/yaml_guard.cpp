#include "base/yaml_guard.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace stagecraft {
namespace {

/// Follows the text just closely enough to tell brackets and tabs that are structure from those inside
/// quotes, comments, plain text and block scalars. Where text is no YAML it may be wrong; the parser then
/// says so.
class Guard {
 public:
  Guard(const std::shared_ptr<const Origin>& origin, const YamlLimits& limits)
      : origin_(origin), text_(origin->text), limits_(limits) {}

  std::optional<OpenBracket> run() {
    while (at_ < text_.size()) {
      if (brackets_.empty()) indent();
      while (at_ < text_.size() && text_[at_] != '\n') token();
      ++at_;
      ++line_;
      line_start_ = at_;
    }
    if (brackets_.empty()) return std::nullopt;
    return brackets_.back();
  }

 private:
  Place here() const {
    return {.origin = origin_, .line = line_, .column = static_cast<int>(at_ - line_start_) + 1};
  }
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\n'; }
  static bool blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

  /// At the start of a line outside of brackets: the blanks, in which a tab is an error unless nothing
  /// follows.
  void indent() {
    const std::size_t end = std::min(text_.find_first_not_of(" \t", at_), text_.size());
    const char next = end < text_.size() ? text_[end] : '\n';
    const std::size_t tab = text_.substr(at_, end - at_).find('\t');
    if (tab != std::string_view::npos && next != '\n' && next != '\r' && next != '#') {
      at_ += tab;
      throw InputError(here(), "a tab cannot indent YAML", {"use spaces"});
    }
    indent_ = static_cast<int>(end - at_);
    at_ = end;
  }

  void token() {
    const char c = peek();
    if (blank(c)) {
      ++at_;
    } else if (c == '#') {
      skip_to_line_end();
    } else if (c == '"' || c == '\'') {
      skip_quoted(c);
    } else if (c == '[' || c == '{') {
      open();
    } else if (c == ']' || c == '}') {
      if (!brackets_.empty()) brackets_.pop_back();
      ++at_;
    } else if ((c == '|' || c == '>') && brackets_.empty()) {
      skip_block_scalar();
    } else if ((c == ',' && !brackets_.empty()) || ((c == '-' || c == '?' || c == ':') && blank(peek(1)))) {
      ++at_;
    } else if (c == '&' || c == '*' || c == '!') {
      skip_word();
    } else {
      skip_plain();
    }
  }

  void open() {
    brackets_.push_back({.bracket = peek(), .place = here()});
    if (static_cast<int>(brackets_.size()) > limits_.depth) throw too_deep(here(), limits_);
    ++at_;
  }

  void skip_to_line_end() { at_ = std::min(text_.find('\n', at_), text_.size()); }

  void skip_word() {
    while (!blank(peek()) && !(!brackets_.empty() && ends_flow_text(peek()))) ++at_;
  }

  static bool ends_flow_text(char c) { return c == '[' || c == ']' || c == '{' || c == '}' || c == ','; }

  void skip_plain() {
    while (peek() != '\n') {
      if (peek() == ':' && (blank(peek(1)) || (!brackets_.empty() && ends_flow_text(peek(1))))) break;
      if (peek() == '#' && blank(text_[at_ - 1])) break;
      if (!brackets_.empty() && ends_flow_text(peek())) return;
      ++at_;
    }
    if (peek() == ':') ++at_;
  }

  void skip_quoted(char quote) {
    ++at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == quote && quote == '\'' && peek(1) == quote) {
        ++at_;
      } else if (c == quote) {
        ++at_;
        return;
      }
      if (c == '\\' && quote == '"' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n') ++at_;
      if (c == '\n') {
        ++line_;
        line_start_ = at_ + 1;
      }
      ++at_;
    }
  }

  /// Skips the lines that are indented deeper than the line of the `|` or `>`, and empty ones.
  void skip_block_scalar() {
    skip_to_line_end();
    while (at_ < text_.size()) {
      const std::size_t start = at_ + 1;
      const std::size_t content = text_.find_first_not_of(' ', start);
      if (content == std::string_view::npos) break;
      const bool empty = text_[content] == '\n' || text_[content] == '\r';
      if (!empty && static_cast<int>(content - start) <= indent_) return;
      at_ = std::min(text_.find('\n', start), text_.size());
      ++line_;
      line_start_ = start;
    }
    at_ = text_.size();
  }

  const std::shared_ptr<const Origin>& origin_;
  std::string_view text_;
  const YamlLimits& limits_;
  std::size_t at_ = 0;
  std::size_t line_start_ = 0;
  int line_ = 1;
  int indent_ = 0;
  std::vector<OpenBracket> brackets_;
};

Place place_of(const std::shared_ptr<const Origin>& origin, std::size_t offset) {
  const std::string_view before = std::string_view(origin->text).substr(0, offset);
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return {.origin = origin,
          .line = static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
          .column = static_cast<int>(offset - line_start) + 1};
}

void check_bytes(const std::shared_ptr<const Origin>& origin) {
  const std::string& text = origin->text;
  const std::size_t invalid = find_invalid_utf8(text);
  if (invalid != std::string::npos) throw InputError(place_of(origin, invalid), "is not UTF-8 text");
  const auto control = std::find_if(text.begin(), text.end(), [](char c) {
    return (c >= 0 && c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F;
  });
  if (control != text.end()) {
    throw InputError(place_of(origin, static_cast<std::size_t>(control - text.begin())),
                     fmt::format("the control character {} is not text", in_quotes({&*control, 1})));
  }
}

}  // namespace

InputError too_deep(Place place, const YamlLimits& limits) {
  return InputError(std::move(place), fmt::format("lists and maps are nested deeper than {}", limits.depth));
}

std::optional<OpenBracket> guard_yaml(const std::shared_ptr<const Origin>& origin, const YamlLimits& limits) {
  if (origin->text.size() > limits.bytes) {
    throw InputError(
        {.origin = origin},
        fmt::format("is larger than {} MiB, which no YAML file for this program is", limits.bytes >> 20));
  }
  check_bytes(origin);
  return Guard(origin, limits).run();
}

}  // namespace stagecraft
