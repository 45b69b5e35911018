#pragma once

#include "base/units.h"
#include "models/cluster.h"
#include "models/operator_graph.h"
#include "models/strategy.h"

namespace stagecraft {

/// What collectives reach of the links' datasheets, and what they cost apart from bytes.
struct CollectiveConstants {
  /// Share of the intra-node bandwidth that large messages reach. Fitted, see RooflineConstants.
  double intra_efficiency = 0.765;
  /// Share of the network bandwidth that large messages reach: assumed, 22.5 of 25 GB/s on HDR InfiniBand.
  double inter_efficiency = 0.9;
  /// Every collective: the first handshake. The launch of its kernel is not in it: RooflineConstants has that
  /// for the kernels of a pass (kernel_gap, host_launch). Assumed.
  Duration start{5000};
  bool operator==(const CollectiveConstants&) const = default;
};

/// Seconds of a collective over `group` whose whole tensor has `bytes` bytes, on every device:
///   ring: steps * latency + volume / bandwidth,  steps = 2(n-1), volume = 2(n-1)/n bytes for all-reduce,
///         half of both for all-gather and reduce-scatter;
///   tree (all-reduce only): 2 ceil(log2 n) latency + 2 bytes / bandwidth;
/// the faster of the two, plus `start`. The bandwidth of a group inside one node is that of `intra`; across
/// nodes the smaller of it and of the network cards of the group's members on one node.
/// Source: Thakur, Rabenseifner and Gropp, "Optimization of Collective Communication Operations in MPICH",
/// IJHPCA 19(1), 2005 (ring); Sanders, Speck and Traeff, "Two-tree algorithms", Parallel Computing 35, 2009.
double collective_seconds(Collective collective, double bytes, const Group& group, const Cluster& cluster,
                          const CollectiveConstants& constants = {});

/// Seconds of one message between two devices.
double message_seconds(double bytes, bool across_nodes, const Cluster& cluster,
                       const CollectiveConstants& constants = {});

}  // namespace stagecraft
