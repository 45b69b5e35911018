#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace stagecraft {

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The folder of other programs' schedules, or nothing where it is not at hand.
inline std::filesystem::path schedule_data() {
  const char* data = std::getenv("STAGECRAFT_DATA");
  return data ? std::filesystem::path(data) / "schedules" : std::filesystem::path();
}

}  // namespace stagecraft
