#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace stagecraft {

/// The bytes of a file from front to back. What gzip packed is unpacked on the way, whatever its name; any
/// other file is read as it is.
class PackedFile {
 public:
  /// Throws InputError with the system's reason where the file cannot be opened.
  explicit PackedFile(const std::string& path);
  ~PackedFile();
  PackedFile(const PackedFile&) = delete;
  PackedFile& operator=(const PackedFile&) = delete;

  /// Fills the front of `to` and returns how many bytes; 0 at the end. Throws InputError where packed bytes
  /// are damaged or end too early.
  std::size_t read(std::span<char> to);

 private:
  struct Handle;
  std::string path_;
  std::unique_ptr<Handle> handle_;
};

/// All bytes of a file, unpacked. Throws InputError, as PackedFile does.
std::string read_packed_file(const std::string& path);

}  // namespace stagecraft
