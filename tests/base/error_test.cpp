#include "base/error.h"

#include <array>
#include <catch2/catch.hpp>

#include "base/suggest.h"
#include "base/text.h"

using namespace stagecraft;

namespace {

std::string at(const std::string& text, int line, int column, std::vector<std::string> hints = {}) {
  const auto origin = std::make_shared<const Origin>(Origin{.name = "a.yaml", .text = text});
  return InputError({.origin = origin, .line = line, .column = column}, "is wrong", std::move(hints)).what();
}

/// The part of the message behind the first line.
std::string excerpt(const std::string& text, int line, int column) {
  const std::string whole = at(text, line, column);
  return whole.substr(whole.find('\n') + 1);
}

}  // namespace

TEST_CASE("an error shows the place, the line, a caret and the hints", "[error]") {
  CHECK(at("pipeline:\n  stages: four\n", 2, 11, {"known keys: a, b", "set it"}) ==
        "a.yaml:2:11: error: is wrong\n"
        "    2 |   stages: four\n"
        "      |           ^\n"
        "      = known keys: a, b\n"
        "      = set it");
}

TEST_CASE("an error about a whole file or of the command line shows no line", "[error]") {
  CHECK(std::string(file_error("b.yaml", "no such file").what()) == "b.yaml: error: no such file");
  CHECK(std::string(file_error("b.yaml", "no", {"a hint"}).what()) == "b.yaml: error: no\n      = a hint");
  const auto option =
      std::make_shared<const Origin>(Origin{.name = "--set a=b", .is_option = true, .option_key = "a"});
  CHECK(std::string(InputError({.origin = option}, "must be an integer").what()) ==
        "--set a=b: must be an integer");
  CHECK(std::string(InputError("plain").what()) == "plain");
}

TEST_CASE("what an error quotes cannot drive a terminal", "[error]") {
  CHECK(std::string(file_error("a\x1b.yaml", "no 'x\x1b[31m'", {"did you mean '\xff\n'?"}).what()) ==
        "a\\x1b.yaml: error: no 'x\\x1b[31m'\n      = did you mean '\\xff\\n'?");
}

TEST_CASE("an error gives its parts", "[error]") {
  const auto origin = std::make_shared<const Origin>(Origin{.name = "a.yaml", .text = "x"});
  const InputError error({.origin = origin, .line = 1, .column = 1}, "is wrong", {"hint"});
  CHECK(error.message() == "is wrong");
  CHECK(error.hints() == std::vector<std::string>{"hint"});
  CHECK(to_string(error.place()) == "a.yaml:1:1");
}

TEST_CASE("a line ends before its carriage return, and the caret may stand behind the end", "[error]") {
  CHECK(excerpt("ab\r\ncd\r\n", 1, 3) == "    1 | ab\n      |   ^");
  CHECK(excerpt("ab", 1, 99) == "    1 | ab\n      |   ^");
  CHECK(excerpt("ab\n", 2, 1) == "    2 | \n      | ^");
  CHECK(excerpt("ab\n", 7, 1) == "    7 | \n      | ^");
}

TEST_CASE("tabs, control characters and invalid bytes in the line are escaped and the caret follows",
          "[error]") {
  CHECK(excerpt("\tx: 1", 1, 2) == "    1 | \\tx: 1\n      |   ^");
  CHECK(excerpt("\x1b[31mx", 1, 6) == "    1 | \\x1b[31mx\n      |         ^");
  CHECK(excerpt("\xff\xfe!", 1, 3) == "    1 | \\xff\\xfe!\n      |         ^");
  CHECK(excerpt("\xc2\x9b"
                "1",
                1, 3) == "    1 | \\xc2\\x9b1\n      |         ^");
}

TEST_CASE("columns are counted in characters, not in bytes", "[error]") {
  // The a-umlaut has two bytes: byte 5 is character 4.
  CHECK(at("\xc3\xa4: x", 1, 5) == "a.yaml:1:4: error: is wrong\n    1 | \xc3\xa4: x\n      |    ^");
}

