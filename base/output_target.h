#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/error.h"

namespace stagecraft::detail {

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

}  // namespace stagecraft::detail
