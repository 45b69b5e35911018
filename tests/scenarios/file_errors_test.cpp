#include <catch2/catch.hpp>

#include "command_line.h"

using namespace stagecraft;

namespace {

struct File {
  std::string name;
  std::string text;
};

/// a.yaml and what it names.
struct Case {
  std::vector<File> files;
  std::string error;
};

std::vector<std::string> names_of(const std::vector<File>& files) {
  std::vector<std::string> names;
  for (const File& file : files) names.push_back(file.name);
  return names;
}

void check(const Case& one) {
  const TemporaryFolder folder;
  for (const File& file : one.files) {
    UNSCOPED_INFO(file.name << ":\n" << file.text);
    write_text(file.name, file.text);
  }
  const Output output = run_program({"run", "a.yaml", "--json", "r.json", "--csv", "r.csv", "--svg", "r.svg",
                                     "--trace", "r.trace", "--schedule-csv", "r.schedule"});
  CHECK(output.err == one.error);
  CHECK(output.out == "");
  CHECK(output.status == 2);
  CHECK(folder.names() == names_of(one.files));
}

}  // namespace

TEST_CASE("mistakes in files that a scenario names point into those files", "[error]") {
  const Case cases[] = {
      {{{"a.yaml",
         "pipeline: {csv: s.csv}\n"
         "costs: {forward: 1 ms, backward: 2 ms}\n"},
        {"s.csv",
         "0F0,0B0,0F1,0B1\n"
         "1F1,1B1,1F0,1B0\n"}},
       "s.csv:1:5: error: deadlock: rank 0 waits at 0B0 for 1B0, which stands behind 1F1 on rank 1; rank 1 "
       "waits at 1F1 for 0F1, which stands behind 0B0 on rank 0\n"
       "    1 | 0F0,0B0,0F1,0B1\n"
       "      |     ^\n"},
      {{{"a.yaml",
         "pipeline: {csv: s.csv}\n"
         "costs: {forward: 1 ms, backward: 2 ms}\n"},
        {"s.csv",
         "0F0,0B0\n"
         "1F0,1Q0\n"}},
       "s.csv:2:5: error: '1Q0' is no op; cells are a stage, one of F, B, I, W, and a micro-batch, such as "
       "2F0\n"
       "    2 | 1F0,1Q0\n"
       "      |     ^\n"},
      {{{"a.yaml",
         "pipeline: {csv: s.csv, stages: 4}\n"
         "costs: {forward: 1 ms, backward: 2 ms}\n"},
        {"s.csv",
         "0F0,0B0\n"
         "1F0,1B0\n"}},
       "a.yaml:1:32: error: 'pipeline.stages' is 4, but the schedule in 's.csv' has 2\n"
       "    1 | pipeline: {csv: s.csv, stages: 4}\n"
       "      |                                ^\n"},
      {{{"a.yaml",
         "pipeline: {csv: s.csv, microbatches: 4}\n"
         "costs: {forward: 1 ms, backward: 2 ms}\n"},
        {"s.csv",
         "0F0,0B0\n"
         "1F0,1B0\n"}},
       "a.yaml:1:38: error: 'pipeline.microbatches' is 4, but the schedule in 's.csv' has 1\n"
       "    1 | pipeline: {csv: s.csv, microbatches: 4}\n"
       "      |                                      ^\n"},
      {{{"a.yaml",
         "pipeline: {csv: s.csv, chunks: 2}\n"
         "costs: {forward: 1 ms, backward: 2 ms}\n"},
        {"s.csv",
         "0F0,0B0\n"
         "1F0,1B0\n"}},
       "a.yaml:1:32: error: 'pipeline.chunks' is 2, but the schedule in 's.csv' has 1\n"
       "    1 | pipeline: {csv: s.csv, chunks: 2}\n"
       "      |                                ^\n"},
      {{{"a.yaml",
         "pipeline: {csv: s.csv}\n"
         "costs: {forward: 1 ms, backward: 2 ms}\n"},
        {"s.csv",
         "0F0,0B0\n"
         "1F0\n"}},
       "s.csv:2:1: error: 1B0 is missing\n"
       "    2 | 1F0\n"
       "      | ^\n"},
      {{{"a.yaml",
         "pipeline: {csv: s.csv}\n"
         "costs: {forward: 1 ms, backward: 2 ms}\n"},
        {"s.csv",
         "0F0,0F0,0B0\n"
         "1F0,1B0\n"}},
       "s.csv:1:5: error: 0F0 stands twice\n"
       "    1 | 0F0,0F0,0B0\n"
       "      |     ^\n"},
      {{{"a.yaml",
         "pipeline: {csv: s.csv}\n"
         "costs: {forward: 1 ms, backward: 2 ms}\n"},
        {"s.csv",
         "0B0,0F0\n"
         "1F0,1B0\n"}},
       "s.csv:1:1: error: 0B0 comes before 0F0\n"
       "    1 | 0B0,0F0\n"
       "      | ^\n"},
      {{{"a.yaml",
         "pipeline: {csv: s.csv}\n"
         "costs: {forward: 1 ms, backward: 2 ms}\n"},
        {"s.csv",
         "0F0,0B0\n"
         "2F0,2B0\n"}},
       "s.csv:2:1: error: '2F0' is of stage 2, but no op is of stage 1\n"
       "    2 | 2F0,2B0\n"
       "      | ^\n"},
      {{{"a.yaml",
         "pipeline: {csv: s.csv}\n"
         "costs: {forward: 1 ms, backward: 2 ms}\n"},
        {"s.csv",
         "0F0,0I0,0W0\n"
         "1F0,1I0,1W0\n"}},
       "a.yaml:2:1: error: this schedule splits the backward: 'costs.input_gradient' and "
       "'costs.weight_gradient' are required\n"
       "    2 | costs: {forward: 1 ms, backward: 2 ms}\n"
       "      | ^\n"},
      {{{"a.yaml",
         "pipeline: {csv: s.csv}\n"
         "costs: {forward: 1 ms, backward: 2 ms}\n"},
        {"s.csv", ""}},
       "s.csv:1:1: error: there is no op in this schedule\n"
       "    1 | \n"
       "      | ^\n"},
      {{{"a.yaml",
         "pipeline: {csv: s.csv}\n"
         "costs: {forward: 1 ms, backward: 2 ms}\n"},
        {"s.csv", "0F99999999999\n"}},
       "s.csv:1:1: error: '0F99999999999' has a number that is too large; stages go to 65534, micro-batches "
       "to 4294967295\n"
       "    1 | 0F99999999999\n"
       "      | ^\n"},
      {{{"a.yaml",
         "pipeline: {csv: s.csv}\n"
         "costs: {forward: 1 ms, backward: 2 ms}\n"},
        {"s.csv", "\377\376"}},
       "s.csv:1:1: error: '?\?' is no op; cells are a stage, one of F, B, I, W, and a micro-batch, such as "
       "2F0\n"
       "    1 | \\xff\\xfe\n"
       "      | ^\n"},
      {{{"a.yaml",
         "pipeline: {csv: s.csv, stages: 1, chunks: 1, microbatches: 2}\n"
         "costs: {forward: 1 ms, backward: 2 ms}\n"},
        {"s.csv", "0F0,0B0\n"}},
       "a.yaml:1:60: error: 'pipeline.microbatches' is 2, but the schedule in 's.csv' has 1\n"
       "    1 | pipeline: {csv: s.csv, stages: 1, chunks: 1, microbatches: 2}\n"
       "      |                                                            ^\n"},
      {{{"a.yaml",
         "pipeline: {csv: s.csv}\n"
         "costs: {forward: 1 ms, backward: 2 ms}\n"}},
       "a.yaml:1:17: error: 's.csv': no such file\n"
       "    1 | pipeline: {csv: s.csv}\n"
       "      |                 ^\n"},
      {{{"a.yaml",
         "model: {hf_config: config.json}\n"
         "cluster: {preset: dgx-a100, nodes: 12}\n"
         "parallel: {tensor: 8, pipeline: 12}\n"
         "batch: {global: 48}\n"}},
       "a.yaml:1:20: error: 'config.json': no such file\n"
       "    1 | model: {hf_config: config.json}\n"
       "      |                    ^\n"},
      {{{"a.yaml",
         "model: {hf_config: config.json}\n"
         "cluster: {preset: dgx-a100, nodes: 12}\n"
         "parallel: {tensor: 8, pipeline: 12}\n"
         "batch: {global: 48}\n"},
        {"config.json", "{"}},
       "a.yaml:1:20: error: in 'config.json': not valid JSON at byte 2\n"
       "    1 | model: {hf_config: config.json}\n"
       "      |                    ^\n"},
      {{{"a.yaml",
         "model: {hf_config: config.json}\n"
         "cluster: {preset: dgx-a100, nodes: 12}\n"
         "parallel: {tensor: 8, pipeline: 12}\n"
         "batch: {global: 48}\n"},
        {"config.json", "[]"}},
       "a.yaml:1:20: error: in 'config.json': a model configuration must be a JSON object\n"
       "    1 | model: {hf_config: config.json}\n"
       "      |                    ^\n"},
      {{{"a.yaml",
         "model: {hf_config: config.json}\n"
         "cluster: {preset: dgx-a100, nodes: 12}\n"
         "parallel: {tensor: 8, pipeline: 12}\n"
         "batch: {global: 48}\n"},
        {"config.json", "{\"model_type\": \"gpt2\"}"}},
       "a.yaml:1:20: error: in 'config.json': 'n_layer' is missing\n"
       "    1 | model: {hf_config: config.json}\n"
       "      |                    ^\n"},
      {{{"a.yaml",
         "model: {hf_config: config.json}\n"
         "cluster: {preset: dgx-a100, nodes: 12}\n"
         "parallel: {tensor: 8, pipeline: 12}\n"
         "batch: {global: 48}\n"},
        {"config.json", "{\"model_type\": \"t5\"}"}},
       "a.yaml:1:20: error: in 'config.json': unknown model_type 't5'; known: gpt2, gpt_neox, llama, "
       "mistral, qwen2\n"
       "    1 | model: {hf_config: config.json}\n"
       "      |                    ^\n"},
      {{{"a.yaml",
         "model: {hf_config: config.json}\n"
         "cluster: {preset: dgx-a100, nodes: 12}\n"
         "parallel: {tensor: 8, pipeline: 12}\n"
         "batch: {global: 48}\n"},
        {"config.json", "{\"model_type\": 3}"}},
       "a.yaml:1:20: error: in 'config.json': 'model_type' is missing\n"
       "    1 | model: {hf_config: config.json}\n"
       "      |                    ^\n"},
      {{{"a.yaml",
         "model: {hf_config: config.json}\n"
         "cluster: {preset: dgx-a100, nodes: 12}\n"
         "parallel: {tensor: 8, pipeline: 12}\n"
         "batch: {global: 48}\n"},
        {"config.json", ""}},
       "a.yaml:1:20: error: in 'config.json': not valid JSON at byte 1\n"
       "    1 | model: {hf_config: config.json}\n"
       "      |                    ^\n"},
      {{{"a.yaml",
         "model: {preset: gpt3-175b}\n"
         "cluster: {preset: dgx-a100, nodes: 12}\n"
         "parallel: {tensor: 8, pipeline: 12}\n"
         "batch: {global: 48}\n"
         "pipeline: {csv: s.csv}\n"},
        {"s.csv", "0F0,0B0\n"}},
       "a.yaml:3:33: error: 'parallel.pipeline' is 12, but the schedule in 's.csv' has 1\n"
       "    3 | parallel: {tensor: 8, pipeline: 12}\n"
       "      |                                 ^\n"},
  };
  for (const Case& one : cases) check(one);
}

