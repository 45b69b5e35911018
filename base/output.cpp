#include "base/output.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <utility>

#include "base/output_target.h"
#include "base/pending_files.h"

namespace stagecraft {

using detail::OutputTarget;
using detail::write_error;

namespace {

constexpr std::size_t kBufferSize = std::size_t{1} << 20;

/// gzip as a stream, RFC 1952.
class Compressor {
 public:
  Compressor() {
    // 15 + 16: the largest window, with gzip's header. Level 6 is zlib's default.
    if (deflateInit2(&stream_, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
  }
  ~Compressor() { deflateEnd(&stream_); }
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  /// Passes what comes out to `write`. REQUIRES: data is at most kBufferSize long.
  template <class Write>
  void run(std::string_view data, bool last, const Write& write) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));  // zlib only reads it
    stream_.avail_in = static_cast<uInt>(data.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
      stream_.avail_out = static_cast<uInt>(out_.size());
      deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH);
      write(std::string_view(out_.data(), out_.size() - stream_.avail_out));
    } while (stream_.avail_out == 0);
  }

 private:
  z_stream stream_{};
  std::array<char, 65536> out_{};
};

}  // namespace

class OutputFile::Impl {
 public:
  explicit Impl(std::string path) : path_(std::move(path)) {
    buffer_.reserve(kBufferSize);
    if (path_.ends_with(".gz")) compressor_.emplace();
    open(detail::find_target(path_));
  }

  ~Impl() {
    close_descriptor();
    if (!temporary_.empty()) unlink(temporary_.c_str());
    detail::forget_pending(slot_);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  bool replaces() const { return !target_.empty(); }

  void write(std::string_view data) {
    while (!data.empty()) {
      const std::string_view piece = data.substr(0, kBufferSize - buffer_.size());
      buffer_ += piece;
      data.remove_prefix(piece.size());
      if (buffer_.size() == kBufferSize) flush(/*last=*/false);
    }
  }

  void finish() {
    flush(/*last=*/true);
    // Some file systems report a full disk only here.
    if (::close(std::exchange(descriptor_, -1)) != 0) throw write_error(path_, errno);
  }

  void commit() {
    if (committed_) throw std::logic_error("OutputFile: committed twice");
    committed_ = true;
    if (descriptor_ >= 0) finish();
    if (temporary_.empty()) return;
    if (std::rename(temporary_.c_str(), target_.c_str()) != 0) throw write_error(path_, errno);
    temporary_.clear();
    detail::forget_pending(std::exchange(slot_, -1));
  }

 private:
  void open(const OutputTarget& target) {
    if (target.way == OutputTarget::Way::Rename) {
      target_ = target.path;
      open_temporary();
      if (target.permissions) (void)fchmod(descriptor_, *target.permissions);
      return;
    }
    if (target.way == OutputTarget::Way::Open) {
      descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    } else if ((fcntl(target.descriptor, F_GETFL) & O_ACCMODE) == O_RDONLY) {
      errno = EBADF;
    } else {  // A copy shares the position in the file with all else that is written there.
      descriptor_ = fcntl(target.descriptor, F_DUPFD_CLOEXEC, 0);
    }
    if (descriptor_ < 0) throw write_error(path_, errno);
  }

  void open_temporary() {
    for (int attempt = 0;; ++attempt) {
      const std::string name = fmt::format("{}.{}-{}.tmp", target_, getpid(), attempt);
      // First remembered, then made: a signal in between finds nothing to remove, not a file that nobody
      // knows.
      slot_ = detail::remember_pending(name);
      descriptor_ = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (descriptor_ >= 0) {
        temporary_ = name;
        return;
      }
      const int error = errno;
      detail::forget_pending(std::exchange(slot_, -1));
      if (error != EEXIST || attempt == 10000) throw write_error(path_, error);
    }
  }

  void flush(bool last) {
    if (compressor_) {
      compressor_->run(buffer_, last, [&](std::string_view data) { write_all(data); });
    } else {
      write_all(buffer_);
    }
    buffer_.clear();
  }

  void write_all(std::string_view data) {
    while (!data.empty()) {
      const ssize_t size = ::write(descriptor_, data.data(), data.size());
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) throw write_error(path_, errno);
      data.remove_prefix(static_cast<std::size_t>(size));
    }
  }

  void close_descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
  }

  std::string path_;       ///< as given, for errors
  std::string target_;     ///< links followed
  std::string temporary_;  ///< empty where the target is written directly, and after the rename
  std::string buffer_;
  std::optional<Compressor> compressor_;
  int descriptor_ = -1;
  int slot_ = -1;
  bool committed_ = false;
};

OutputFile::OutputFile(std::string path) : impl_(std::make_unique<Impl>(std::move(path))) {}
OutputFile::~OutputFile() = default;
OutputFile::OutputFile(OutputFile&&) noexcept = default;
OutputFile& OutputFile::operator=(OutputFile&&) noexcept = default;

void OutputFile::write(std::string_view data) {
  impl_->write(data);
}
void OutputFile::finish() {
  impl_->finish();
}
void OutputFile::commit() {
  impl_->commit();
}
bool OutputFile::replaces() const {
  return impl_->replaces();
}

}  // namespace stagecraft
