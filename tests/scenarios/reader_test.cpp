#include "scenarios/reader/reader.h"

#include <catch2/catch.hpp>

using namespace stagecraft;

namespace {

/// The first line of what `explain` prints: the key and its help.
std::string help_of(const std::string& key) {
  const std::string text = explain_scenario_key(key);
  return text.substr(0, text.find('\n'));
}

}  // namespace

TEST_CASE("the help of a key stands alone", "[property]") {
  for (const std::string& key : scenario_keys()) {
    INFO(help_of(key));
    CHECK(help_of(key).find(": the same") == std::string::npos);
  }
}

TEST_CASE("a collective's start has no kernel launch in it, which kernel_gap counts", "[golden]") {
  CHECK(
      help_of("costs.roofline.collectives.start") ==
      "costs.roofline.collectives.start: of every collective: the first handshake, without the launch of its "
      "kernel");
}
