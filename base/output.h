#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace stagecraft {

/// A file that appears whole or not at all. What is written goes to a temporary file in the same folder;
/// commit() gives it the final name in one step. Destroyed without commit, the temporary is removed.
///
/// A target that is no regular file (/dev/null, a pipe) is written directly, and so is an open descriptor
/// (`-` for standard output, /dev/stdout, /dev/fd/63), even one of a regular file: what others write there
/// stays. A link is followed: the file that it points to is replaced. An existing file keeps its permissions.
/// A name that ends in .gz is compressed (gzip, no time stamp: the same content gives the same bytes with one
/// zlib).
///
/// Errors are InputError and name the file and what to do. Buffered: 1 MiB. Not for several threads at once.
class OutputFile {
 public:
  /// Opens at once, so that a folder that does not exist is known before a long computation.
  explicit OutputFile(std::string path);
  ~OutputFile();
  OutputFile(OutputFile&&) noexcept;
  OutputFile& operator=(OutputFile&&) noexcept;

  void write(std::string_view data);
  /// Writes what is buffered. Of several files, finish all before the first commit: what can fail has then
  /// succeeded. REQUIRES: not yet finished.
  void finish();
  /// Finishes where that was not done, and puts the file in place. REQUIRES: not yet committed.
  void commit();

  /// Whether commit() renames, so that a file of this name is replaced; false where it is written directly.
  bool replaces() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Removes the temporaries of every OutputFile that is open. Async-signal-safe: for the handler of SIGINT and
/// SIGTERM, which must end the process afterwards.
void unlink_pending_temporaries() noexcept;

}  // namespace stagecraft
