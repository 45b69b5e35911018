#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stagecraft {

struct QuantityKind;

/// One key as data, for everything that documents keys.
struct FieldInfo {
  enum class Type { Integer, Number, Boolean, Text, Name, Quantity, Struct };
  enum class Shape { One, List, OneOrMany };

  std::string key;
  std::string help;
  Type type = Type::Text;
  Shape shape = Shape::One;
  bool required = false;
  std::string minimum;  ///< as written in YAML; empty: none. So are the other texts
  std::string maximum;
  bool above_zero = false;
  std::string default_value;  ///< in flow style; empty: not set
  std::string example;
  std::vector<std::string_view> names;     ///< of Type::Name
  const QuantityKind* quantity = nullptr;  ///< of Type::Quantity
  std::vector<FieldInfo> children{};       ///< of Type::Struct
};

/// The keys of one struct, in the order of their records.
struct StructInfo {
  std::string name{};
  std::vector<FieldInfo> fields{};
};

/// JSON Schema, draft 7, of a file that holds the struct. Unknown keys are not allowed.
std::string json_schema(const StructInfo& info);

/// Every dotted key; the entries of a list have N for the index: "stages.N.layers". For completion.
std::vector<std::string> dotted_keys(const StructInfo& info);

/// What a dotted key means: type, unit, bounds, default, help; for a struct also its keys. N and any index
/// stand for every entry of a list. Throws InputError for an unknown key, with "did you mean".
std::string explain_key(const StructInfo& info, std::string_view dotted_key);

}  // namespace stagecraft
