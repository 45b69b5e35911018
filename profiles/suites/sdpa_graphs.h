#pragma once

#include "profiles/suites/cudnn_descriptor.h"
#include "profiles/suites/sdpa.h"

namespace stagecraft {

/// What names attention's data when a graph runs. Statistics (fp32, a number for each query and head) and the
/// mask's number are of the causal graph only.
enum AttentionId : std::int64_t { kQuery = 1, kKeys, kValues, kOutput, kScale, kStatistics, kMasked };

/// The graph of an operation, and the descriptors that it is made of.
struct DescribedGraph {
  std::vector<std::unique_ptr<Descriptor>> parts;
  std::unique_ptr<Descriptor> graph;
};

/// cuDNN's own operation, without a mask. Throws NotHere.
DescribedGraph unmasked_graph(const AttentionSizes& sizes);

/// Causal: query i sees keys 0 to i; as many queries as keys. Products, index comparison and softmax as
/// operations of their own, which cuDNN knows as attention and fuses into one kernel: as of 9.19 only where
/// the softmax's statistics are written. Throws NotHere.
DescribedGraph causal_graph(const AttentionSizes& sizes);

}  // namespace stagecraft
