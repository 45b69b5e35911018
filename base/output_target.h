#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"

namespace stagecraft {

/// Which file a path leads to: two paths with equal ids are one file, however they are written. `name` is
/// empty for a file that exists; for one that does not, device and inode are those of its folder.
struct FileId {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::string name{};

  bool operator==(const FileId&) const = default;
};

/// The id of what `path` leads to, links followed; `-` is standard output. Nothing where its folder does not
/// exist, and for devices such as /dev/null, which may be written to as often as one likes.
std::optional<FileId> file_id(const std::string& path);

namespace detail {

/// How an output file is written.
struct OutputTarget {
  enum class Way {
    Rename,      ///< a regular file, or none yet: beside it, and renamed in the end
    Open,        ///< a pipe or a device: opened by its name
    Descriptor,  ///< `-`, /dev/stdout or /dev/fd/N: a descriptor that is open already
  };
  Way way = Way::Rename;
  std::string path{};  ///< Rename: links followed
  int descriptor = -1;
  std::optional<mode_t> permissions{};  ///< Rename: of the file that is replaced
};

/// Throws InputError where nothing can be written there: a folder, a protected file, a circle of links.
OutputTarget find_target(const std::string& path);

/// "PATH: error: cannot be written: ..." with the remedy for `error`, an errno.
InputError write_error(const std::string& path, int error);

}  // namespace detail
}  // namespace stagecraft
