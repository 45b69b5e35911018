#include "profiles/measurements.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "base/error.h"

using namespace stagecraft;

namespace {

const Device kDevice{.name = "toy", .half = {1e12}, .bandwidth = {1e12}};

/// A file that is gone when the test is over.
class TableFile {
 public:
  explicit TableFile(const std::string& text) : path_("stagecraft_table_test.csv") {
    std::ofstream(path_) << text;
  }
  ~TableFile() { std::filesystem::remove(path_); }
  TableFile(const TableFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string error_of(const std::string& text, const std::string& format = "bf16") {
  const TableFile file(text);
  try {
    read_measurements(file.path(), format, kDevice);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("columns are found by their names, in any order", "[profiles]") {
  const TableFile file("us,k,m,note,n\n1.5,32,1,x,64\n2.5,32,8,y,128\n");
  const KernelSection section = read_measurements(file.path(), "bf16", kDevice);
  CHECK(section.family->name == "gemm");
  REQUIRE(section.rows.size() == 2);
  CHECK(section.rows[1].us == 2.5);
  CHECK(section.rows[1].point == KernelPoint{{8}, {128, 32}});
  CHECK(section.flops_per_s == 1e12);
}

TEST_CASE("families of attention are told apart by their columns", "[profiles]") {
  const TableFile prefill("batch,seq,q_heads,kv_heads,head_dim,us\n2,1024,32,8,128,90\n");
  CHECK(read_measurements(prefill.path(), "bf16", kDevice).family->name == "prefill-attention");
  const TableFile verify("batch,kv_len,query,q_heads,kv_heads,head_dim,us\n2,1024,5,32,8,128,9\n");
  const KernelSection section = read_measurements(verify.path(), "bf16", kDevice);
  CHECK(section.family->name == "verify-attention");
  CHECK(section.rows[0].point == KernelPoint{{2, 1024, 5}, {32, 8, 128}});
  const TableFile decode("batch,kv_len,q_heads,kv_heads,head_dim,us\n2,1024,32,8,128,9\r\n");
  CHECK(read_measurements(decode.path(), "bf16", kDevice).family->name == "decode-attention");
}

TEST_CASE("tables that cannot be used are refused where they are wrong", "[profiles][error]") {
  CHECK(error_of("m,n,us\n1,2,3\n") ==
        "stagecraft_table_test.csv:1:1: error: the columns are those of no family of kernels\n"
        "    1 | m,n,us\n"
        "      | ^\n"
        "      = gemm: m,n,k,us\n"
        "      = prefill-attention: batch,sequence,q_heads,kv_heads,head_dim,us\n"
        "      = verify-attention: batch,kv_len,query,q_heads,kv_heads,head_dim,us\n"
        "      = decode-attention: batch,kv_len,q_heads,kv_heads,head_dim,us");
  CHECK(error_of("m,n,k,us\n1,2,3\n") ==
        "stagecraft_table_test.csv:2:1: error: a row has 3 cells, the header 4\n"
        "    2 | 1,2,3\n"
        "      | ^");
  CHECK(error_of("m,n,k,us\n1,2,3,4\n1,two,3,4\n") ==
        "stagecraft_table_test.csv:3:3: error: 'two' is no number above 0\n"
        "    3 | 1,two,3,4\n"
        "      |   ^");
  for (const char* time : {"0", "-1", "nan", "inf", "1e999", "", "1us"})
    CHECK(error_of(std::string("m,n,k,us\n1,2,3,") + time + "\n").find("is no number above 0") !=
          std::string::npos);
  CHECK(error_of("m,n,k,us\n") == "stagecraft_table_test.csv: error: has no row of times");
  CHECK(error_of("m,n,k,us\n1,2,3,4\n", "fp8") == "toy has no fp8 arithmetic");
  CHECK_THROWS_AS(read_measurements("no/such/table.csv", "bf16", kDevice), InputError);
}
