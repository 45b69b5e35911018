#include <catch2/catch.hpp>

#include "command_line.h"

using namespace stagecraft;

TEST_CASE("ten megabytes of brackets are refused quickly", "[error]") {
  const TemporaryFolder folder;
  write_text("a.yaml", std::string(10'000'000, '['));
  const std::vector<std::string> before = folder.names();
  const Output output = run_program({"run", "a.yaml", "--json", "r.json"});
  CHECK(output.err ==
        "a.yaml:1:65: error: lists and maps are nested deeper than 64\n"
        "    1 | "
        "...[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
        "[[[...\n"
        "      |                                                      ^\n");
  CHECK(output.out == "");
  CHECK(output.status == 2);
  CHECK(folder.names() == before);
}

TEST_CASE("deep nesting is refused", "[error]") {
  const TemporaryFolder folder;
  write_text("a.yaml", "name: " + std::string(100, '[') + std::string(100, ']'));
  const std::vector<std::string> before = folder.names();
  const Output output = run_program({"run", "a.yaml", "--json", "r.json"});
  CHECK(output.err ==
        "a.yaml:1:71: error: lists and maps are nested deeper than 64\n"
        "    1 | "
        "...[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]"
        "]]]...\n"
        "      |                                                      ^\n");
  CHECK(output.out == "");
  CHECK(output.status == 2);
  CHECK(folder.names() == before);
}

TEST_CASE("a file larger than any scenario is refused", "[error]") {
  const TemporaryFolder folder;
  write_text("a.yaml", "# " + std::string(17 << 20, 'x'));
  const std::vector<std::string> before = folder.names();
  const Output output = run_program({"run", "a.yaml", "--json", "r.json"});
  CHECK(output.err == "a.yaml: error: is larger than 16 MiB, which no YAML file for this program is\n");
  CHECK(output.out == "");
  CHECK(output.status == 2);
  CHECK(folder.names() == before);
}
