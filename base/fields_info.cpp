#include "base/fields_info.h"

#include <fmt/core.h>

#include <algorithm>
#include <span>

#include "base/error.h"
#include "base/json.h"
#include "base/quantity.h"
#include "base/suggest.h"
#include "base/text.h"

namespace stagecraft {
namespace {

using Type = FieldInfo::Type;
using Shape = FieldInfo::Shape;

// --- JSON Schema -----------------------------------------------------------------------------------------

/// A value of the type as JSON: numbers and truth values as they are, the rest as strings.
void write_json_value(JsonWriter& json, Type type, const std::string& text) {
  const bool literal = type == Type::Integer || type == Type::Number || type == Type::Boolean;
  literal ? json.raw(text) : json.value(text);
}

void write_struct(JsonWriter& json, std::span<const FieldInfo> fields);

void write_bounds(JsonWriter& json, const FieldInfo& field) {
  if (field.type != Type::Integer && field.type != Type::Number) return;
  if (!field.minimum.empty()) json.key("minimum").raw(field.minimum);
  if (field.above_zero) json.member("exclusiveMinimum", 0);
  if (!field.maximum.empty()) json.key("maximum").raw(field.maximum);
}

/// The keywords of one value, without its description, into an open object.
void write_type(JsonWriter& json, const FieldInfo& field) {
  switch (field.type) {
    case Type::Struct:
      return write_struct(json, field.children);
    case Type::Integer:
      json.member("type", "integer");
      break;
    case Type::Number:
      json.member("type", "number");
      break;
    case Type::Boolean:
      json.member("type", "boolean");
      break;
    case Type::Name:
      json.key("enum").begin_array();
      for (const std::string_view name : field.names) json.value(name);
      json.end_array();
      break;
    case Type::Quantity:
      json.member("type", "string").member("pattern", quantity_pattern(*field.quantity));
      break;
    case Type::Text:
      json.member("type", "string");
      break;
  }
  write_bounds(json, field);
}

void write_list_type(JsonWriter& json, const FieldInfo& field) {
  json.member("type", "array").key("items").begin_object();
  write_type(json, field);
  json.end_object();
}

std::string example_of(const FieldInfo& field) {
  if (!field.example.empty() || field.type != Type::Quantity) return field.example;
  return std::string(field.quantity->example);
}

std::string description(const FieldInfo& field);

/// A default that is a list is left out: only its words in flow style are known here.
void write_default(JsonWriter& json, const FieldInfo& field) {
  const std::string& text = field.default_value;
  if (text.empty() || text.front() == '[') return;
  json.key("default");
  text.front() == '"' ? (void)json.raw(text) : write_json_value(json, field.type, text);
}

void write_examples(JsonWriter& json, const FieldInfo& field) {
  const std::string example = example_of(field);
  if (example.empty() || field.type == Type::Struct || example.front() == '[') return;
  json.key("examples").begin_array();
  write_json_value(json, field.type, example);
  json.end_array();
}

void write_one_or_many(JsonWriter& json, const FieldInfo& field) {
  json.key("anyOf").begin_array().begin_object();
  write_type(json, field);
  json.end_object().begin_object();
  write_list_type(json, field);
  json.member("minItems", 1).end_object().end_array();
}

void write_field(JsonWriter& json, const FieldInfo& field) {
  json.key(field.key).begin_object().member("description", description(field));
  if (field.shape == Shape::One) write_type(json, field);
  if (field.shape == Shape::List) write_list_type(json, field);
  if (field.shape == Shape::OneOrMany) write_one_or_many(json, field);
  if (field.shape != Shape::List) {
    write_default(json, field);
    write_examples(json, field);
  }
  json.end_object();
}

void write_struct(JsonWriter& json, std::span<const FieldInfo> fields) {
  json.member("type", "object").member("additionalProperties", false);
  json.key("properties").begin_object();
  for (const FieldInfo& field : fields) write_field(json, field);
  json.end_object();
  if (std::none_of(fields.begin(), fields.end(), [](const FieldInfo& f) { return f.required; })) return;
  json.key("required").begin_array();
  for (const FieldInfo& field : fields)
    if (field.required) json.value(field.key);
  json.end_array();
}

// --- words -----------------------------------------------------------------------------------------------

std::string type_words(const FieldInfo& field) {
  switch (field.type) {
    case Type::Integer:
      return "an integer";
    case Type::Number:
      return "a number";
    case Type::Boolean:
      return "true or false";
    case Type::Text:
      return "text";
    case Type::Name:
      return "one of " + join(field.names, ", ");
    case Type::Quantity:
      return fmt::format("{} in {}", field.quantity->name, join(field.quantity->units, " "));
    case Type::Struct:
      return "a map";
  }
  return {};
}

std::string bounds_words(const FieldInfo& field) {
  if (field.above_zero) return "more than 0" + (field.maximum.empty() ? "" : ", at most " + field.maximum);
  if (!field.minimum.empty() && !field.maximum.empty()) return field.minimum + " to " + field.maximum;
  if (!field.minimum.empty()) return "at least " + field.minimum;
  return field.maximum.empty() ? "" : "at most " + field.maximum;
}

std::string shaped_type_words(const FieldInfo& field) {
  std::string words = type_words(field);
  if (field.shape == Shape::List) words = "a list, each " + words;
  if (field.shape == Shape::OneOrMany) words += "; one for all or a list";
  const std::string bounds = bounds_words(field);
  return bounds.empty() ? words : words + "; " + bounds;
}

/// The schema says the rest in its own keywords; bounds of quantities it cannot.
std::string description(const FieldInfo& field) {
  return field.type == Type::Quantity ? fmt::format("{} ({})", field.help, shaped_type_words(field))
                                      : field.help;
}

// --- keys ------------------------------------------------------------------------------------------------

void collect_keys(std::span<const FieldInfo> fields, const std::string& prefix,
                  std::vector<std::string>& keys) {
  for (const FieldInfo& field : fields) {
    keys.push_back(prefix + field.key);
    if (field.type != Type::Struct) continue;
    collect_keys(field.children, prefix + field.key + (field.shape == Shape::List ? ".N." : "."), keys);
  }
}

bool is_index(std::string_view part) {
  return part == "N" || (!part.empty() &&
                         std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; }));
}

