#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stagecraft {

/// The unit that a graph's times are in. They stay the numbers of the file: 0.1 ms as a double is not the
/// double of 0.0001 s, and a planner that is compared with somebody else's digits must add up the same ones.
enum class GraphTime : std::uint8_t { Seconds, Milliseconds, Microseconds, Nanoseconds };
inline constexpr int kGraphTimes = 4;
/// "s", "ms", "us", "ns".
std::string_view name(GraphTime unit);
/// How many of the unit a second has: 1, 1e3, 1e6, 1e9. Divide by it, as the other programs do.
double per_second(GraphTime unit);

/// No time of a graph is above this, and no number of bytes above that: sums stay finite, and every graph can
/// be written as YAML and read again.
inline constexpr double kMostGraphSeconds = 1e9;
inline constexpr double kMostGraphBytes = 1e18;

/// One way to run a node, as Piper profiles several: a tensor-parallel degree, with or without recomputation
/// (Tarnawski et al., "Piper: Multidimensional Planner for DNN Parallelization", NeurIPS 2021; there a TMPC).
/// Memory of a device: microbatch_bytes * micro-batches in flight + fixed_bytes.
struct ProfiledVariant {
  int node = 0;                 ///< index into ProfiledGraph::nodes
  int tensor = 1;               ///< tensor-parallel degree, >= 1
  bool recompute = false;       ///< activations are made again in the backward pass
  std::string name;             ///< as the file calls it: "vanilla", "activation recomp"
  double time = 0;              ///< forward and backward of one micro-batch, in the graph's unit
  double parameter_bytes = 0;   ///< on each device
  double microbatch_bytes = 0;  ///< kept per micro-batch in flight (Piper's memoryUsageA)
  double fixed_bytes = 0;       ///< kept anyhow: weights, gradients, optimizer (Piper's memoryUsageB)
  /// Where sync_bytes of the graph begins to hold what is exchanged beside the tensor itself: an entry for
  /// each edge into the node, then one for each out of it, in the order of ProfiledGraph::edges.
  std::size_t first_sync = 0;
  bool operator==(const ProfiledVariant&) const = default;
};

/// A layer or operator. What a file does not say is 0, or -1 where that is noted.
struct ProfiledNode {
  std::string id;           ///< as edges name it; unique, never empty
  std::string description;  ///< "Conv2d(3, 64, kernel_size=(3, 3))"; may be empty
  double forward = 0;       ///< in the graph's unit; with both_passes forward and backward together
  double backward = 0;      ///< in the graph's unit
  double output_bytes = 0;  ///< the tensor that its readers get; backward, a gradient as large comes back
  double parameter_bytes = 0;
  double memory_bytes = 0;        ///< all that it holds on its device (dnn-partitioning's size)
  double cpu_time = 0;            ///< its time on a CPU (dnn-partitioning), in the graph's unit
  std::int64_t colour = -1;       ///< nodes of one colour share a device (dnn-partitioning); -1: none
  std::int64_t stage = -1;        ///< that the file puts it into; -1: none
  bool is_gradient = false;       ///< a node of the backward pass (dnn-partitioning); its time is `backward`
  bool needs_cpu = false;         ///< accelerators cannot run it (dnn-partitioning)
  std::size_t first_variant = 0;  ///< into ProfiledGraph::variants
  std::size_t variants = 0;       ///< how many
  bool operator==(const ProfiledNode&) const = default;

  double time() const { return forward + backward; }
};

/// `to` reads what `from` computes: indices into ProfiledGraph::nodes.
struct ProfiledEdge {
  int from = 0;
  int to = 0;
  double bytes = 0;  ///< sent; where the file does not say, output_bytes of `from`
  double time = 0;   ///< of the transfer, where the file gives that (dnn-partitioning's cost); graph's unit
  bool operator==(const ProfiledEdge&) const = default;
};

/// The devices that a file was made for; 0 where it does not say.
struct ProfiledDevices {
  std::int64_t accelerators = 0;
  std::int64_t cpus = 0;
  double memory_bytes = 0;         ///< of an accelerator
  double bytes_per_s = 0;          ///< between two
  std::int64_t micro_batches = 0;  ///< of a batch
  bool operator==(const ProfiledDevices&) const = default;
};

/// A directed acyclic graph of profiled nodes, in the order of its file. Times and bytes are those of what
/// was profiled: a micro-batch (Piper, dnn-partitioning) or a whole mini-batch (PipeDream).
struct ProfiledGraph {
  std::string name;
  GraphTime unit = GraphTime::Seconds;
  bool both_passes = false;  ///< the file has one time for forward and backward: `forward` holds it
  ProfiledDevices devices;
  std::vector<ProfiledNode> nodes;
  std::vector<ProfiledEdge> edges;
  std::vector<ProfiledVariant> variants;  ///< grouped by node, in its order
  std::vector<double> sync_bytes;         ///< of the variants
  bool operator==(const ProfiledGraph&) const = default;

  double seconds(double time) const { return time / per_second(unit); }
  std::span<const ProfiledVariant> variants_of(int node) const;
};

/// The edges of each node as flat arrays, in the order of ProfiledGraph::edges. O(nodes + edges) to make.
struct GraphIndex {
  std::vector<int> out_begin, out_edges;  ///< edges out of v: out_edges[out_begin[v]] up to out_begin[v + 1]
  std::vector<int> in_begin, in_edges;

  std::span<const int> outgoing(int node) const;
  std::span<const int> incoming(int node) const;
  int nodes() const { return static_cast<int>(out_begin.size()) - 1; }
};

/// REQUIRES: every edge is between nodes of the graph.
GraphIndex index_of(const ProfiledGraph& graph);

/// Indices so that every node comes after those that it reads, in O(nodes + edges): sources in the order of
/// the file, then each node when the last of its inputs was placed. Throws ModelError for a cycle, which it
/// names: "a -> b -> a".
std::vector<int> topological_order(const ProfiledGraph& graph, const GraphIndex& index);

/// Throws ModelError (setting "graph") for what no graph may have: no nodes, an edge that leads nowhere or
/// back to its own node, two edges between the same nodes, a cycle; an id that is empty or that two nodes
/// share; a time or a number of bytes that is negative, not finite or above the bounds; text that is not
/// UTF-8 or has control characters; variants that are not grouped by node, or without their sync_bytes. Parts
/// that nothing connects are no error: see GraphShape.
void check(const ProfiledGraph& graph);

/// The length of the longest path that leads to each node: 0 for sources.
/// `order` is topological.
std::vector<int> levels(const ProfiledGraph& graph, const GraphIndex& index, std::span<const int> order);

/// The part of each node, where nothing connects it with another part; numbered from 0 by their first node.
std::vector<int> components(const ProfiledGraph& graph);

/// What a graph looks like.
struct GraphShape {
  int depth = 0;  ///< nodes on the longest path
  int width =
      0;  ///< most nodes of one level: no path connects them, so the largest antichain has at least that many
  int sources = 0;     ///< nodes that read nothing
  int sinks = 0;       ///< nodes that nothing reads
  int components = 0;  ///< parts that nothing connects
};
GraphShape shape_of(const ProfiledGraph& graph);

/// Sums over all nodes, added in the order of the file; times in the graph's unit.
struct GraphTotals {
  double forward = 0;
  double backward = 0;
  double parameter_bytes = 0;
  double memory_bytes = 0;
  double largest_output_bytes = 0;
  int largest_output = -1;  ///< the first node that has it; -1 where no output has a size
};
GraphTotals totals(const ProfiledGraph& graph);

}  // namespace stagecraft
