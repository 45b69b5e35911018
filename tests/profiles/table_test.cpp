#include <catch2/catch.hpp>

#include "base/error.h"
#include "models/kernel_table.h"

using namespace stagecraft;

namespace {

constexpr const char* kHeader =
    "stagecraft_table: 1\n"
    "device: h200\n"
    "source: a test\n"
    "sections:\n"
    "  - {family: gemm, latency_us: 3, flops_share: 0.8, bytes_share: 0.7, deviation_scale: 0.2}\n";
constexpr const char* kBody =
    "---\n"
    "gemm bf16\n"
    "n,k,m=1,m=64\n"
    "4096,4096,13.3,\n"
    "4096,8192,22.1,23.5\n";

std::string error_of(const std::string& text) {
  try {
    parse_kernel_table(text, "t.yaml");
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a table's times stand where its lines and columns say", "[profiles]") {
  const KernelTable table = parse_kernel_table(std::string(kHeader) + kBody, "t.yaml");
  CHECK(table.device == "h200");
  REQUIRE(table.sections.size() == 1);
  const KernelSection& section = table.sections[0];
  CHECK(section.roofline == KernelRoofline{3, 0.8, 0.7});
  REQUIRE(section.rows.size() == 3);
  CHECK(section.rows[0].point == KernelPoint{{1}, {4096, 4096}});
  CHECK(section.rows[2].point == KernelPoint{{64}, {4096, 8192}});
  CHECK(section.rows[2].us == 23.5);
}

TEST_CASE("a table that was written reads back", "[profiles]") {
  KernelTable table = parse_kernel_table(std::string(kHeader) + kBody, "t.yaml");
  table.sections.push_back(table.sections[0]);
  KernelSection& attention = table.sections[1];
  attention.family = find_kernel_family("prefill-attention");
  attention.format = "fp8";
  attention.rows = {
      {{{1, 1024}, {32, 8, 128}}, 12.34}, {{{2, 64}, {32, 8, 128}}, 1e-3}, {{{2, 64}, {96, 96, 64}}, 41099}};
  const std::string text = to_text(table);
  const KernelTable again = parse_kernel_table(text, "again.yaml");
  CHECK(to_text(again) == text);
  CHECK(again.sections[1].rows.size() == 3);
  CHECK(again.sections[1].flops_per_s == Approx(1978.9e12));
}

TEST_CASE("a table that cannot be used is refused where it is wrong", "[profiles][error]") {
  CHECK(error_of(kHeader) == "t.yaml: error: is no kernel table: no line '---' ends its header");
  CHECK(error_of(std::string(kHeader) + "---\ngemm fp8\n") ==
        "t.yaml:7:1: error: here the section 'gemm bf16' must begin\n"
        "    7 | gemm fp8\n"
        "      | ^");
  CHECK(error_of(std::string(kHeader) + "---\ngemm bf16\nn,k,m=1,64\n1,2,3,4\n") ==
        "t.yaml:8:9: error: '64' is no load; it should begin with 'm='\n"
        "    8 | n,k,m=1,64\n"
        "      |         ^");
  CHECK(error_of(std::string(kHeader) + "---\ngemm bf16\nk,n,m=1\n1,2,3\n") ==
        "t.yaml:8:1: error: column 1 must be n\n"
        "    8 | k,n,m=1\n"
        "      | ^");
  CHECK(error_of(std::string(kHeader) + "---\ngemm bf16\nn,k,m=1\n1,2,3,4\n") ==
        "t.yaml:9:1: error: a row has 4 cells, its header 3\n"
        "    9 | 1,2,3,4\n"
        "      | ^");
  CHECK(error_of(std::string(kHeader) + "---\ngemm bf16\nn,k,m=1\n1,2,-3\n") ==
        "t.yaml:9:5: error: '-3' is no number above 0\n"
        "    9 | 1,2,-3\n"
        "      |     ^");
  CHECK(error_of(std::string(kHeader) + kBody + "more\n") ==
        "t.yaml:11:1: error: the header has no section for this\n"
        "   11 | more\n"
        "      | ^");
  CHECK(error_of("stagecraft_table: 2\n---\n").find("'stagecraft_table'") != std::string::npos);
}
