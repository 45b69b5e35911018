#include "models/cost_sample.h"

#include <bit>

#include "base/random.h"

namespace stagecraft {

namespace {

/// FNV-1a over the bits of the numbers: http://www.isthe.com/chongo/tech/comp/fnv/.
std::uint64_t hash_of(std::span<const double> query) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const double value : query) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    for (int byte = 0; byte < 8; ++byte) hash = (hash ^ ((bits >> (8 * byte)) & 0xff)) * 0x100000001b3U;
  }
  return hash;
}

}  // namespace

double CostSample::factor(std::string_view kind, std::span<const double> query, double deviation) const {
  if (number == 0) return 1;
  const std::uint64_t question = stream_seed(seed, kind) ^ hash_of(query);
  RandomStream stream(question + static_cast<std::uint64_t>(number) * 0x9e3779b97f4a7c15U, "cost sample");
  return portable_exp(deviation * stream.normal());
}

}  // namespace stagecraft