TEST_CASE("a scenario that is not there is named", "[error]") {
  const TemporaryFolder folder;

  const std::vector<std::string> before = folder.names();
  const Output output = run_program({"run", "a.yaml", "--json", "r.json"});
  CHECK(output.err == "a.yaml: error: no such file\n");
  CHECK(output.out == "");
  CHECK(output.status == 2);
  CHECK(folder.names() == before);
}

TEST_CASE("a folder is no scenario", "[error]") {
  const TemporaryFolder folder;
  std::filesystem::create_directory("a.yaml");
  const std::vector<std::string> before = folder.names();
  const Output output = run_program({"run", "a.yaml", "--json", "r.json"});
  CHECK(output.err == "a.yaml: error: is a folder, not a file\n");
  CHECK(output.out == "");
  CHECK(output.status == 2);
  CHECK(folder.names() == before);
}

TEST_CASE("a CSV that is a folder is named at its key", "[error]") {
  const TemporaryFolder folder;
  write_text("a.yaml",
             "pipeline: {csv: s.csv}\n"
             "costs: {forward: 1 ms, backward: 2 ms}\n");
  std::filesystem::create_directory("s.csv");
  const std::vector<std::string> before = folder.names();
  const Output output = run_program({"run", "a.yaml", "--json", "r.json"});
  CHECK(output.err ==
        "a.yaml:1:17: error: 's.csv': is a folder, not a file\n"
        "    1 | pipeline: {csv: s.csv}\n"
        "      |                 ^\n");
  CHECK(output.out == "");
  CHECK(output.status == 2);
  CHECK(folder.names() == before);
}

