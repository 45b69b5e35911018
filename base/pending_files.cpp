// A signal handler may not allocate or lock: the names lie in a fixed table, each behind an atomic flag.
#include "base/pending_files.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstring>

#include "base/output.h"

namespace stagecraft {
namespace {

enum State : int { kFree, kFilling, kPending };

struct Slot {
  std::atomic<int> state{kFree};
  char path[PATH_MAX] = {};
};
static_assert(std::atomic<int>::is_always_lock_free);

std::array<Slot, 64> slots;

}  // namespace

int detail::remember_pending(std::string_view path) noexcept {
  if (path.size() >= PATH_MAX) return -1;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    int expected = kFree;
    if (!slots[i].state.compare_exchange_strong(expected, kFilling)) continue;
    std::memcpy(slots[i].path, path.data(), path.size());
    slots[i].path[path.size()] = '\0';
    slots[i].state.store(kPending, std::memory_order_release);
    return static_cast<int>(i);
  }
  return -1;
}

void detail::forget_pending(int slot) noexcept {
  if (slot >= 0) slots[static_cast<std::size_t>(slot)].state.store(kFree, std::memory_order_release);
}

void unlink_pending_temporaries() noexcept {
  const int saved = errno;
  for (const Slot& slot : slots)
    if (slot.state.load(std::memory_order_acquire) == kPending) unlink(slot.path);
  errno = saved;
}

}  // namespace stagecraft
