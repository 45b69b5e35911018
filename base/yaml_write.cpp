#include <fmt/core.h>

#include <algorithm>

#include "base/yaml.h"

namespace stagecraft {
namespace {

/// True where YAML, also an older reader of it, takes the word as text and not as null, a truth value or a
/// number.
bool is_plain_word(std::string_view text) {
  static constexpr std::string_view kReserved[] = {"null", "true", "false", "yes", "no",
                                                   "on",   "off",  "y",     "n"};
  if (text.empty() || text.size() > 60) return false;
  std::string lower;
  for (const char c : text) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (std::find(std::begin(kReserved), std::end(kReserved), lower) != std::end(kReserved)) return false;
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_inner = [&](char c) {
    return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '/';
  };
  // "1f1b" is a word; "1e5", "0x10" and "0o7" are numbers.
  const auto is_wordy = [&](char c) {
    return is_letter(c) && std::string_view("eExXoO_").find(c) == std::string_view::npos;
  };
  const bool word =
      is_letter(text[0]) ||
      (is_digit(text[0]) && std::any_of(text.begin(), text.end(), is_wordy) && !lower.starts_with("0x"));
  return word && std::all_of(text.begin(), text.end(), is_inner);
}

/// In double quotes, with escapes that YAML and JSON share.
std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

/// An unquoted scalar stays unquoted where that is certain to read back as the same text.
bool is_plain_value(std::string_view text) {
  const auto is_safe = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '+' || c == '.' || c == '/' || c == ' ';
  };
  if (text.empty() || text.front() == ' ' || text.back() == ' ') return false;
  if (text == "null" || text == "Null" || text == "NULL") return false;
  if (text.front() == '-' && (text.size() == 1 || text[1] == ' ' || text[1] == '-')) return false;
  return text.substr(0, 3) != "..." && std::all_of(text.begin(), text.end(), is_safe);
}

std::string scalar(const Node& node) {
  if (node.quoted) return is_plain_word(node.text) ? node.text : in_quotes(node.text);
  return is_plain_value(node.text) ? node.text : in_quotes(node.text);
}

std::string key_text(const std::string& key) {
  return is_plain_word(key) ? key : in_quotes(key);
}

bool is_block(const Node& node) {
  if (node.kind == Node::Kind::Map) return !node.entries.empty();
  return node.kind == Node::Kind::Sequence &&
         std::any_of(node.items.begin(), node.items.end(),
                     [](const NodePtr& item) { return is_block(*item); });
}

void write_block(const Node& node, std::size_t indent, std::string& out);

/// `first` is already indented by what stands before it on the line.
void write_map(const Node& map, std::size_t indent, std::string& out, bool first_on_line) {
  for (const MapEntry& entry : map.entries) {
    if (!first_on_line) out.append(indent, ' ');
    first_on_line = false;
    out += key_text(entry.key) + ':';
    if (is_block(*entry.value)) {
      out += '\n';
      write_block(*entry.value, indent + 2, out);
    } else {
      out += ' ' + to_flow_yaml(*entry.value) + '\n';
    }
  }
}

void write_list(const Node& list, std::size_t indent, std::string& out) {
  for (const NodePtr& item : list.items) {
    out.append(indent, ' ');
    out += "- ";
    if (item->kind == Node::Kind::Map && is_block(*item)) {
      write_map(*item, indent + 2, out, /*first_on_line=*/true);
    } else {
      out += to_flow_yaml(*item) + '\n';
    }
  }
}

void write_block(const Node& node, std::size_t indent, std::string& out) {
  if (node.kind == Node::Kind::Map) return write_map(node, indent, out, /*first_on_line=*/false);
  write_list(node, indent, out);
}

}  // namespace

std::string to_flow_yaml(const Node& node) {
  std::string out;
  switch (node.kind) {
    case Node::Kind::Null:
      return "null";
    case Node::Kind::Scalar:
      return scalar(node);
    case Node::Kind::Sequence:
      for (const NodePtr& item : node.items) out += (out.empty() ? "" : ", ") + to_flow_yaml(*item);
      return '[' + out + ']';
    case Node::Kind::Map:
      for (const MapEntry& entry : node.entries)
        out += (out.empty() ? "" : ", ") + key_text(entry.key) + ": " + to_flow_yaml(*entry.value);
      return '{' + out + '}';
  }
  return out;
}

std::string to_yaml(const Node& node) {
  if (!is_block(node)) return to_flow_yaml(node) + '\n';
  std::string out;
  write_block(node, 0, out);
  return out;
}

}  // namespace stagecraft