TEST_CASE("a file without an end is refused at its key, whatever it is read for", "[error]") {
  const TemporaryFolder folder;
  write_text("a.yaml",
             "model: {hf_config: /dev/zero}\n"
             "cluster: {preset: dgx-a100}\n"
             "batch: {global: 1}\n");
  write_text("b.yaml",
             "pipeline: {csv: /dev/zero}\n"
             "costs: {forward: 1 ms, backward: 2 ms}\n");
  CHECK(run_program({"check", "a.yaml", "b.yaml"}).err ==
        "a.yaml:1:20: error: '/dev/zero': is larger than 16 MiB\n"
        "    1 | model: {hf_config: /dev/zero}\n"
        "      |                    ^\n"
        "b.yaml:1:17: error: '/dev/zero': is larger than 256 MiB\n"
        "    1 | pipeline: {csv: /dev/zero}\n"
        "      |                 ^\n");
}

TEST_CASE("a file that the system refuses is named with the system's reason", "[error]") {
  const TemporaryFolder folder;
  write_text("s.csv", "0F0,0B0\n");
  write_text("a.yaml",
             "pipeline: {csv: s.csv/t.csv}\n"
             "costs: {forward: 1 ms, backward: 2 ms}\n");
  CHECK(run_program({"check", "a.yaml"}).err ==
        "a.yaml:1:17: error: 's.csv/t.csv': cannot be read: Not a directory\n"
        "    1 | pipeline: {csv: s.csv/t.csv}\n"
        "      |                 ^\n");
}

