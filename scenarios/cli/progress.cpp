#include "scenarios/cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

namespace stagecraft {

namespace {

double now_s() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

}  // namespace

Progress::Progress(std::string what)
    : what_(std::move(what)), begin_s_(now_s()), terminal_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (shown_s_ > 0) fmt::print(stderr, "\r\033[K");
}

void Progress::at(double share) {
  if (!terminal_) return;
  const double now = now_s(), passed = now - begin_s_;
  if (passed < 1 || now - shown_s_ < 0.2 || share <= 0) return;
  fmt::print(stderr, "\r\033[K{}  {:.0f} %, {:.0f} s left", what_, 100 * share, passed * (1 - share) / share);
  std::fflush(stderr);
  shown_s_ = now;
}

}  // namespace stagecraft
