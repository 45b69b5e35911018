#include "base/output_target.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>
#include <vector>

namespace stagecraft {
namespace {

constexpr int kMostLinks = 40;  // as the kernel follows

std::vector<std::string> remedy(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return {"make the folder first, or name another one"};
    case EACCES:
    case EPERM:
    case EROFS:
      return {"name a file in a folder that you may write to"};
    case ENOSPC:
    case EDQUOT:
      return {"free some space, or name a file on another disk"};
    case EISDIR:
      return {"name a file, not a folder"};
    default:
      return {};
  }
}

/// Up to and with the last '/'; empty for a bare name.
std::string folder_of(const std::string& path) {
  return path.substr(0, path.rfind('/') + 1);
}

/// Where the link at `path` points to; nothing where it is none.
std::optional<std::string> link_target(const std::string& path) {
  char target[4096];
  const ssize_t size = readlink(path.c_str(), target, sizeof target);
  if (size <= 0) return std::nullopt;
  const std::string link(target, static_cast<std::size_t>(size));
  return link[0] == '/' ? link : folder_of(path) + link;
}

/// The file that a path leads to: links are followed, also where the last one points to nothing yet.
std::string real_target(std::string path) {
  for (int hops = 0; hops < kMostLinks; ++hops) {
    const auto next = link_target(path);
    if (!next) return path;
    path = *next;
  }
  return path;  // a circle of links: opening it will say so
}

int number_after(std::string_view path, std::string_view folder) {
  if (!path.starts_with(folder)) return -1;
  path.remove_prefix(folder.size());
  int number = -1;
  const auto [end, error] = std::from_chars(path.data(), path.data() + path.size(), number);
  return error == std::errc{} && end == path.data() + path.size() ? number : -1;
}

/// The open descriptor that a path names, as /dev/stdout and /dev/fd/63 do; -1 for every other path. Such a
/// path reads as a link to a text like "pipe:[8]" or to a file that others write to through the descriptor.
int named_descriptor(std::string path) {
  if (path == "-") return STDOUT_FILENO;
  const std::string own = fmt::format("/proc/{}/fd/", getpid());
  for (int hops = 0; hops < kMostLinks; ++hops) {
    for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/", "/proc/thread-self/fd/", own.c_str()})
      if (const int number = number_after(path, folder); number >= 0) return number;
    const auto next = link_target(path);
    if (!next) return -1;
    path = *next;
  }
  return -1;
}

}  // namespace

std::optional<FileId> file_id(const std::string& path) {
  struct stat status {};
  const int descriptor = named_descriptor(path);
  const bool there = descriptor >= 0 ? fstat(descriptor, &status) == 0 : stat(path.c_str(), &status) == 0;
  if (there && S_ISCHR(status.st_mode)) {
    if (descriptor < 0) return std::nullopt;
    return FileId{.inode = static_cast<std::uint64_t>(descriptor), .name = "descriptor"};
  }
  if (there) return FileId{.device = status.st_dev, .inode = status.st_ino};
  const std::string target = real_target(path);
  const std::string folder = folder_of(target);
  if (stat(folder.empty() ? "." : folder.c_str(), &status) != 0) return std::nullopt;
  return FileId{.device = status.st_dev, .inode = status.st_ino, .name = target.substr(folder.size())};
}

namespace detail {

OutputTarget find_target(const std::string& path) {
  if (path.empty()) throw InputError("the name of an output file is empty");
  if (const int descriptor = named_descriptor(path); descriptor >= 0)
    return {.way = OutputTarget::Way::Descriptor, .descriptor = descriptor};
  struct stat status {};
  const bool there = stat(path.c_str(), &status) == 0;
  if (!there && errno != ENOENT) throw write_error(path, errno);
  if (there && S_ISDIR(status.st_mode)) throw write_error(path, EISDIR);
  if (there && !S_ISREG(status.st_mode)) return {.way = OutputTarget::Way::Open};
  // rename() would replace a file that is write-protected; who protected it did not want that.
  if (there && access(path.c_str(), W_OK) != 0) throw write_error(path, errno);
  OutputTarget target{.path = real_target(path)};
  if (there) target.permissions = status.st_mode & 07777;
  return target;
}

InputError write_error(const std::string& path, int error) {
  const std::string what = error == ENOENT ? "its folder does not exist" : std::strerror(error);
  return file_error(path == "-" ? "standard output" : path, fmt::format("cannot be written: {}", what),
                    remedy(error));
}

}  // namespace detail
}  // namespace stagecraft
