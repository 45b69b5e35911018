#include "base/json_tree.h"

#include <catch2/catch.hpp>

#include "error_of.h"

using namespace stagecraft;

TEST_CASE("a JSON tree gives values, escapes and places") {
  const JsonValue root =
      parse_json("{\"a\": [1, -2.5e3,\n 7], \"b\": \"x\\u00e9\\\"\", \"c\": {}}", "t.json");
  std::vector<double> numbers;
  root.member("a").each_item([&](const JsonValue& item) { numbers.push_back(item.number("a")); });
  CHECK(numbers == std::vector<double>{1, -2500, 7});
  CHECK(root.member("a").items() == 3);
  CHECK(root.member("b").string("b") == "x\xC3\xA9\"");
  CHECK(root.member("c").items() == 0);
  CHECK_FALSE(root.find("d"));
  CHECK(to_string(root.member("c").place()) == "t.json:2:29");
  CHECK(to_string(parse_json("12", "t.json").place()) == "t.json:1:1");
}

TEST_CASE("numbers of a JSON tree are the nearest doubles", "[oracle]") {
  // python3: 0.1 + 0.2, and the smallest that is not 0; a smaller one becomes 0.
  const JsonValue root = parse_json("[0.30000000000000004, 5e-324, 1e-400, 4.0]", "t.json");
  std::vector<double> numbers;
  root.each_item([&](const JsonValue& item) { numbers.push_back(item.number("x")); });
  CHECK(numbers == std::vector<double>{0.1 + 0.2, 5e-324, 0, 4});
}

TEST_CASE("what a JSON tree refuses", "[error]") {
  const auto error = [](const std::string& text, const JsonLimits& limits = {}) {
    return error_of([&] { parse_json(text, "t.json", limits); });
  };
  CHECK(error("") ==
        "t.json:1:1: error: is not valid JSON: unexpected end of input; expected '[', '{', or a literal\n"
        "    1 | \n"
        "      | ^");
  CHECK(error("[1,\n  nul]") ==
        "t.json:2:6: error: is not valid JSON: invalid literal; last read: '1,<U+000A>  nul]'\n"
        "    2 |   nul]\n"
        "      |      ^");
  CHECK(error("[1e999]") ==
        "t.json:1:6: error: is not valid JSON: number overflow parsing '1e999'\n"
        "    1 | [1e999]\n"
        "      |      ^");
  CHECK(error("[[[]]]", {.depth = 2}) ==
        "t.json:1:3: error: is nested deeper than 2 levels\n"
        "    1 | [[[]]]\n"
        "      |   ^");
  CHECK(error("[1, 2, 3]", {.values = 3}) ==
        "t.json:1:8: error: is too large: more than 3 values\n"
        "    1 | [1, 2, 3]\n"
        "      |        ^");
  CHECK(error("[1, 2, 3]", {.bytes = 3}) == "t.json: error: is too large: more than 3 bytes");
}

TEST_CASE("a JSON value of the wrong kind is shown where it stands", "[error]") {
  const JsonValue root = parse_json(R"({"a": "x", "b": 1.5, "a": -1})", "t.json");
  CHECK(error_of([&] { root.find("a"); }).starts_with("t.json:1:22: error: 'a' is given twice\n"));
  CHECK(error_of([&] { root.member("c"); }).starts_with("t.json:1:1: error: 'c' is missing\n"));
  const JsonValue b = root.member("b");
  CHECK(error_of([&] {
          b.integer("b");
        }).starts_with("t.json:1:17: error: 'b' must be a whole number, got '1.5'\n"));
  CHECK(error_of([&] { b.string("b"); }).starts_with("t.json:1:17: error: 'b' must be a text, got '1.5'\n"));
  CHECK(error_of([&] {
          b.amount("b", 1);
        }).starts_with("t.json:1:17: error: 'b' must be at most 1, got '1.5'\n"));
  CHECK(error_of([&] {
          root.number("r");
        }).starts_with("t.json:1:1: error: 'r' must be a number, got an object\n"));
}
