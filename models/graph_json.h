#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "base/json_tree.h"
#include "base/text.h"
#include "models/graph_builder.h"

/// What the readers of Piper's and of dnn-partitioning's JSON share: the two formats have one author.
namespace stagecraft {

ProfiledGraph piper_graph(const JsonValue& root, const std::string& name);
ProfiledGraph dnn_partitioning_graph(const JsonValue& root, const std::string& name);

/// A number of the header that a file may leave out.
std::int64_t count_or_0(const JsonValue& object, std::string_view key);
double amount_or_0(const JsonValue& object, std::string_view key, double most);

/// An id, written as a number; ids need not be in order.
std::string id_of(const JsonValue& object, std::string_view key);

/// Index of the node that `key` names. Throws InputError where there is none.
int node_of(const JsonValue& object, std::string_view key, const GraphBuilder& builder);

/// Adds root's "nodes"; read(JsonValue, ProfiledNode&) fills in what the format has beside id and name.
template <class Read>
void read_json_nodes(const JsonValue& root, GraphBuilder& builder, Read read) {
  const JsonValue nodes = root.member("nodes");
  nodes.expect(JsonValue::Kind::Array, "nodes");
  nodes.each_item([&](const JsonValue& json) {
    json.expect(JsonValue::Kind::Object, "nodes");
    ProfiledNode node{.id = id_of(json, "id")};
    if (const auto name = json.find("name")) node.description = name->string("name");
    read(json, node);
    const std::string id = node.id;
    if (!builder.add(std::move(node)))
      throw InputError(json.member("id").place(), fmt::format("the node {} is given twice", in_quotes(id)));
  });
}

/// Adds root's "edges"; read(JsonValue, ProfiledEdge&) fills in what the format has beside the ends.
template <class Read>
void read_json_edges(const JsonValue& root, GraphBuilder& builder, Read read) {
  const JsonValue edges = root.member("edges");
  edges.expect(JsonValue::Kind::Array, "edges");
  edges.each_item([&](const JsonValue& json) {
    json.expect(JsonValue::Kind::Object, "edges");
    ProfiledEdge edge{.from = node_of(json, "sourceId", builder), .to = node_of(json, "destId", builder)};
    read(json, edge);
    if (!builder.add(edge)) throw InputError(json.place(), "the edge is given twice");
  });
}

}  // namespace stagecraft
