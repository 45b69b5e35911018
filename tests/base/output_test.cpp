#include "base/output.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "base/output_target.h"
#include "error_of.h"

using namespace stagecraft;
namespace fs = std::filesystem;

namespace {

/// A folder of its own that is removed afterwards.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "stagecraft-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { fs::remove_all(path_); }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(path_)) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  fs::path path_;
};

/// Writes a whole file through an OutputFile.
void write_file(const std::string& path, std::string_view content) {
  OutputFile file(path);
  file.write(content);
  file.commit();
}

std::string content(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

std::string unpacked(const std::string& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  std::string out;
  char buffer[4096];
  for (int size = 0; (size = gzread(file, buffer, sizeof buffer)) > 0;)
    out.append(buffer, static_cast<std::size_t>(size));
  gzclose(file);
  return out;
}

constexpr int kNoPlainUser = 77;

/// Runs `holds` in another process, as a user who is not root: 0 where it returned true.
template <class Action>
int as_plain_user(const Action& holds) {
  const pid_t child = fork();
  if (child == 0) {
    constexpr unsigned kNobody = 65534;
    if (geteuid() == 0 && (setgroups(0, nullptr) != 0 || setgid(kNobody) != 0 || setuid(kNobody) != 0))
      _exit(kNoPlainUser);
    _exit(holds() ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("a file appears at commit and not before") {
  const Folder folder;
  OutputFile file(folder / "a.txt");
  file.write("hello ");
  file.write("world\n");
  CHECK_FALSE(fs::exists(folder / "a.txt"));
  file.commit();
  CHECK(content(folder / "a.txt") == "hello world\n");
  CHECK(folder.files() == std::vector<std::string>{"a.txt"});
}

TEST_CASE("without commit the old file stays and nothing is left behind") {
  const Folder folder;
  write_file(folder / "a.txt", "old");
  {
    OutputFile file(folder / "a.txt");
    file.write(std::string(3 << 20, 'x'));
    CHECK(folder.files().size() == 2);
  }
  CHECK(content(folder / "a.txt") == "old");
  CHECK(folder.files() == std::vector<std::string>{"a.txt"});
}

TEST_CASE("several megabytes are written whole") {
  const Folder folder;
  std::string text;
  for (int i = 0; i < 400'000; ++i) text += std::to_string(i) + "\n";
  write_file(folder / "a.txt", text);
  CHECK(content(folder / "a.txt") == text);
  write_file(folder / "a.txt.gz", text);
  CHECK(unpacked(folder / "a.txt.gz") == text);
  CHECK(fs::file_size(folder / "a.txt.gz") < text.size() / 3);
}

TEST_CASE("a gzip file has no time stamp: the same content gives the same bytes") {
  const Folder folder;
  write_file(folder / "a.gz", "the same");
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  write_file(folder / "b.gz", "the same");
  CHECK(content(folder / "a.gz") == content(folder / "b.gz"));
  write_file(folder / "empty.gz", "");
  CHECK(unpacked(folder / "empty.gz").empty());
  CHECK(fs::file_size(folder / "empty.gz") == 20);
}

TEST_CASE("a link is followed and permissions are kept") {
  const Folder folder;
  write_file(folder / "real.txt", "old");
  fs::permissions(folder / "real.txt",
                  fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read);
  fs::create_symlink("real.txt", folder / "link.txt");
  write_file(folder / "link.txt", "new");
  CHECK(fs::is_symlink(folder / "link.txt"));
  CHECK(content(folder / "real.txt") == "new");
  struct stat status {};
  REQUIRE(stat((folder / "real.txt").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0640);
}

TEST_CASE("a link to nothing makes the file that it names") {
  const Folder folder;
  fs::create_symlink("later.txt", folder / "link.txt");
  write_file(folder / "link.txt", "new");
  CHECK(content(folder / "later.txt") == "new");
  CHECK(fs::is_symlink(folder / "link.txt"));
}

TEST_CASE("what is no regular file is written directly") {
  const Folder folder;
  write_file("/dev/null", "gone");
  CHECK(fs::is_character_file("/dev/null"));

  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  std::string received;
  std::thread reader([&] { received = content(folder / "pipe"); });
  write_file(folder / "pipe", "through the pipe");
  reader.join();
  CHECK(received == "through the pipe");
  CHECK(fs::is_fifo(folder / "pipe"));
  CHECK(folder.files() == std::vector<std::string>{"pipe"});
}

TEST_CASE("a pipe is written by the name of its descriptor, as >(cat > f) gives it") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  write_file("/dev/fd/" + std::to_string(ends[1]), "through the pipe");
  char received[64] = {};
  CHECK(read(ends[0], received, sizeof received) == 16);
  CHECK(std::string(received) == "through the pipe");
  close(ends[0]);
  close(ends[1]);
}

TEST_CASE("a file behind a descriptor is written to where it stands, not replaced") {
  const Folder folder;
  const int file = open((folder / "f").c_str(), O_WRONLY | O_CREAT, 0600);
  REQUIRE(write(file, "before ", 7) == 7);
  // /dev/stdout is such a link to a descriptor.
  fs::create_symlink("/proc/self/fd/" + std::to_string(file), folder / "stdout");
  write_file(folder / "stdout", "output");
  CHECK(write(file, " after", 6) == 6);
  close(file);
  CHECK(content(folder / "f") == "before output after");
  CHECK(folder.files() == std::vector<std::string>{"f", "stdout"});
}

TEST_CASE("paths to one file have one id, and other files another") {
  const Folder folder;
  write_file(folder / "a", "x");
  fs::create_directory(folder / "sub");
  fs::create_symlink("a", folder / "link");
  fs::create_symlink("later", folder / "to-later");
  const auto id = [&](const std::string& name) { return file_id(folder / name); };
  REQUIRE(id("a"));
  CHECK(id("a") == id("./sub/../a"));
  CHECK(id("a") == id("link"));
  CHECK(id("a") != id("b"));
  REQUIRE(id("later"));
  CHECK(id("later") == id("sub/../later"));
  CHECK(id("later") == id("to-later"));
  CHECK(id("later") != id("sub/later"));
  CHECK_FALSE(id("no/a"));
  CHECK_FALSE(file_id("/dev/null"));
  const int file = open((folder / "a").c_str(), O_RDONLY);
  CHECK(id("a") == file_id("/dev/fd/" + std::to_string(file)));
  close(file);
  CHECK(file_id("-") == file_id("/dev/stdout"));
}

TEST_CASE("a descriptor that is closed or only read is named", "[error]") {
  const auto open_error = [](const std::string& path) { return error_of([&] { OutputFile file(path); }); };
  CHECK(open_error("/dev/fd/987") == "/dev/fd/987: error: cannot be written: Bad file descriptor");
  const int null = open("/dev/null", O_RDONLY);
  const std::string path = "/dev/fd/" + std::to_string(null);
  CHECK(open_error(path) == path + ": error: cannot be written: Bad file descriptor");
  close(null);
}

TEST_CASE("output that cannot be written says so before anything is computed", "[error]") {
  const Folder folder;
  const auto open_error = [](const std::string& path) { return error_of([&] { OutputFile file(path); }); };
  const std::string missing = folder / "no/a.txt";
  CHECK(open_error(missing) == missing +
                                   ": error: cannot be written: its folder does not exist\n"
                                   "      = make the folder first, or name another one");
  write_file(folder / "file", "x");
  const std::string below_file = folder / "file/a.txt";
  CHECK(open_error(below_file) == below_file +
                                      ": error: cannot be written: Not a directory\n"
                                      "      = make the folder first, or name another one");
  const std::string as_folder = folder / ".";
  CHECK(open_error(as_folder) == as_folder +
                                     ": error: cannot be written: Is a directory\n"
                                     "      = name a file, not a folder");
  CHECK(open_error("") == "the name of an output file is empty");
  fs::create_symlink("circle", folder / "circle");
  const std::string circle = folder / "circle";
  CHECK(open_error(circle) == circle + ": error: cannot be written: Too many levels of symbolic links");
}

TEST_CASE("a full disk is reported and nothing is left behind", "[error]") {
  if (!fs::exists("/dev/full")) {
    WARN("skipped: there is no /dev/full here");
    return;
  }
  CHECK(error_of([] { write_file("/dev/full", "x"); }) ==
        "/dev/full: error: cannot be written: No space left on device\n"
        "      = free some space, or name a file on another disk");
  const Folder folder;
  // A limit on the size of files fails the write in the middle, like a full disk.
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = 1 << 20, .rlim_max = 1 << 20};
    setrlimit(RLIMIT_FSIZE, &limit);
    const std::string message = error_of([&] { write_file(folder / "big", std::string(4 << 20, 'x')); });
    _exit(message == (folder / "big") + ": error: cannot be written: File too large" ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(status == 0);
  CHECK(folder.files().empty());
}

TEST_CASE("a write-protected file is not replaced", "[error]") {
  const Folder folder;
  write_file(folder / "a", "x");
  fs::permissions(folder / ".", fs::perms::all);
  fs::permissions(folder / "a", fs::perms::owner_read | fs::perms::others_read);
  const std::string path = folder / "a";
  const int status = as_plain_user([&] {
    return error_of([&] { write_file(path, "y"); }) ==
           path +
               ": error: cannot be written: Permission denied\n"
               "      = name a file in a folder that you may write to";
  });
  if (status == kNoPlainUser) {
    WARN("skipped: root may write everything, and cannot become another user here");
    return;
  }
  CHECK(status == 0);
  CHECK(content(path) == "x");
  CHECK(folder.files() == std::vector<std::string>{"a"});
}

TEST_CASE("a finished file is whole but not yet in place") {
  const Folder folder;
  {
    OutputFile file(folder / "a");
    file.write("text");
    file.finish();
    REQUIRE(folder.files().size() == 1);
    CHECK(content(folder / folder.files()[0]) == "text");
  }
  CHECK(folder.files().empty());
  OutputFile file(folder / "a");
  file.write("text");
  file.finish();
  file.commit();
  CHECK(folder.files() == std::vector<std::string>{"a"});
}

TEST_CASE("committing twice is a logic error", "[error]") {
  const Folder folder;
  OutputFile file(folder / "a");
  file.commit();
  CHECK_THROWS_WITH(file.commit(), "OutputFile: committed twice");
}

TEST_CASE("an interrupted program leaves no temporary behind") {
  const Folder folder;
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGINT, [](int) {
      unlink_pending_temporaries();
      _exit(130);
    });
    OutputFile a(folder / "a.json");
    OutputFile b(folder / "b.json.gz");
    OutputFile done(folder / "done");
    done.commit();
    a.write("half");
    raise(SIGINT);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WEXITSTATUS(status) == 130);
  CHECK(folder.files() == std::vector<std::string>{"done"});
}
