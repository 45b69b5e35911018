#include "base/yaml.h"

#include <catch2/catch.hpp>

#include "base/random.h"
#include "error_of.h"

using namespace stagecraft;

namespace {

NodePtr parse(const std::string& text) {
  return parse_yaml(text, "a.yaml");
}
std::string flow(const std::string& text) {
  return to_flow_yaml(*parse(text));
}
std::string place(const NodePtr& root, std::string_view key) {
  return to_string(locate(*root, key));
}
std::string with(const std::string& text, const std::vector<std::string>& assignments) {
  NodePtr root = parse(text);
  for (const std::string& assignment : assignments) root = apply_override(root, assignment);
  return to_flow_yaml(*root);
}

bool same(const Node& a, const Node& b) {
  const auto same_entry = [](const MapEntry& x, const MapEntry& y) {
    return x.key == y.key && same(*x.value, *y.value);
  };
  return a.kind == b.kind && a.text == b.text &&
         std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(),
                    [](const NodePtr& x, const NodePtr& y) { return same(*x, *y); }) &&
         std::equal(a.entries.begin(), a.entries.end(), b.entries.begin(), b.entries.end(), same_entry);
}

/// Characters that mean something in YAML, and some that do not.
constexpr std::string_view kMarks = "ab1-:#[]{},'\"\\ \n\t%@`!&*|>?~.";

/// A random tree, at most `depth` levels below this one.
NodePtr random_tree(RandomStream& random, int depth) {
  auto node = std::make_shared<Node>();
  const std::uint64_t kind = random.below(depth > 0 ? 5 : 3);
  if (kind == 1 || kind == 2) {
    node->kind = Node::Kind::Scalar;
    node->quoted = true;
    for (std::uint64_t n = random.below(8); n > 0; --n) node->text += kMarks[random.below(kMarks.size())];
  } else if (kind == 3) {
    node->kind = Node::Kind::Sequence;
    for (std::uint64_t n = random.below(4); n > 0; --n) node->items.push_back(random_tree(random, depth - 1));
  } else if (kind == 4) {
    node->kind = Node::Kind::Map;
    for (std::uint64_t n = random.below(4); n > 0; --n) {
      std::string key = "k: #"[random.below(4)] + std::to_string(n);
      MapEntry entry;
      entry.key = std::move(key);
      entry.value = random_tree(random, depth - 1);
      node->entries.push_back(std::move(entry));
    }
  }
  return node;
}

}  // namespace

TEST_CASE("maps keep the order of the file, scalars their text") {
  const NodePtr root = parse("b: 1\na: 'two'\nc: [x, \"y\", 0x10]\nd: {e: ~}\nf:\n");
  REQUIRE(root->kind == Node::Kind::Map);
  CHECK(root->entries[0].key == "b");
  CHECK(root->find("b")->text == "1");
  CHECK_FALSE(root->find("b")->quoted);
  CHECK(root->find("a")->quoted);
  CHECK(root->find("c")->items[2]->text == "0x10");
  CHECK(root->find("d")->find("e")->kind == Node::Kind::Null);
  CHECK(root->find("f")->kind == Node::Kind::Null);
  CHECK(root->find("nothing") == nullptr);
}

TEST_CASE("block scalars, folding, escapes and comments follow YAML") {
  CHECK(parse("a: |\n  x\n  y\n")->find("a")->text == "x\ny\n");
  CHECK(parse("a: >-\n  x\n  y\n")->find("a")->text == "x y");
  CHECK(parse("a: \"\\u00e4\\n\"")->find("a")->text == "\xc3\xa4\n");
  CHECK(parse("a: 'it''s'  # comment")->find("a")->text == "it's");
  CHECK(parse("a: x#y")->find("a")->text == "x#y");
  CHECK(parse("a: it's [not] a \"list\"")->find("a")->text == "it's [not] a \"list\"");
  CHECK(flow("a: it's\n  [not\n  \"a\n  list\nb: [1]") == "{a: \"it's [not \\\"a list\", b: [1]}");
  CHECK(parse("a: |\n  [[[[\n  \tx\nb: 1")->find("b")->text == "1");
}

