// What only the program itself can show: standard output of a real process, and one process beside another.
#include <algorithm>
#include <catch2/catch.hpp>
#include <locale>
#include <sstream>

#include "command_line.h"

using namespace stagecraft;

namespace {

/// Decimal commas and groups of three digits for every stream, until the end of the scope.
class GlobalLocale {
 public:
  GlobalLocale() : before_(std::locale::global(std::locale(std::locale(), new Commas))) {}
  ~GlobalLocale() { std::locale::global(before_); }
  GlobalLocale(const GlobalLocale&) = delete;
  GlobalLocale& operator=(const GlobalLocale&) = delete;

 private:
  struct Commas : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
  };
  std::locale before_;
};

/// The text without the line that names the files, which each run calls differently.
std::string without_names(const std::string& text) {
  return text.substr(0, text.find("  Written"));
}

}  // namespace

TEST_CASE("an output does not replace the file that standard output goes to", "[error]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kTwoRanks);
  CHECK(shell("$STAGECRAFT run a.yaml --csv ./f > f 2> err") == 2);
  CHECK(read_text("err") ==
        "stagecraft: error: option '--csv' would overwrite './f', which standard output goes to\n"
        "see `stagecraft --help`\n");
  CHECK(shell("$STAGECRAFT run a.yaml --json - --csv /dev/stdout 2> err | cat > f") == 0);
  CHECK(read_text("err") ==
        "stagecraft: error: options '--json' and '--csv' name the same file: '-' and '/dev/stdout'\n"
        "see `stagecraft --help`\n");
  CHECK(folder.names() == std::vector<std::string>{"a.yaml", "err", "f"});
}

TEST_CASE("outputs appear together or not at all, standard output included", "[error]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kTwoRanks);
  for (const char* command : {
           "--json - --svg s.svg > /dev/full",
           "--svg s.svg > /dev/full",
           "--json j.json --svg s.svg --csv /dev/full",
           "--svg s.svg --trace - | true; exit ${PIPESTATUS[0]}",
       }) {
    INFO(command);
    CHECK(shell("$STAGECRAFT run a.yaml --set pipeline.microbatches=9999 2> err " + std::string(command)) !=
          0);
    CHECK(folder.names() == std::vector<std::string>{"a.yaml", "err"});
  }
  CHECK(shell("$STAGECRAFT list > /dev/full 2> err") == 2);
  CHECK(read_text("err") == "stagecraft: error: cannot write to standard output\n");
}

TEST_CASE("the same scenario gives the same bytes in another process and environment", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kTrained);
  std::filesystem::create_directories("elsewhere/deep");
  const auto outputs = [](const std::string& to) {
    return " --json " + to + "j --csv " + to + "c --svg " + to + "s --trace " + to +
           "t --trace-window 0s..4s" + " --schedule-csv " + to + "o > " + to + "r";
  };
  REQUIRE(shell("env -i \"$STAGECRAFT\" run a.yaml" + outputs("1.")) == 0);
  REQUIRE(shell("cd elsewhere/deep && env LC_ALL=de_DE.UTF-8 LANG=tr_TR.UTF-8 TZ=Pacific/Chatham TERM=dumb "
                "COLUMNS=20 HOME=/ MALLOC_PERTURB_=165 \"$STAGECRAFT\" run ../../a.yaml" +
                outputs("../../2.")) == 0);
  {
    // A comma for a point, and thousands in groups, whether or not such a locale is installed here.
    const GlobalLocale commas;
    REQUIRE(run_program({"run", "a.yaml", "--json", "3.j", "--csv", "3.c", "--svg", "3.s", "--trace", "3.t",
                         "--trace-window", "0s..4s", "--schedule-csv", "3.o"})
                .status == 0);
  }
  for (const std::string kind : {"j", "c", "s", "t", "o", "r"}) {
    INFO(kind);
    const std::string bytes = without_names(read_text("1." + kind));
    CHECK(bytes.size() > 100);
    CHECK((bytes == without_names(read_text("2." + kind))));
    if (kind != "r") CHECK((bytes == without_names(read_text("3." + kind))));
  }
}

TEST_CASE("the gallery shows what the program draws now", "[golden]") {
  const TemporaryFolder folder;
  REQUIRE(shell("'" + shipped_scenarios().string() + "/../scripts/gallery' .") == 0);
  const std::filesystem::path gallery = shipped_scenarios() / "gallery";
  std::vector<std::string> pictures;
  for (const auto& entry : std::filesystem::directory_iterator(gallery))
    pictures.push_back(entry.path().filename().string());
  std::sort(pictures.begin(), pictures.end());
  CHECK(folder.names() == pictures);
  for (const std::string& picture : folder.names()) {
    INFO(picture << ": scripts/gallery redraws it");
    CHECK((read_text(picture) == read_text((gallery / picture).string())));
  }
}

TEST_CASE("README shows the report and the error that the program prints", "[golden]") {
  const std::string readme = read_text((shipped_scenarios() / ".." / "README.md").string());
  const auto shown = [&](const std::string& text) {
    std::istringstream lines(text);
    std::string quoted;
    for (std::string line; std::getline(lines, line);) quoted += "    " + line + "\n";
    INFO(quoted);
    CHECK((readme.find(quoted) != std::string::npos));
  };
  shown(run_program({"run", (shipped_scenarios() / "gpt3-175b.yaml").string()}).out);
  const std::string compared =
      run_program({"run", (shipped_scenarios() / "llama3-8b-h200.yaml").string(), "--compare",
                   "1f1b,interleaved-1f1b:v=8:b=1..2", "--uncertainty", "200"})
          .out;
  shown(compared.substr(0, compared.find("  Note:")));
  const TemporaryFolder folder;
  write_text("mine.yaml", "name: mine\npipeline: {schedule: 1f1b, stages: 8, microbatchs: 24}\n");
  shown(run_program({"run", "mine.yaml"}).err);
  const std::string uniform = (shipped_scenarios() / "uniform-1f1b.yaml").string();
  run_program({"run", uniform, "--trace", "1f1b.json"});
  const std::string traced =
      run_program({"trace", "1f1b.json", "--against", uniform, "--set", "pipeline.schedule=zb-h1"}).out;
  REQUIRE(traced.find("Beside ") != std::string::npos);
  shown(traced.substr(traced.find("Beside ")));
}

TEST_CASE("an output that names standard output stands before the report", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kTwoRanks);
  CHECK(shell("$STAGECRAFT run a.yaml --schedule-csv /dev/stdout > f") == 0);
  const std::string text = read_text("f");
  CHECK(text.substr(0, text.find("  Step")) ==
        "0F0,0F1,0B0,0B1\n1F0,1B0,1F1,1B1\na: 1f1b, 2 ranks, 2 micro-batches, given costs\n");
  CHECK(shell("$STAGECRAFT run a.yaml --schedule-csv >(cat > g) > /dev/null; wait $!") == 0);
  CHECK(read_text("g") == "0F0,0F1,0B0,0B1\n1F0,1B0,1F1,1B1\n");
}
