// A libFuzzer program: any bytes are a YAML tree that survives writing and reading, or an InputError; and any
// bytes are a quantity that survives printing, or a QuantityError. Build with clang and -DSTAGECRAFT_FUZZ=ON.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/quantity.h"
#include "base/yaml.h"
#include "sample_fields.h"

namespace {

using namespace stagecraft;

void require(bool condition) {
  if (!condition) std::abort();
}

template <class Q>
void check_quantity(std::string_view text) {
  Q value{};
  try {
    value = parse_quantity<Q>(text);
  } catch (const QuantityError&) {
    return;
  }
  require(parse_quantity<Q>(exact_text(value)) == value);
  (void)to_text(value);
}

void check_override(const NodePtr& root, const std::string& text) {
  try {
    const NodePtr changed = apply_override(root, text);
    (void)read<sample::Scenario>(*changed);
  } catch (const InputError&) {
  }
}

void check_yaml(const std::string& text) {
  check_override(parse_yaml("{pipeline: {stages: 4}, links: [{}]}", "base.yaml"), text);
  NodePtr root;
  try {
    root = parse_yaml(text, "fuzz.yaml", {.bytes = 1 << 20, .depth = 64, .nodes = 10'000});
  } catch (const InputError&) {
    return;
  }
  const std::string written = to_yaml(*root);
  require(to_yaml(*parse_yaml(written, "again.yaml")) == written);
  try {
    const auto scenario = read<sample::Scenario>(*root);
    require(read<sample::Scenario>(*parse_yaml(to_yaml(scenario), "scenario.yaml")) == scenario);
  } catch (const InputError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check_quantity<stagecraft::Duration>(text);
  check_quantity<stagecraft::Bytes>(text);
  check_quantity<stagecraft::ByteRate>(text);
  check_quantity<stagecraft::Flops>(text);
  check_quantity<stagecraft::FlopRate>(text);
  check_yaml(text);
  return 0;
}
