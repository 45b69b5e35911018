#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

namespace stagecraft {

/// Memory for `bytes` bytes that begins on a cache line, from about 2 MiB on in huge pages where the kernel
/// has them. Up to 256 MiB that was given back is kept for the next to ask. Throws std::bad_alloc. Give it
/// back with free_large() and the same size. Any thread may call.
void* allocate_large(std::size_t bytes);
void free_large(void* memory, std::size_t bytes) noexcept;

/// For arrays of plain data with millions of entries that are written once and swept: no page fault and no
/// TLB miss per 4 KiB (under nested paging one costs up to 11 us), and resize() leaves new entries unwritten.
template <class T>
struct LargeAllocator {
  static_assert(std::is_trivially_copyable_v<T>);
  using value_type = T;

  LargeAllocator() = default;
  template <class U>
  LargeAllocator(const LargeAllocator<U>&) {}

  T* allocate(std::size_t count) {
    if (count > static_cast<std::size_t>(-1) / 2 / sizeof(T)) throw std::bad_array_new_length();
    return static_cast<T*>(allocate_large(count * sizeof(T)));
  }
  void deallocate(T* memory, std::size_t count) noexcept { free_large(memory, count * sizeof(T)); }

  /// What resize(n) does to a new entry: nothing. resize(n, value) writes.
  template <class U>
  void construct(U*) noexcept {}
  template <class U, class... Args>
  void construct(U* place, Args&&... args) {
    ::new (static_cast<void*>(place)) U(std::forward<Args>(args)...);
  }

  bool operator==(const LargeAllocator&) const { return true; }
};

/// A std::vector in such memory. Entries that resize(n) adds hold garbage until they are written.
template <class T>
using LargeArray = std::vector<T, LargeAllocator<T>>;

}  // namespace stagecraft
