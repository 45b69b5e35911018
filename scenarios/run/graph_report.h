#pragma once

#include <string>
#include <string_view>

#include "models/profiled_graph.h"
#include "sim/report/graph.h"

namespace stagecraft {

/// A profiled graph in a few lines for people; `file` is where it was read.
std::string graph_summary(const ProfiledGraph& graph, const std::string& file);

/// The same numbers as one JSON object, in seconds and bytes. "forward_s" and "backward_s" are missing where
/// the file has only their sum, "time_s".
std::string graph_json(const ProfiledGraph& graph, const std::string& file, std::string_view version);

/// The graph for drawing: boxes say id, what the node does, time and output; groups are the kinds of its
/// nodes ("Conv2d"), or its passes where they are nodes of their own. None where kinds say nothing: all
/// alike, or nearly all different.
GraphPicture graph_picture(const ProfiledGraph& graph, const std::string& file);

/// A time and a size as people read them; also where they are too large for a Duration or Bytes.
std::string seconds_for_people(double seconds);
std::string bytes_for_people(double bytes);

}  // namespace stagecraft
