// Ring: Thakur, Rabenseifner and Gropp, IJHPCA 19(1), 2005; tree: Sanders, Speck and Traeff, Parallel
// Computing 35, 2009. The alpha-beta terms are written out at the declarations.
#include "models/collectives.h"

#include <algorithm>
#include <bit>

namespace stagecraft {
namespace {

struct Path {
  double latency;           ///< seconds of one step
  double bytes_per_second;  ///< of a group member's share
};

Path path_of(const Group& group, const Cluster& cluster, const CollectiveConstants& constants) {
  const double intra = cluster.intra.bandwidth.per_second * constants.intra_efficiency;
  if (group.nodes <= 1) return {to_seconds(cluster.intra.latency), intra};
  // Every member drives its own network card, so a ring through all of them has as many lanes.
  const double inter =
      cluster.inter.bandwidth.per_second * constants.inter_efficiency * static_cast<double>(group.per_node);
  return {to_seconds(cluster.inter.latency), group.per_node > 1 ? std::min(intra, inter) : inter};
}

/// ceil(log2 n) in integers: the same on every machine. REQUIRES: n >= 1.
int tree_depth(std::int64_t n) {
  return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(n) - 1));
}

}  // namespace

double collective_seconds(Collective collective, double bytes, const Group& group, const Cluster& cluster,
                          const CollectiveConstants& constants) {
  if (collective == Collective::None || group.size <= 1) return 0;
  const auto n = static_cast<double>(group.size);
  const auto [latency, rate] = path_of(group, cluster, constants);
  const double passes = collective == Collective::AllReduce ? 2 : 1;
  const double ring = passes * (n - 1) * latency + passes * (n - 1) / n * bytes / rate;
  const double tree = 2 * tree_depth(group.size) * latency + 2 * bytes / rate;
  const double best = collective == Collective::AllReduce ? std::min(ring, tree) : ring;
  return to_seconds(constants.start) + best;
}

double message_seconds(double bytes, bool across_nodes, const Cluster& cluster,
                       const CollectiveConstants& constants) {
  const Link& link = across_nodes ? cluster.inter : cluster.intra;
  const double efficiency = across_nodes ? constants.inter_efficiency : constants.intra_efficiency;
  return to_seconds(link.latency) + bytes / (link.bandwidth.per_second * efficiency);
}

}  // namespace stagecraft
