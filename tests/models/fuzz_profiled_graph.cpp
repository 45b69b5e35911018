// A libFuzzer program: any bytes are a profiled graph that check() accepts and that survives writing and
// reading as YAML, or an InputError. Build with clang and -DSTAGECRAFT_FUZZ=ON.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "models/profiled_readers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stagecraft;
  const std::string text(reinterpret_cast<const char*>(data), size);
  ProfiledGraph graph;
  try {
    graph = parse_profiled_graph(text, "fuzz");
  } catch (const InputError&) {
    return 0;
  }
  check(graph);
  if (shape_of(graph).depth < 1) std::abort();
  if (parse_graph_yaml(to_yaml(graph), "again.yaml") != graph) std::abort();
  return 0;
}
