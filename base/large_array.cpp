#include "base/large_array.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <utility>

namespace stagecraft {

namespace {

constexpr std::size_t kLine = 64;

std::size_t rounded_up(std::size_t bytes, std::size_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

void* allocate_lines(std::size_t bytes) {
  void* memory = std::aligned_alloc(kLine, rounded_up(bytes == 0 ? 1 : bytes, kLine));
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

// AddressSanitizer sees the bounds of what malloc hands out, and of nothing else.
#if defined(MADV_HUGEPAGE) && !defined(__SANITIZE_ADDRESS__)

constexpr std::size_t kHugePage = std::size_t{2} << 20;

/// From here on memory comes in blocks that are kept for the next to ask.
constexpr std::size_t kSmallestBlock = std::size_t{64} << 10;

/// Blocks that all began on the boundary of a huge page would share the sets of the caches where they are
/// swept side by side. Each begins at another of 32 places, about 1.5 pages (and 33 lines) apart.
constexpr std::size_t kColours = 32;
constexpr std::size_t kColour = 4096 + 33 * kLine;

std::size_t next_colour() {
  static std::atomic<std::uint32_t> blocks{0};
  return blocks.fetch_add(1, std::memory_order_relaxed) % kColours * kColour;
}

/// Room for the colour included.
std::size_t block_size(std::size_t bytes) {
  const std::size_t size = rounded_up(bytes, kSmallestBlock) + rounded_up(kColours * kColour, kSmallestBlock);
  return size < kHugePage ? size : rounded_up(size, kHugePage);
}

/// Straight from the kernel and on the boundary of a huge page: malloc would hand out parts of its heap that
/// are already in small pages.
void* map_block(std::size_t size) {
  void* mapped = mmap(nullptr, size + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  char* const begin = static_cast<char*>(mapped);
  const std::size_t before = kHugePage - reinterpret_cast<std::uintptr_t>(begin) % kHugePage;
  munmap(begin, before);
  if (before < kHugePage) munmap(begin + before + size, kHugePage - before);
  // Advice: where it cannot be followed, the memory is as good in small pages.
  if (size >= kHugePage) madvise(begin + before, size, MADV_HUGEPAGE);
  return begin + before;
}

/// Blocks given back and not yet asked for again. New memory is dear, where the kernel or a hypervisor below
/// it hands it out page by page, and a simulation asks for the same sizes again and again.
class SpareBlocks {
 public:
  /// Null when there is none of this size.
  void* take(std::size_t size) {
    const std::lock_guard lock(mutex_);
    for (Block& block : blocks_)
      if (block.begin != nullptr && block.size == size) {
        spare_ -= size;
        return std::exchange(block.begin, nullptr);
      }
    return nullptr;
  }
  /// False when it is not kept.
  bool keep(void* begin, std::size_t size) {
    const std::lock_guard lock(mutex_);
    if (spare_ + size > kMostSpare) return false;
    for (Block& block : blocks_)
      if (block.begin == nullptr) {
        block = {begin, size};
        spare_ += size;
        return true;
      }
    return false;
  }

 private:
  static constexpr std::size_t kMostSpare = std::size_t{256} << 20;
  struct Block {
    void* begin = nullptr;
    std::size_t size = 0;
  };

  std::mutex mutex_;
  std::array<Block, 32> blocks_;
  std::size_t spare_ = 0;
};

/// Outlives every array: never destroyed.
SpareBlocks& spare_blocks() {
  static SpareBlocks* const blocks = new SpareBlocks;
  return *blocks;
}

void* allocate_block(std::size_t bytes) {
  const std::size_t size = block_size(bytes);
  void* block = spare_blocks().take(size);
  if (block == nullptr) block = map_block(size);
  return static_cast<char*>(block) + next_colour();
}

void free_block(void* memory, std::size_t bytes) noexcept {
  char* const place = static_cast<char*>(memory);
  char* const block = place - reinterpret_cast<std::uintptr_t>(place) % kHugePage;
  if (!spare_blocks().keep(block, block_size(bytes))) munmap(block, block_size(bytes));
}

#else

constexpr std::size_t kSmallestBlock = static_cast<std::size_t>(-1);
void* allocate_block(std::size_t bytes) {
  return allocate_lines(bytes);
}
void free_block(void* memory, std::size_t) noexcept {
  std::free(memory);
}

#endif

}  // namespace

void* allocate_large(std::size_t bytes) {
  return bytes >= kSmallestBlock ? allocate_block(bytes) : allocate_lines(bytes);
}

void free_large(void* memory, std::size_t bytes) noexcept {
  bytes >= kSmallestBlock ? free_block(memory, bytes) : std::free(memory);
}

}  // namespace stagecraft
