#include "scenario_errors.h"

#include <catch2/catch.hpp>

#include "command_line.h"

namespace stagecraft {

void check(const ErrorCase& one) {
  INFO(one.text);
  const TemporaryFolder folder;
  write_text("a.yaml", one.text);
  std::vector<std::string> words{"run",   "a.yaml", "--json",  "r.json",     "--csv",          "r.csv",
                                 "--svg", "r.svg",  "--trace", "r.trace.gz", "--schedule-csv", "r.schedule"};
  for (const std::string& assignment : one.overrides) words.insert(words.end(), {"--set", assignment});
  const Output output = run_program(words);
  CHECK(output.err == one.error);
  CHECK(output.out == "");
  CHECK(output.status == 2);
  CHECK(folder.names() == std::vector<std::string>{"a.yaml"});
}

}  // namespace stagecraft
