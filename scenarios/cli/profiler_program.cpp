#include "scenarios/cli/profiler_program.h"

#include <fmt/format.h>

#include "base/error.h"
#include "scenarios/cli/child_program.h"

namespace stagecraft {

namespace {

std::string built(const std::string& name, const char* override_name) {
  const std::string path = find_sibling(name, override_name);
  if (path.empty())
    throw InputError(
        "stagecraft: error: this program was built without the profiler of kernels\n"
        "      = install the CUDA toolkit 12.6 or later with nvcc, CUPTI and cuBLASLt "
        "(https://developer.nvidia.com/cuda-downloads; with cuDNN 9 for attention) and build again: "
        "`cmake --preset release` then says 'Profiler of kernels: CUDA ...'");
  return path;
}

}  // namespace

std::string profiler_program() {
  return built("stagecraft-profiler", "STAGECRAFT_PROFILER");
}

std::string attach_library() {
  return built("libstagecraft_attach.so", "STAGECRAFT_ATTACH");
}

void expect_device(const std::string& program, std::int64_t device) {
  const ChildResult checked =
      run_child(program, {"check", fmt::format("device={}", device)}, {.capture = true});
  if (checked.status == 0) return;
  throw InputError(checked.text.substr(0, checked.text.find_last_not_of('\n') + 1));
}

std::string profile_words(const Arguments& arguments) {
  std::string words = "stagecraft profile";
  for (const auto& [name, values] : arguments.options) {
    if (values.empty()) words += fmt::format(" --{}", name);
    for (const std::string& value : values) words += fmt::format(" --{} {}", name, value);
  }
  if (!arguments.behind_dashes.empty()) words += " --";
  for (const std::string& word : arguments.behind_dashes) words += " " + word;
  return words;
}

}  // namespace stagecraft
