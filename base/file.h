#pragma once

#include <cstddef>
#include <string>

namespace stagecraft {

/// The bytes of a file or pipe: all of them, or the first `most` + 1 of a longer one, so that the caller can
/// say what is too much. Throws InputError (file_error) with the system's reason: missing, a folder, no
/// permission.
std::string read_file(const std::string& path, std::size_t most);

}  // namespace stagecraft
