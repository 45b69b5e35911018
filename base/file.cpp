#include "base/file.h"

#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "base/error.h"

namespace stagecraft {
namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

File open_file(const std::string& path) {
  if (path.empty()) throw InputError("the name of a file is empty");
  File file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file && errno == ENOENT) throw file_error(path, "no such file");
  if (!file) throw file_error(path, fmt::format("cannot be read: {}", std::strerror(errno)));
  struct stat status {};
  if (fstat(fileno(file.get()), &status) == 0 && S_ISDIR(status.st_mode))
    throw file_error(path, "is a folder, not a file");
  return file;
}

}  // namespace

std::string read_file(const std::string& path, std::size_t most) {
  const File file = open_file(path);
  std::string text;
  // One byte beyond the limit is enough to know; a pipe has no size to ask for.
  while (text.size() <= most) {
    char buffer[65536];
    const std::size_t size =
        std::fread(buffer, 1, std::min(sizeof buffer, most + 1 - text.size()), file.get());
    if (size == 0) break;
    text.append(buffer, size);
  }
  if (std::ferror(file.get()))
    throw file_error(path, fmt::format("cannot be read: {}", std::strerror(errno)));
  return text;
}

}  // namespace stagecraft
