#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/output.h"
#include "base/output_target.h"
#include "scenarios/cli/options.h"
#include "scenarios/run/files.h"
#include "sim/report/text.h"

namespace stagecraft {

/// The outputs of `run` or `graph` that were asked for. All are opened before the simulation, so that a
/// folder that does not exist is known early, and put in place when all are written: together or not at all.
class Outputs {
 public:
  /// Throws UsageError where two outputs are one file, or one is a file that the run reads or the one that
  /// standard output goes to. `out`: standard output, for an output called `-`.
  Outputs(const Arguments& arguments, const std::vector<ScenarioFile>& inputs, std::ostream& out);

  bool wants(std::string_view option) const;
  bool stdout_taken() const { return stdout_taken_; }

  /// Calls write(sink) where the option was given.
  template <class Write>
  void write(std::string_view option, Write write) {
    Target* target = find(option);
    if (!target) return;
    if (target->path == "-") return write(stdout_text_);
    ForwardingSink<OutputFile> sink(*target->file);
    write(sink);
  }

  /// Writes every output as far as it can be taken back: the files under temporary names, then pipes and
  /// standard output.
  void finish();
  /// Puts the files in place. REQUIRES: finished, and all else that is to be printed is printed.
  void commit();

  /// Prints the names of the files, for people: nothing where standard output is one of the outputs.
  void print_names() const;

 private:
  struct Target {
    std::string_view option;
    std::string path;
    std::optional<FileId> id;
    std::optional<OutputFile> file{};
  };

  void add(std::string_view option, const std::string& path);
  void expect_new(const Target& target) const;
  void open(Target& target);
  Target* find(std::string_view option);

  std::ostream& out_;
  std::vector<Target> targets_;
  StringSink stdout_text_;
  bool stdout_taken_ = false;
};

}  // namespace stagecraft
