#include <catch2/catch.hpp>

#include "command_line.h"

using namespace stagecraft;

namespace {

/// Products whose times are twice what the roofline with its first constants gives, to three digits.
constexpr const char* kProducts =
    "m,n,k,us\n"
    "1,4096,4096,23.5\n"
    "1,4096,8192,40.9\n"
    "1,8192,4096,40.9\n"
    "1,8192,8192,75.9\n"
    "1,1024,4096,10.4\n"
    "1,4096,1024,10.4\n"
    "4096,4096,4096,354\n"
    "4096,4096,8192,702\n"
    "4096,8192,4096,702\n"
    "4096,8192,8192,1400\n"
    "4096,1024,4096,94.3\n"
    "4096,4096,1024,94.6\n";

}  // namespace

TEST_CASE("a fit reports its held-out error and writes a table that is fitted again", "[golden]") {
  const TemporaryFolder folder;
  write_text("products_bf16.csv", kProducts);
  const Output output = run_program(
      {"fit", "products_bf16.csv", "--device", "h200", "--source", "made up", "--output", "t.yaml"});
  CHECK(output.err.empty());
  REQUIRE(output.status == 0);
  CHECK(output.out.starts_with("gemm bf16: 12 rows\n  Roofline   "));
  CHECK(output.out.ends_with("Written t.yaml\n"));
  const std::string table = read_text("t.yaml");
  CHECK(table.starts_with("stagecraft_table: 1\ndevice: h200\nsource: \"made up\"\n"));
  CHECK(table.find("\n4096,4096,23.5,354\n") != std::string::npos);
  CHECK(folder.names() == std::vector<std::string>{"products_bf16.csv", "t.yaml"});
}

TEST_CASE("a fit that cannot be is refused and writes nothing", "[error]") {
  const TemporaryFolder folder;
  write_text("products.csv", kProducts);
  const auto error = [](std::vector<std::string> words) {
    words.insert(words.begin(), "fit");
    words.insert(words.end(), {"--output", "t.yaml"});
    const Output output = run_program(words);
    CHECK(output.status == 2);
    return output.err.substr(0, output.err.find('\n'));
  };
  CHECK(error({}) == "stagecraft: error: `stagecraft fit` needs tables of measured kernels");
  CHECK(error({"products.csv"}) ==
        "stagecraft: error: `stagecraft fit` needs '--device', the GPU that was measured, such as h200");
  CHECK(error({"products.csv", "--device", "h2000"}) ==
        "stagecraft: error: unknown device 'h2000'; see `stagecraft list devices`");
  CHECK(error({"products.csv", "--device", "h200"}) ==
        "stagecraft: error: which number format has 'products.csv'? Say '--format bf16', fp16 or fp8");
  CHECK(error({"missing.csv", "--device", "h200", "--format", "bf16"}) ==
        "missing.csv: error: cannot be read: No such file or directory");
  CHECK(error({"products.csv", "--device", "h200", "--format", "bf16", "--thin", "2"}) ==
        "stagecraft: error: option '--thin' needs a percentage such as 1.5%, got '2'");
  CHECK(error({"products.csv", "--device", "h200", "--format", "int4"}) ==
        "stagecraft: error: option '--format' must be bf16, fp16 or fp8, got 'int4'");
  CHECK(error({"products.csv", "--device", "a100-80", "--format", "fp8"}) == "a100-80 has no fp8 arithmetic");
  CHECK(folder.names() == std::vector<std::string>{"products.csv"});
}
