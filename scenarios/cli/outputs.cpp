#include "scenarios/cli/outputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "base/text.h"
#include "scenarios/cli/commands.h"

namespace stagecraft {

namespace {

constexpr std::string_view kOptions[] = {"json", "csv", "svg", "trace", "schedule-csv", "schedule-comms-csv",
                                         "dot",  "yaml"};

bool same(const std::optional<FileId>& a, const std::optional<FileId>& b) {
  return a && a == b;
}

std::string overwrites(std::string_view option, const ScenarioFile& input) {
  if (input.key.empty())
    return fmt::format("option '--{}' would overwrite the scenario '{}'", option, input.path);
  return fmt::format("option '--{}' would overwrite '{}', which the scenario reads ('{}')", option,
                     input.path, input.key);
}

}  // namespace

Outputs::Outputs(const Arguments& arguments, const std::vector<ScenarioFile>& inputs, std::ostream& out)
    : out_(out) {
  for (std::string_view option : kOptions)
    if (arguments.has(option)) add(option, arguments.value(option));
  for (const Target& target : targets_)
    for (const ScenarioFile& input : inputs)
      if (same(target.id, file_id(input.path))) throw UsageError(overwrites(target.option, input));
  for (Target& target : targets_) open(target);
}

void Outputs::add(std::string_view option, const std::string& path) {
  if (path.empty()) throw UsageError(fmt::format("option '--{}' needs a file name", option));
  Target target{option, path, file_id(path)};
  expect_new(target);
  stdout_taken_ = stdout_taken_ || path == "-";
  targets_.push_back(std::move(target));
}

void Outputs::expect_new(const Target& target) const {
  if (target.path == "-" && stdout_taken_) throw UsageError("only one output can be standard output");
  for (const Target& other : targets_) {
    if (!same(other.id, target.id)) continue;
    const std::string files = other.path == target.path
                                  ? fmt::format("'{}'", target.path)
                                  : fmt::format("'{}' and '{}'", other.path, target.path);
    throw UsageError(
        fmt::format("options '--{}' and '--{}' name the same file: {}", other.option, target.option, files));
  }
}

void Outputs::open(Target& target) {
  if (target.path == "-") return;
  target.file.emplace(target.path);
  if (target.file->replaces() && same(target.id, file_id("-")))
    throw UsageError(fmt::format("option '--{}' would overwrite '{}', which standard output goes to",
                                 target.option, target.path));
}

void Outputs::finish() {
  for (const bool file : {true, false})
    for (Target& target : targets_)
      if (target.file && target.file->replaces() == file) target.file->finish();
  out_ << stdout_text_.text;
  flush_output(out_);
}

void Outputs::commit() {
  for (Target& target : targets_)
    if (target.file) target.file->commit();
}

void Outputs::print_names() const {
  std::string text;
  for (const Target& target : targets_)
    if (target.file) text += (text.empty() ? "" : ", ") + printable(target.path);
  if (!text.empty() && !stdout_taken_) out_ << "  Written    " << text << "\n";
}

bool Outputs::wants(std::string_view option) const {
  return std::any_of(targets_.begin(), targets_.end(), [&](const Target& t) { return t.option == option; });
}

Outputs::Target* Outputs::find(std::string_view option) {
  for (Target& target : targets_)
    if (target.option == option) return &target;
  return nullptr;
}

}  // namespace stagecraft