TEST_CASE("a long line is cut around the caret", "[error]") {
  const std::string text = std::string(300, 'a') + "X" + std::string(300, 'b');
  CHECK(excerpt(text, 1, 301) == "    1 | ..." + std::string(50, 'a') + "X" + std::string(49, 'b') +
                                     "...\n      | " + std::string(53, ' ') + "^");
  CHECK(excerpt(text, 1, 1) == "    1 | " + std::string(100, 'a') + "...\n      | ^");
  CHECK(excerpt(text, 1, 602) ==
        "    1 | ..." + std::string(100, 'b') + "\n      | " + std::string(103, ' ') + "^");
  const std::string huge(5'000'000, 'a');
  CHECK(excerpt(huge, 1, 4'000'001) ==
        "    1 | ..." + std::string(100, 'a') + "...\n      | " + std::string(53, ' ') + "^");
}

TEST_CASE("large line numbers widen the gutter", "[error]") {
  CHECK(at(std::string(1'234'566, '\n') + "x", 1'234'567, 1, {"hint"}) ==
        "a.yaml:1234567:1: error: is wrong\n1234567 | x\n        | ^\n        = hint");
}

TEST_CASE("invalid UTF-8 is found where the first bad byte is", "[property]") {
  CHECK(find_invalid_utf8("plain, \xc3\xa4, \xe2\x82\xac, \xf0\x9f\x98\x80") == std::string_view::npos);
  CHECK(find_invalid_utf8("ab\xff") == 2);
  CHECK(find_invalid_utf8("\xc0\xaf") == 0);          // overlong
  CHECK(find_invalid_utf8("a\xed\xa0\x80") == 1);     // surrogate
  CHECK(find_invalid_utf8("\xf4\x90\x80\x80") == 0);  // above U+10FFFF
  CHECK(find_invalid_utf8("\xe2\x82") == 0);          // cut off
}

TEST_CASE("quoted text is printable and short") {
  CHECK(in_quotes("four") == "'four'");
  CHECK(in_quotes("a\nb") == "'a\\nb'");
  CHECK(in_quotes(std::string(40, 'x')) == "'" + std::string(40, 'x') + "'");
  CHECK(in_quotes(std::string(41, 'x')) == "'" + std::string(40, 'x') + "...'");
}

TEST_CASE("the edit distance counts insertion, deletion, substitution and swap as one") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("stages", "stage") == 1);
  CHECK(edit_distance("stages", "stagse") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("ca", "abc") == 3);  // where optimal string alignment differs from the full distance, 2
}

TEST_CASE("the edit distance is symmetric and obeys the length bounds", "[property]") {
  const std::array<std::string_view, 7> words{"",      "a", "gpipe", "1f1b", "zb-h1", "interleaved-1f1b",
                                              "hanayo"};
  for (const std::string_view a : words) {
    for (const std::string_view b : words) {
      const std::size_t distance = edit_distance(a, b);
      CHECK(distance == edit_distance(b, a));
      CHECK((distance == 0) == (a == b));
      CHECK(distance >= std::max(a.size(), b.size()) - std::min(a.size(), b.size()));
      CHECK(distance <= std::max(a.size(), b.size()));
    }
  }
}

TEST_CASE("did you mean names the nearest candidate, or nothing") {
  const std::array<std::string_view, 5> names{"microbatches", "schedule", "stages", "gpipe", "GB/s"};
  CHECK(did_you_mean("microbatchs", names) == "; did you mean 'microbatches'?");
  CHECK(did_you_mean("stage", names) == "; did you mean 'stages'?");
  CHECK(did_you_mean("gb/s", names) == "; did you mean 'GB/s'?");
  CHECK(did_you_mean("Gpipe", names) == "; did you mean 'gpipe'?");
  CHECK(did_you_mean("colour", names).empty());
  CHECK(did_you_mean("", names).empty());
  CHECK(did_you_mean(std::string(1'000'000, 'x'), names).empty());
  CHECK(did_you_mean("x", {}).empty());
}
