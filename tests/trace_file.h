#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace stagecraft {

/// A trace's file, removed at the end of the scope.
class TraceFile {
 public:
  explicit TraceFile(const std::string& text, const std::string& name = "trace")
      : path_((std::filesystem::temp_directory_path() /
               // Tests run beside each other, each in a process of its own.
               ("stagecraft_" + name + "_" + std::to_string(getpid()) + ".json"))
                  .string()) {
    std::ofstream(path_, std::ios::binary) << text;
  }
  ~TraceFile() { std::filesystem::remove(path_); }
  TraceFile(const TraceFile&) = delete;
  TraceFile& operator=(const TraceFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace stagecraft