TEST_CASE("CRLF, a byte order mark and document markers are accepted") {
  CHECK(flow("a: 1\r\nb: 2\r\n") == "{a: 1, b: 2}");
  CHECK(flow("\xef\xbb\xbf"
             "a: 1") == "{a: 1}");
  CHECK(flow("%YAML 1.2\n---\na: 1\n...\n") == "{a: 1}");
  CHECK(flow("{\"a\": [1, 2], \"b\": null}") == "{a: [1, 2], b: null}");
  CHECK(flow("\t\na: 1\n  \t# tabs that indent nothing\n") == "{a: 1}");
}

TEST_CASE("places are those of scalars, and of the key for all else") {
  const NodePtr root =
      parse("pipeline:\n  stages: 4\n  list:\n    - x\n    - {y: 1}\ncosts: {a: 1}\nempty:\nlast: 1\n");
  CHECK(place(root, "pipeline.stages") == "a.yaml:2:11");
  CHECK(place(root, "pipeline") == "a.yaml:1:1");
  CHECK(place(root, "pipeline.list") == "a.yaml:3:3");
  CHECK(place(root, "pipeline.list.1.y") == "a.yaml:5:11");
  CHECK(place(root, "costs") == "a.yaml:6:1");
  CHECK(place(root, "empty") == "a.yaml:7:1");
  CHECK(place(root, "") == "a.yaml:1:1");
}

TEST_CASE("a key that is not there has the place of its nearest parent") {
  const NodePtr root = parse("pipeline:\n  stages: 4\n");
  CHECK(place(root, "pipeline.chunks") == "a.yaml:1:1");
  CHECK(place(root, "pipeline.stages.x.y") == "a.yaml:2:11");
  CHECK(place(root, "nothing.at.all") == "a.yaml:1:1");
}

TEST_CASE("an alias shares its anchor's value and place") {
  const NodePtr root = parse("a: &x [1, 2]\nb: *x\n");
  CHECK(root->find("a") == root->find("b"));
  CHECK(place(root, "b.1") == "a.yaml:1:11");
  CHECK(flow("&k key: &v value\nb: *v") == "{key: value, b: value}");
}

TEST_CASE("an override replaces, adds and makes maps") {
  CHECK(with("a: {b: 1}", {"a.b=2"}) == "{a: {b: 2}}");
  CHECK(with("a: {b: 1}", {"a.c=2", "d.e.f=x y"}) == "{a: {b: 1, c: 2}, d: {e: {f: x y}}}");
  CHECK(with("a:\nb: 1", {"a.c=2"}) == "{a: {c: 2}, b: 1}");
  CHECK(with("a: 1", {"a={b: [1, 2]}", "a.b.1=5", "a.b.2=6"}) == "{a: {b: [1, 5, 6]}}");
  CHECK(with("a: 1", {"a="}) == "{a: null}");
  CHECK(with("a: 1", {"a=b=c"}) == "{a: \"b=c\"}");
  CHECK(with("a: 1", {"a=900 GB/s"}) == "{a: 900 GB/s}");
  CHECK(with("[{x: 1}]", {"0.x=2"}) == "[{x: 2}]");
  CHECK(with("a: {1: x}", {"a.1=y"}) == "{a: {\"1\": y}}");
}

TEST_CASE("an override leaves the original and what an alias shares as they were") {
  const NodePtr root = parse("a: &x {v: 1}\nb: *x\n");
  const NodePtr changed = apply_override(root, "b.v=2");
  CHECK(to_flow_yaml(*root) == "{a: {v: 1}, b: {v: 1}}");
  CHECK(to_flow_yaml(*changed) == "{a: {v: 1}, b: {v: 2}}");
}

