// The part of `stagecraft profile` that needs CUDA, as a program of its own: what it links, others need not
// have, and a library that crashes takes one suite with it.
#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>

#include "base/error.h"
#include "profiles/capture/driver_check.h"
#include "profiles/capture/join.h"
#include "profiles/capture/range_counters.h"
#include "profiles/suites/bench.h"
#include "profiles/suites/built_suites.h"
#include "profiles/suites/counting.h"
#include "profiles/suites/probe.h"
#include "profiles/suites/profiler.h"

namespace stagecraft {

namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kBadInput = 2;
constexpr int kNoCounters = 3;

/// NAME=VALUE words, which `stagecraft profile` writes.
using Settings = std::map<std::string, std::string>;

Settings settings_of(int count, char** words) {
  Settings settings;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    const std::size_t equals = word.find('=');
    settings[word.substr(0, equals)] = equals == std::string::npos ? std::string() : word.substr(equals + 1);
  }
  return settings;
}

ProfilerOptions options_of(Settings& settings) {
  ProfilerOptions options;
  options.suite = settings["suite"];
  options.rows = settings["rows"];
  options.command = settings["command"];
  options.device = std::atoi(settings["device"].c_str());
  options.quick = settings["quick"] == "1";
  options.passes = settings.count("passes") ? std::atoi(settings["passes"].c_str()) : 2;
  options.time_limit_s = std::atof(settings["time_limit_s"].c_str());
  return options;
}

int print_suites() {
  for (const std::string_view name : built_suites()) fmt::print("{}\n", name);
  return kDone;
}

/// The path of the CUPTI that `library` links, which is where NVTX must send its ranges. Needs no driver.
int print_cupti(const std::string& library) {
  void* loaded = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  Dl_info found{};
  if (!loaded || dladdr(dlsym(loaded, "cuptiGetVersion"), &found) == 0)
    throw InputError(fmt::format("stagecraft: error: '{}' cannot be loaded: {}", library, dlerror()));
  fmt::print("{}\n", std::filesystem::absolute(found.dli_fname).string());
  return kDone;
}

int count(const ProfilerOptions& options) {
  try {
    count_suite(options);
    return kDone;
  } catch (const CountersRefused& error) {
    fmt::print(stderr, "stagecraft: warning: without hardware counters: {}\n", error.what());
    return kNoCounters;
  }
}

int run(int words_count, char** words) {
  Settings settings = settings_of(words_count, words);
  if (settings.count("suites")) return print_suites();
  if (settings.count("cupti")) return print_cupti(settings["cupti"]);
  const ProfilerOptions options = options_of(settings);
  if (const std::string missing = explain(check_driver(options.device), options.device); !missing.empty())
    throw InputError(fmt::format("stagecraft: error: {}", missing));
  if (settings.count("check")) return kDone;
  if (settings.count("describe")) {
    fmt::print("{}", to_text(describe_device(options)));
    return kDone;
  }
  if (settings.count("probe")) {
    probe(settings["probe"], options.device);
    return kDone;
  }
  if (!find_built(options.suite))
    throw InputError(
        fmt::format("stagecraft: error: this build cannot measure '{}': a library was not found when it "
                    "was configured",
                    options.suite));
  if (settings.count("counters")) return count(options);
  profile_suite(options);
  return kDone;
}

}  // namespace

}  // namespace stagecraft

int main(int count, char** words) {
  try {
    return stagecraft::run(count, words);
  } catch (const stagecraft::InputError& error) {
    fmt::print(stderr, "{}\n", error.what());
    return stagecraft::kBadInput;
  } catch (const std::exception& error) {
    fmt::print(stderr, "stagecraft: error: {}\n", error.what());
    return stagecraft::kFailed;
  }
}