std::string_view take_part(std::string_view& dotted) {
  const std::size_t dot = dotted.find('.');
  const std::string_view part = dotted.substr(0, dot);
  dotted = dot == std::string_view::npos ? std::string_view() : dotted.substr(dot + 1);
  return part;
}

const FieldInfo* find_field(std::span<const FieldInfo> fields, std::string_view dotted) {
  const std::string_view part = take_part(dotted);
  for (const FieldInfo& field : fields) {
    if (field.key != part) continue;
    std::string_view rest = dotted;
    if (field.shape != Shape::One && is_index(rest.substr(0, rest.find('.')))) take_part(rest);
    if (rest.empty()) return &field;
    return field.type == Type::Struct ? find_field(field.children, rest) : nullptr;
  }
  return nullptr;
}

std::string line(std::string_view label, const std::string& text) {
  return text.empty() ? "" : fmt::format("\n  {:<9}{}", label, text);
}

}  // namespace

std::string json_schema(const StructInfo& info) {
  std::string text;
  JsonWriter json(text, 2);
  json.begin_object().member("$schema", "http://json-schema.org/draft-07/schema#").member("title", info.name);
  write_struct(json, info.fields);
  json.end_object().finish();
  return text;
}

std::vector<std::string> dotted_keys(const StructInfo& info) {
  std::vector<std::string> keys;
  collect_keys(info.fields, "", keys);
  return keys;
}

std::string explain_key(const StructInfo& info, std::string_view dotted_key) {
  const FieldInfo* field = find_field(info.fields, dotted_key);
  if (!field) {
    const std::vector<std::string> keys = dotted_keys(info);
    const std::vector<std::string_view> names(keys.begin(), keys.end());
    throw InputError(fmt::format("unknown key {}{}", in_quotes(dotted_key), did_you_mean(dotted_key, names)));
  }
  std::string text = fmt::format("{}: {}", dotted_key, field->help);
  text += line("type", shaped_type_words(*field));
  text += line("default", field->required ? "none, the key is required" : field->default_value);
  text += line("example", example_of(*field));
  if (field->type == Type::Struct) {
    for (const FieldInfo& child : field->children)
      text += fmt::format("\n    {:<22} {}", child.key, child.help);
  }
  return text + "\n";
}

}  // namespace stagecraft
