// Scripts that need what tests do not have, such as PyTorch, with programs in its place that only succeed or
// fail.
#include <catch2/catch.hpp>
#include <filesystem>

#include "command_line.h"

using namespace stagecraft;

namespace {

/// A program of this name that is found before the system's.
void write_program(const std::string& name, const std::string& text) {
  std::filesystem::create_directories("bin");
  write_text("bin/" + name, "#!/bin/bash\n" + text + "\n");
  std::filesystem::permissions("bin/" + name, std::filesystem::perms::owner_all);
}

/// Runs a script with its output in the file "out" and its errors in "err".
int script(const std::string& words, const std::string& environment = "") {
  const std::string scripts = (shipped_scenarios() / ".." / "scripts").string();
  return shell("PATH=$PWD/bin:$PATH " + environment + " '" + scripts + "/'" + words + " > out 2> err");
}

}  // namespace

TEST_CASE("PyTorch's test is skipped without PyTorch, and where it may not be started", "[error]") {
  const TemporaryFolder folder;
  CHECK(script("pytorch_schedules --quick", "STAGECRAFT_TORCH=") == 77);
  CHECK(read_text("out") ==
        "skipped: STAGECRAFT_TORCH is no folder with PyTorch; scripts/pytorch_folder makes one\n");
  std::filesystem::create_directories("torch/usr");
  write_program("unshare", "echo 'unshare failed: Operation not permitted' >&2; exit 1");
  CHECK(script("pytorch_schedules --quick torch") == 77);
  CHECK(read_text("out") ==
        "skipped: mounting and chroot in a namespace are not permitted here: unshare failed: Operation not "
        "permitted\n");
}

TEST_CASE("PyTorch's test fails where the program does, or has nothing to run", "[error]") {
  const TemporaryFolder folder;
  std::filesystem::create_directories("torch/usr");
  write_program("unshare", "exit 0");
  write_program("stagecraft", "exit 3");
  CHECK(script("pytorch_schedules --quick torch", "STAGECRAFT=bin/stagecraft") == 3);
  write_program("stagecraft", "exit 0");
  CHECK(script("pytorch_schedules --quick torch", "STAGECRAFT=bin/stagecraft") == 1);
  CHECK(read_text("err").ends_with("/bin/stagecraft lists no schedule that PyTorch can run\n"));
  const std::string lists = "[[ $1 == run ]] || { echo '  gpipe  all'; exit; }; ";
  write_program("stagecraft",
                lists + "echo 'a: error: gpipe needs at least 9 micro-batches, got 4' >&2; exit 2");
  CHECK(script("pytorch_schedules --quick torch", "STAGECRAFT=bin/stagecraft") == 1);
  CHECK(read_text("out").starts_with("Not run: gpipe: "));
  write_program("stagecraft", lists + "echo 'a: error: anything else' >&2; exit 2");
  CHECK(script("pytorch_schedules --quick torch", "STAGECRAFT=bin/stagecraft") == 1);
  CHECK(
      read_text("err") ==
      "pytorch_schedules: stagecraft does not run gpipe on 2 ranks with 4 micro-batches: a: error: anything "
      "else\n");
}

TEST_CASE("PyTorch's folder is made beside its place", "[error]") {
  const TemporaryFolder folder;
  write_program("dpkg-query", "echo installed");
  write_program("apt-get", "echo 'Debian Debian main http://deb.example'");
  write_program("chroot", "exit 1");
  for (const char* name : {"sudo", "debootstrap"}) write_program(name, name[0] == 's' ? "\"$@\"" : "exit 0");
  CHECK(script("pytorch_folder torch") == 1);
  CHECK(folder.names() == std::vector<std::string>{"bin", "err", "out", "torch.part"});
  CHECK(script("pytorch_folder torch") == 1);
  CHECK(read_text("err") ==
        "pytorch_folder: torch.part is there already; remove it, or name another folder\n");
  std::filesystem::remove("torch.part");
  write_program("chroot", "exit 0");
  CHECK(script("pytorch_folder torch/") == 0);
  CHECK(folder.names() == std::vector<std::string>{"bin", "err", "out", "torch"});
}
