#include "models/graph_json.h"

namespace stagecraft {

std::int64_t count_or_0(const JsonValue& object, std::string_view key) {
  const auto found = object.find(key);
  if (!found) return 0;
  found->amount(key, 1e15);
  return found->integer(key);
}

double amount_or_0(const JsonValue& object, std::string_view key, double most) {
  const auto found = object.find(key);
  return found ? found->amount(key, most) : 0;
}

std::string id_of(const JsonValue& object, std::string_view key) {
  return fmt::format_int(object.member(key).integer(key)).str();
}

int node_of(const JsonValue& object, std::string_view key, const GraphBuilder& builder) {
  const std::string id = id_of(object, key);
  const int node = builder.find(id);
  if (node < 0) throw InputError(object.member(key).place(), no_such_node(id));
  return node;
}

}  // namespace stagecraft
