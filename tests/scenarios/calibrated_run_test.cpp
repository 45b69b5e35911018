#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "command_line.h"
#include "models/calibration.h"

using namespace stagecraft;

namespace {

std::string calibration(const std::string& device) {
  return "stagecraft_calibration: 1\ndevice: " + device +
         "\nsource: made up\nroofline: {}\ndeviation: 0.1\nlayers:\n"
         "  - {hidden: 12288, heads: 96, sequence: 2048, tensor: 8, micro_batch: 1, factor: 2, ends: 2}\n";
}

/// The error of running kTrained with `costs`, all of it; writes nothing.
std::string error(const std::string& costs, const std::vector<std::string>& options = {}) {
  write_text("a.yaml", kTrained + costs);
  std::vector<std::string> words{"run", "a.yaml"};
  words.insert(words.end(), options.begin(), options.end());
  const Output output = run_program(words);
  CHECK(output.status == 2);
  CHECK(output.out == "");
  return output.err;
}

double makespan_s(const std::string& costs) {
  write_text("a.yaml", kTrained + costs);
  const Output output = run_program({"run", "a.yaml", "--json", "-"});
  REQUIRE(output.err == "");
  return nlohmann::json::parse(output.out).at("metrics").at("makespan_s").get<double>();
}

}  // namespace

TEST_CASE("layers that took twice the roofline's time make a step nearly twice as long", "[property]") {
  const TemporaryFolder folder;
  write_text("c.yaml", calibration("a100-80"));
  const double roofline = makespan_s(""), calibrated = makespan_s("costs: {calibration: c.yaml}\n");
  CHECK(calibrated > 1.9 * roofline);
  CHECK(calibrated < 2 * roofline);
}

TEST_CASE("a report says whose steps its layers are fitted to", "[golden]") {
  const TemporaryFolder folder;
  write_text("c.yaml", calibration("a100-80"));
  write_text("a.yaml", std::string(kTrained) + "costs: {calibration: c.yaml}\n");
  CHECK(run_program({"run", "a.yaml"}).out.find("layers as in measured steps (made up): 1 shape\n") !=
        std::string::npos);
  write_text("c.yaml",
             calibration("a100-80") +
                 "  - {hidden: 4096, heads: 32, sequence: 2048, tensor: 8, micro_batch: 1, factor: 2}\n"
                 "held_out_error: 0.074\n");
  CHECK(run_program({"run", "a.yaml"})
            .out.find(
                "layers as in measured steps (made up): 2 shapes, one left out is predicted to 7.4 %\n") !=
        std::string::npos);
}

TEST_CASE("a calibration that a scenario cannot use is refused", "[error]") {
  const TemporaryFolder folder;
  write_text("c.yaml", calibration("h100"));
  write_text("bad.yaml", "stagecraft_calibration: 1\n");
  CHECK(error("costs: {calibration: c.yaml}\n") ==
        "a.yaml:5:22: error: 'c.yaml' was measured on h100, the cluster's device is a100-80\n"
        "    5 | costs: {calibration: c.yaml}\n"
        "      |                      ^\n");
  CHECK(error("costs: {calibration: missing.yaml}\n") ==
        "a.yaml:5:22: error: 'missing.yaml': no such file\n"
        "    5 | costs: {calibration: missing.yaml}\n"
        "      |                      ^\n");
  CHECK(error("costs: {calibration: bad.yaml}\n") ==
        "bad.yaml:1:1: error: 'device' is required: preset of the device that was measured\n"
        "    1 | stagecraft_calibration: 1\n"
        "      | ^\n");
  CHECK(error("costs: {calibration: c.yaml, roofline: {host_launch: 10 us}}\n") ==
        "a.yaml:5:30: error: 'costs.roofline' and 'costs.calibration' both set the constants of the roofline "
        "model\n"
        "    5 | costs: {calibration: c.yaml, roofline: {host_launch: 10 us}}\n"
        "      |                              ^\n"
        "      = leave one out; a calibration is YAML, its constants can be changed there\n");
  write_text("a.yaml", std::string(kTwoRanks));
  const Output uniform = run_program({"run", "a.yaml", "--set", "costs.calibration=c.yaml"});
  CHECK(uniform.err ==
        "--set costs.calibration=c.yaml: 'costs.calibration' is for roofline costs, but this scenario has "
        "uniform costs\n"
        "      = leave it out, or set 'costs.model' to roofline\n");
  CHECK(uniform.status == 2);
}

TEST_CASE("what a run writes does not replace a calibration or a table that it reads", "[error]") {
  const TemporaryFolder folder;
  write_text("c.yaml", calibration("a100-80"));
  write_text("t.yaml", "stagecraft_table: 1\n");
  CHECK(error("costs: {calibration: c.yaml}\n", {"--json", "c.yaml"}) ==
        "stagecraft: error: option '--json' would overwrite 'c.yaml', which the scenario reads "
        "('costs.calibration')\n"
        "see `stagecraft --help`\n");
  CHECK(
      error("costs: {model: profiled, table: t.yaml}\n", {"--csv", "./t.yaml"}) ==
      "stagecraft: error: option '--csv' would overwrite 't.yaml', which the scenario reads ('costs.table')\n"
      "see `stagecraft --help`\n");
  CHECK(read_text("c.yaml") == calibration("a100-80"));
  CHECK(folder.names() == std::vector<std::string>{"a.yaml", "c.yaml", "t.yaml"});
}
