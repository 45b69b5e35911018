#include "profiles/suites/built_suites.h"

#include <array>

#include "profiles/suites/pass_timing.h"

namespace stagecraft {

namespace {

constexpr std::array kBuilt = {
    BuiltSuite{.name = "gemm", .make = gemm_case, .traced = true, .counted = true},
    BuiltSuite{.name = "copies", .make = copy_case, .traced = true, .counted = true},
    BuiltSuite{.name = "launch", .make = launch_case, .traced = false, .counted = false},
#ifdef STAGECRAFT_CUDNN
    BuiltSuite{.name = "attention", .make = attention_case, .traced = true, .counted = true},
#endif
    BuiltSuite{.name = "bandwidth", .make = bandwidth_case, .traced = true, .counted = true},
    BuiltSuite{.name = "interference", .make = interference_case, .traced = true, .counted = false},
#ifdef STAGECRAFT_CUDNN
    BuiltSuite{.name = "layer", .make = nullptr, .measure = measure_pass, .traced = true, .counted = false},
    BuiltSuite{
        .name = "decode-loop", .make = nullptr, .measure = measure_pass, .traced = true, .counted = false},
#endif
};

}  // namespace

std::vector<std::string_view> built_suites() {
  std::vector<std::string_view> names;
  for (const BuiltSuite& suite : kBuilt) names.push_back(suite.name);
  return names;
}

const BuiltSuite* find_built(std::string_view name) {
  for (const BuiltSuite& suite : kBuilt)
    if (suite.name == name) return &suite;
  return nullptr;
}

}  // namespace stagecraft
