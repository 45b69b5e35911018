#include <catch2/catch.hpp>

#include "base/yaml.h"
#include "error_of.h"

using namespace stagecraft;

namespace {

std::string problem(const std::string& text) {
  return error_of([&] { parse_yaml(text, "a.yaml"); });
}

/// The first line of a message, for text that is too large to be quoted in a test.
std::string first_line(const std::string& text) {
  const std::string whole = problem(text);
  return whole.substr(0, whole.find('\n'));
}

std::string repeat(std::string_view text, std::size_t bytes) {
  std::string result;
  while (result.size() < bytes) result += text;
  return result;
}

}  // namespace

TEST_CASE("nesting deeper than 64 is refused, however it is written", "[error]") {
  const std::string deep = ": error: lists and maps are nested deeper than 64";
  CHECK(first_line(repeat("[", 100)) == "a.yaml:1:65" + deep);
  CHECK(first_line(repeat("{a: ", 400)) == "a.yaml:1:257" + deep);
  CHECK(first_line(repeat("- ", 200)) == "a.yaml:1:129" + deep);
  CHECK(first_line("a:\n  " + repeat("- ", 200)) == "a.yaml:2:129" + deep);
  CHECK(first_line(repeat("[\n", 200)) == "a.yaml:65:1" + deep);
  CHECK(first_line(repeat("? ", 200)) == "a.yaml:1:3: error: a key must be plain text");
  std::string indented;
  for (std::size_t i = 0; i < 100; ++i) indented += std::string(i, ' ') + "a:\n";
  CHECK(first_line(indented) == "a.yaml:65:65" + deep);
  CHECK(first_line("a: " + repeat("[", 64) + repeat("]", 64)) == "a.yaml:1:67" + deep);
}

TEST_CASE("ten megabytes of brackets are refused", "[error]") {
  const std::size_t size = 10'000'000;  // what is quadratic takes hours, and the test's time runs out
  for (const char* pattern :
       {"[",   "{", "[\n", "- ", "? ", "[?",    "{a: ", "[]", ":",    ": ",   "*",     "&",
        "!",   "%", " ",   "\t", "\n", "# x\n", "'",    "\"", "'a' ", "[a: ", "---\n", "a: x\n  \"\n[[[",
        "|\n", ">", "@",   ",",  "a"}) {
    CAPTURE(pattern);
    const std::string text = repeat(pattern, size);
    CHECK(first_line(text).starts_with("a.yaml:"));
  }
}

TEST_CASE("a file of more than 16 MiB is refused", "[error]") {
  CHECK(problem(std::string((16 << 20) + 1, '#')) ==
        "a.yaml: error: is larger than 16 MiB, which no YAML file for this program is");
  const YamlLimits small{.bytes = 1 << 20};
  CHECK(error_of([&] { parse_yaml(std::string((1 << 20) + 1, '#'), "a.yaml", small); }) ==
        "a.yaml: error: is larger than 1 MiB, which no YAML file for this program is");
}

TEST_CASE("aliases that multiply are counted before they are used", "[error]") {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string alias = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + alias;
    for (int j = 1; j < 10; ++j) bomb += ", " + alias;
    bomb += "]\n";
  }
  // a0 has 11 values, a_i = 1 + 10 a_{i-1}: a4 has 111111, all before a5 123456; the 8th a4 passes a million.
  CHECK(problem(bomb) ==
        "a.yaml:6:45: error: holds more than 1000000 values, aliases counted as often as used\n"
        "    6 | a5: &a5 [*a4, *a4, *a4, *a4, *a4, *a4, *a4, *a4, *a4, *a4]\n"
        "      |                                             ^");
  CHECK(first_line(repeat("- 1\n", 4'400'000)) ==
        "a.yaml:1000000:3: error: holds more than 1000000 values, aliases counted as often as used");
}

TEST_CASE("text without an end to its value is refused before it fills the memory", "[error]") {
  CHECK(problem("a: " + std::string(5 << 20, 'x')) ==
        "a.yaml: error: has 2 MiB of text without the end of a value; put values on lines of their own, "
        "without "
        "brackets around all");
  CHECK(problem("a: " + std::string(1 << 20, 'x')) == "no error");
}