TEST_CASE("no output replaces a file that the scenario reads, whatever the path", "[error]") {
  struct Case {
    std::string scenario;
    std::string output;
    std::string error;
  };
  const std::string trained =
      "cluster: {preset: dgx-a100, nodes: 12}\nparallel: {tensor: 8, pipeline: 12}\nbatch: {global: 48}\n";
  const Case cases[] = {
      {"pipeline: {csv: s.csv}\ncosts: {forward: 1 ms, backward: 2 ms}\n", "in/s.csv",
       "would overwrite 'in/s.csv', which the scenario reads ('pipeline.csv')"},
      {"pipeline: {csv: s.csv}\ncosts: {forward: 1 ms, backward: 2 ms}\n", "link",
       "would overwrite 'in/s.csv', which the scenario reads ('pipeline.csv')"},
      {"model: {hf_config: s.csv}\n" + trained, "in/../in/s.csv",
       "would overwrite 'in/s.csv', which the scenario reads ('model.hf_config')"},
      {"model: {hf_config: s.csv}\n" + trained, "in/a.yaml", "would overwrite the scenario 'in/a.yaml'"},
  };
  for (const Case& one : cases) {
    const TemporaryFolder folder;
    std::filesystem::create_directory("in");
    std::filesystem::create_symlink("in/s.csv", "link");
    write_text("in/a.yaml", one.scenario);
    write_text("in/s.csv", "0F0,0B0\n");
    const Output output = run_program({"run", "in/a.yaml", "--schedule-csv", one.output});
    CHECK(output.err ==
          "stagecraft: error: option '--schedule-csv' " + one.error + "\nsee `stagecraft --help`\n");
    CHECK(output.status == 2);
    CHECK(read_text("in/s.csv") == "0F0,0B0\n");
    CHECK(read_text("in/a.yaml") == one.scenario);
    CHECK(folder.names() == std::vector<std::string>{"in", "link"});
  }
}

TEST_CASE("a device may be named by several options", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kTwoRanks);
  const Output output = run_program({"run", "a.yaml", "--json", "/dev/null", "--csv", "/dev/null"});
  CHECK(output.err == "");
  CHECK(output.status == 0);
}

TEST_CASE("check names every scenario that is wrong", "[error]") {
  const TemporaryFolder folder;
  write_text("a.yaml", "name: [");
  write_text("b.yaml", "");
  const std::vector<std::string> before = folder.names();
  const Output output = run_program({"check", "a.yaml", "b.yaml", "c.yaml"});
  CHECK(output.err ==
        "a.yaml:1:7: error: this '[' is not closed\n"
        "    1 | name: [\n"
        "      |       ^\n"
        "b.yaml: error: the file is empty\n"
        "c.yaml: error: no such file\n");
  CHECK(output.out == "");
  CHECK(output.status == 2);
  CHECK(folder.names() == before);
}
