#include "base/packed_file.h"

#include <fmt/core.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace stagecraft {

struct PackedFile::Handle {
  explicit Handle(gzFile opened) : file(opened) {}
  ~Handle() { gzclose(file); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  gzFile file;
};

PackedFile::PackedFile(const std::string& path) : path_(path) {
  gzFile file = gzopen(path.c_str(), "rb");
  if (!file) throw file_error(path, fmt::format("cannot be read: {}", std::strerror(errno)));
  handle_ = std::make_unique<Handle>(file);
}

PackedFile::~PackedFile() = default;

std::size_t PackedFile::read(std::span<char> to) {
  const int size = gzread(handle_->file, to.data(), static_cast<unsigned>(to.size()));
  if (size > 0) return static_cast<std::size_t>(size);
  int status = Z_OK;
  gzerror(handle_->file, &status);
  if (status == Z_ERRNO) throw file_error(path_, fmt::format("cannot be read: {}", std::strerror(errno)));
  if (status == Z_BUF_ERROR)
    throw file_error(path_, "ends in the middle of its packed bytes",
                     {"it was cut off: copy or write it again"});
  if (size < 0) throw file_error(path_, "is damaged: it cannot be unpacked");
  return 0;
}

std::string read_packed_file(const std::string& path) {
  PackedFile file(path);
  std::string text;
  char buffer[65536];
  while (const std::size_t size = file.read(buffer)) text.append(buffer, size);
  return text;
}

}  // namespace stagecraft