TEST_CASE("errors about overridden values quote the option", "[error]") {
  NodePtr root = parse("pipeline:\n  stages: 4\n  list: [1]\n");
  root = apply_override(root, "pipeline.stages=7");
  CHECK(error_of([&] {
          throw error_at(*root, "pipeline.stages", "7 stages do not divide 32 layers", {"hint"});
        }) == "--set pipeline.stages=7: 7 stages do not divide 32 layers\n      = hint");
  CHECK(error_of([&] { throw error_at(*root, "pipeline.list.0", "is wrong"); }) ==
        "a.yaml:3:10: error: is wrong\n    3 |   list: [1]\n      |          ^");
  CHECK(place(apply_override(root, "x=1", "--vary"), "x") == "--vary x=1");
}

TEST_CASE("overrides that cannot be applied say why", "[error]") {
  const auto problem = [](const std::string& assignment) {
    return error_of([&] { apply_override(parse("a: {b: 5}\nl: [1, 2]\n"), assignment); });
  };
  CHECK(problem("a.b") == "--set a.b: must have the form KEY=VALUE");
  CHECK(problem("=1") == "--set =1: a part of the key is empty\n      = the form is a.b.c=VALUE");
  CHECK(problem("a..b=1") == "--set a..b=1: a part of the key is empty\n      = the form is a.b.c=VALUE");
  CHECK(problem("a.b.c=1") == "--set a.b.c=1: 'a.b' is not a map or list but '5'");
  CHECK(problem("l.x=1") == "--set l.x=1: 'l' is a list; 'x' is no index");
  CHECK(problem("l.-1=1") == "--set l.-1=1: 'l' is a list; '-1' is no index");
  CHECK(problem("l.3=1") == "--set l.3=1: 'l' is a list of 2; index 3 is beyond its end");
  CHECK(problem("a=[1") == "--set a=[1: this '[' is not closed");
  CHECK(
      problem("a=b: c: d") ==
      "--set a=b: c: d: a ':' where no key can be; is the indentation right? Quote text that contains ': '");
  CHECK(problem("a={x: 1, x: 2}") == "--set a={x: 1, x: 2}: 'x' is given twice");
  CHECK(problem("a=\xff") == "--set a=\\xff: is not UTF-8 text");
}

TEST_CASE("a tree is written in block style, lists of scalars on one line") {
  CHECK(to_yaml(*parse("a: {b: [1, 2], c: {}}\nd: [{e: 1, f: {g: 2}}, x, []]\nh: \"true\"\ni: true")) ==
        "a:\n  b: [1, 2]\n  c: {}\nd:\n  - e: 1\n    f:\n      g: 2\n  - x\n  - []\nh: \"true\"\ni: true\n");
  CHECK(to_yaml(*parse("[1, 2]")) == "[1, 2]\n");
  CHECK(to_yaml(*parse("'a b'")) == "\"a b\"\n");
  CHECK(to_yaml(*parse("[[1, [{a: 1}]]]")) == "- [1, [{a: 1}]]\n");
}

TEST_CASE("text that looks like something else is quoted when it is written") {
  CHECK(flow("['1f1b', 'zb-h1', 'null', '12', '1e5', '0x1F', '', ' x', '-', 'yes', 'a:b', 'No']") ==
        "[1f1b, zb-h1, \"null\", \"12\", \"1e5\", \"0x1F\", \"\", \" x\", \"-\", \"yes\", \"a:b\", \"No\"]");
}

TEST_CASE("a written tree reads back as the same tree", "[property]") {
  RandomStream random(11, "trees");
  for (int i = 0; i < 3'000; ++i) {
    const NodePtr tree = random_tree(random, 4);
    if (tree->kind == Node::Kind::Null) continue;  // a document of nothing is an error
    const std::string text = to_yaml(*tree);
    CAPTURE(text);
    REQUIRE(same(*parse(text), *tree));
    REQUIRE(same(*parse(to_flow_yaml(*tree)), *tree));
  }
}

TEST_CASE("sixty-four levels are accepted") {
  const std::string brackets = std::string(64, '[') + std::string(64, ']');
  CHECK(flow(brackets) == brackets);
  std::string block;
  for (std::size_t i = 0; i < 63; ++i) block += std::string(i, ' ') + "a:\n";
  CHECK_NOTHROW(parse(block + std::string(63, ' ') + "a: 1\n"));
}
