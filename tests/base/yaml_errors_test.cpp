#include <catch2/catch.hpp>

#include "base/yaml.h"
#include "error_of.h"

using namespace stagecraft;

namespace {

std::string problem(const std::string& text) {
  return error_of([&] { parse_yaml(text, "a.yaml"); });
}

struct Case {
  const char* text;
  const char* error;
};

}  // namespace

TEST_CASE("every mistake in YAML is named where it stands", "[error]") {
  const Case cases[] = {
      {"{",
       "a.yaml:1:1: error: this '{' is not closed\n"
       "    1 | {\n"
       "      | ^"},
      {"[",
       "a.yaml:1:1: error: this '[' is not closed\n"
       "    1 | [\n"
       "      | ^"},
      {"a: {\n",
       "a.yaml:1:4: error: this '{' is not closed\n"
       "    1 | a: {\n"
       "      |    ^"},
      {"a: [1, 2\nb: 3\n",
       "a.yaml:1:4: error: this '[' is not closed\n"
       "    1 | a: [1, 2\n"
       "      |    ^"},
      {"{a: ",
       "a.yaml:1:1: error: this '{' is not closed\n"
       "    1 | {a: \n"
       "      | ^"},
      {"a: ]",
       "a.yaml:1:4: error: a closing bracket without an opening one\n"
       "    1 | a: ]\n"
       "      |    ^"},
      {"a: 1]: 2",
       "a.yaml:1:6: error: a ':' where no key can be; is the indentation right? Quote text that contains ': "
       "'\n"
       "    1 | a: 1]: 2\n"
       "      |      ^"},
      {"a: b: c",
       "a.yaml:1:5: error: a ':' where no key can be; is the indentation right? Quote text that contains ': "
       "'\n"
       "    1 | a: b: c\n"
       "      |     ^"},
      {"a: 1\n b: 2\n",
       "a.yaml:2:3: error: a ':' where no key can be; is the indentation right? Quote text that contains ': "
       "'\n"
       "    2 |  b: 2\n"
       "      |   ^"},
      {"a:\n  - 1\n b: 2\n",
       "a.yaml:3:2: error: this does not belong to the map above; is the indentation right?\n"
       "    3 |  b: 2\n"
       "      |  ^"},
      {"a: 1\n- b\n",
       "a.yaml:2:1: error: this does not belong to the map above; is the indentation right?\n"
       "    2 | - b\n"
       "      | ^"},
      {"- a\nb: 1\n",
       "a.yaml:2:1: error: this does not belong to the value above; is the indentation right?\n"
       "    2 | b: 1\n"
       "      | ^"},
      {" - a\n b\n",
       "a.yaml:2:2: error: this does not belong to the value above; is the indentation right?\n"
       "    2 |  b\n"
       "      |  ^"},
      {"a: - b\n",
       "a.yaml:1:4: error: a list entry '-' cannot begin here\n"
       "    1 | a: - b\n"
       "      |    ^"},
      {"a: 'b' c\n",
       "a.yaml:1:8: error: this does not belong to the map above; is the indentation right?\n"
       "    1 | a: 'b' c\n"
       "      |        ^"},
      {"\"a\" b\n",
       "a.yaml:1:5: error: this does not belong to the value above; is the indentation right?\n"
       "    1 | \"a\" b\n"
       "      |     ^"},
      {"@x",
       "a.yaml:1:1: error: a value cannot begin with this character; put it in quotes\n"
       "    1 | @x\n"
       "      | ^"},
      {"a: %x",
       "a.yaml:1:4: error: a value cannot begin with this character; put it in quotes\n"
       "    1 | a: %x\n"
       "      |    ^"},
      {"a: `b`",
       "a.yaml:1:4: error: a value cannot begin with this character; put it in quotes\n"
       "    1 | a: `b`\n"
       "      |    ^"},
      {"a: *x",
       "a.yaml:1:4: error: an alias '*' to an anchor '&' that is not defined above\n"
       "    1 | a: *x\n"
       "      |    ^"},
      {"a: *",
       "a.yaml:1:5: error: a name is missing after '*'; put text that begins with '*' in quotes\n"
       "    1 | a: *\n"
       "      |     ^"},
      {"a: & b",
       "a.yaml:1:5: error: a name is missing after '&'; put text that begins with '&' in quotes\n"
       "    1 | a: & b\n"
       "      |     ^"},
      {"a: &x &y 1",
       "a.yaml:1:7: error: a value has two anchors\n"
       "    1 | a: &x &y 1\n"
       "      |       ^"},
      {"a: &a [*a]",
       "a.yaml:1:8: error: an alias inside its own anchor\n"
       "    1 | a: &a [*a]\n"
       "      |        ^"},
      {"<<: 1",
       "a.yaml:1:1: error: merge keys '<<' are not supported\n"
       "    1 | <<: 1\n"
       "      | ^\n"
       "      = write the keys out"},
      {"a: {<<: {b: 1}}",
       "a.yaml:1:5: error: merge keys '<<' are not supported\n"
       "    1 | a: {<<: {b: 1}}\n"
       "      |     ^\n"
       "      = write the keys out"},
      {"a: !foo 1",
       "a.yaml:1:4: error: the tag '!foo' is not supported\n"
       "    1 | a: !foo 1\n"
       "      |    ^\n"
       "      = leave it out; quote what must be text"},
      {"a: !!str 1",
       "a.yaml:1:4: error: the tag '!!str' is not supported\n"
       "    1 | a: !!str 1\n"
       "      |    ^\n"
       "      = leave it out; quote what must be text"},
      {"a: !<x b",
       "a.yaml:1:7: error: a tag '!<' is not closed with '>'\n"
       "    1 | a: !<x b\n"
       "      |       ^"},
      {"!!map {a: 1}",
       "a.yaml:1:1: error: the tag '!!map' is not supported\n"
       "    1 | !!map {a: 1}\n"
       "      | ^\n"
       "      = leave it out; quote what must be text"},
      {"--- 1\n--- 2\n",
       "a.yaml:2:1: error: a second document begins here; a file holds one\n"
       "    2 | --- 2\n"
       "      | ^"},
      {"a: 1\n---\nb: 2\n",
       "a.yaml:2:1: error: a second document begins here; a file holds one\n"
       "    2 | ---\n"
       "      | ^"},
      {"a: 1\na: 2\n",
       "a.yaml:2:1: error: 'a' is given twice\n"
       "    2 | a: 2\n"
       "      | ^"},
      {"a: {b: {c: 1, c: 2}}",
       "a.yaml:1:15: error: 'a.b.c' is given twice\n"
       "    1 | a: {b: {c: 1, c: 2}}\n"
       "      |               ^"},
      {"l:\n  - x: 1\n    x: 2\n",
       "a.yaml:3:5: error: 'l.0.x' is given twice\n"
       "    3 |     x: 2\n"
       "      |     ^"},
      {"'a': 1\na: 2\n",
       "a.yaml:2:1: error: 'a' is given twice\n"
       "    2 | a: 2\n"
       "      | ^"},
      {"? [a]\n: 1\n",
       "a.yaml:1:3: error: a key must be plain text\n"
       "    1 | ? [a]\n"
       "      |   ^"},
      {"{a: 1}: 2\n",
       "a.yaml:1:1: error: a key must be plain text\n"
       "    1 | {a: 1}: 2\n"
       "      | ^"},
      {"[a]: 1\n",
       "a.yaml:1:1: error: a key must be plain text\n"
       "    1 | [a]: 1\n"
       "      | ^"},
      {": 1\n",
       "a.yaml:1:1: error: a key is missing here; is a bracket not closed?\n"
       "    1 | : 1\n"
       "      | ^"},
      {"a:\n\tb: 1\n",
       "a.yaml:2:1: error: a tab cannot indent YAML\n"
       "    2 | \\tb: 1\n"
       "      | ^\n"
       "      = use spaces"},
      {"a:\n  b: 1\n \tc: 2\n",
       "a.yaml:3:2: error: a tab cannot indent YAML\n"
       "    3 |  \\tc: 2\n"
       "      |  ^\n"
       "      = use spaces"},
      {"a: \"\\q\"\n",
       "a.yaml:1:7: error: an unknown escape after '\\'; use single quotes for text with backslashes\n"
       "    1 | a: \"\\q\"\n"
       "      |       ^"},
      {"a: \"\\xzz\"\n",
       "a.yaml:1:9: error: not a hexadecimal number after '\\'\n"
       "    1 | a: \"\\xzz\"\n"
       "      |         ^"},
      {"a: \"\\U00110000\"\n",
       "a.yaml:1:15: error: not a Unicode character after '\\'\n"
       "    1 | a: \"\\U00110000\"\n"
       "      |               ^"},
      {"a: |x\n  b\n",
       "a.yaml:1:5: error: only an indentation and '+' or '-' can follow '|' or '>'\n"
       "    1 | a: |x\n"
       "      |     ^"},
      {"a: |0\n  b\n",
       "a.yaml:1:6: error: the indentation of a block scalar cannot be 0\n"
       "    1 | a: |0\n"
       "      |      ^"},
      {"\"abc",
       "a.yaml:1:5: error: a quote is not closed\n"
       "    1 | \"abc\n"
       "      |     ^"},
      {"a: \"abc\n",
       "a.yaml:1:4: error: a quote is not closed\n"
       "    1 | a: \"abc\n"
       "      |    ^"},
      {"a: 'abc\nb: 1\n",
       "a.yaml:1:4: error: a quote is not closed\n"
       "    1 | a: 'abc\n"
       "      |    ^"},
      {"a: \"x\n---\ny\"\n",
       "a.yaml:2:1: error: a quote is not closed before the end of the document\n"
       "    2 | ---\n"
       "      | ^"},
      {"%YAML 3.0\n---\na: 1\n",
       "a.yaml:1:1: error: the %YAML directive names a version after 1.2\n"
       "    1 | %YAML 3.0\n"
       "      | ^"},
      {"%YAML 1.2\n%YAML 1.2\n---\na: 1\n",
       "a.yaml:2:1: error: the %YAML directive is given twice\n"
       "    2 | %YAML 1.2\n"
       "      | ^"},
      {"%TAG a\n---\nb: 1\n",
       "a.yaml:1:1: error: the %TAG directive needs a handle and a prefix\n"
       "    1 | %TAG a\n"
       "      | ^"},
      {"a: 1\nb\n",
       "a.yaml:2:1: error: a ':' is missing after the key 'b'\n"
       "    2 | b\n"
       "      | ^"},
      {"a: 1\nstages 4\n",
       "a.yaml:2:1: error: a ':' is missing after the key 'stages 4'\n"
       "    2 | stages 4\n"
       "      | ^"},
      {"{a, b}",
       "a.yaml:1:2: error: a ':' is missing after the key 'a'\n"
       "    1 | {a, b}\n"
       "      |  ^"},
      {"{a: 1 b: 2}",
       "a.yaml:1:8: error: a '{' is not closed, or a ',' is missing\n"
       "    1 | {a: 1 b: 2}\n"
       "      |        ^"},
      {"[a b: c: d]",
       "a.yaml:1:8: error: a '[' is not closed, or a ',' is missing\n"
       "    1 | [a b: c: d]\n"
       "      |        ^"},
      {"null: 1\n",
       "a.yaml:1:1: error: a key is missing here; is a bracket not closed?\n"
       "    1 | null: 1\n"
       "      | ^"},
      {"~: 1\n",
       "a.yaml:1:1: error: a key is missing here; is a bracket not closed?\n"
       "    1 | ~: 1\n"
       "      | ^"},
      {"? a\n",
       "a.yaml:1:3: error: a ':' is missing after the key 'a'\n"
       "    1 | ? a\n"
       "      |   ^"},
      {"a: 1\n  - b\n  c: 2\n",
       "a.yaml:3:4: error: a ':' where no key can be; is the indentation right? Quote text that contains ': "
       "'\n"
       "    3 |   c: 2\n"
       "      |    ^"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    CHECK(problem(c.text) == c.error);
  }
}

TEST_CASE("text that is not text is refused at its first bad byte", "[error]") {
  CHECK(problem("a: \xff\n") == "a.yaml:1:4: error: is not UTF-8 text\n    1 | a: \\xff\n      |    ^");
  CHECK(problem("a: 1\nb: \xc3\n") == "a.yaml:2:4: error: is not UTF-8 text\n    2 | b: \\xc3\n      |    ^");
  CHECK(problem(std::string("a: \0b", 5)) ==
        "a.yaml:1:4: error: the control character '\\x00' is not text\n    1 | a: \\x00b\n      |    ^");
  CHECK(problem("a: \x1b[0m") ==
        "a.yaml:1:4: error: the control character '\\x1b' is not text\n    1 | a: \\x1b[0m\n      |    ^");
  // UTF-16 begins with a byte order mark that is no UTF-8.
  CHECK(problem(std::string("\xff\xfe"
                            "a\0:\0",
                            6)) ==
        "a.yaml:1:1: error: is not UTF-8 text\n    1 | \\xff\\xfea\\x00:\\x00\n      | ^");
}

TEST_CASE("a file without a value is refused", "[error]") {
  CHECK(problem("") == "a.yaml: error: the file is empty");
  CHECK(problem("\n\n") == "a.yaml: error: the file has no values in it");
  CHECK(problem("# only a comment\n") == "a.yaml: error: the file has no values in it");
  CHECK(problem("---\n") == "a.yaml: error: the file has no values in it");
  CHECK(problem("null\n") == "a.yaml: error: the file has no values in it");
}

TEST_CASE("files that cannot be read say so", "[error]") {
  const auto file_problem = [](const std::string& path) { return error_of([&] { read_yaml_file(path); }); };
  CHECK(file_problem("/nowhere/a.yaml") == "/nowhere/a.yaml: error: no such file");
  CHECK(file_problem("/") == "/: error: is a folder, not a file");
  CHECK(file_problem("") == "the name of a file is empty");
  CHECK(file_problem("/dev/null") == "/dev/null: error: the file is empty");
  CHECK(file_problem("/dev/null/a") == "/dev/null/a: error: cannot be read: Not a directory");
  CHECK(file_problem("/dev/zero") ==
        "/dev/zero: error: is larger than 16 MiB, which no YAML file for this program is");
}
