#include "base/large_array.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <thread>

using namespace stagecraft;

TEST_CASE("a large array keeps its entries while it grows through all kinds of memory", "[base]") {
  LargeArray<std::uint64_t> array;
  for (std::uint64_t i = 0; i < 2'000'000; ++i)
    array.push_back(i * i);  // up to 32 MiB: lines, blocks, huge pages
  bool kept = true;
  for (std::uint64_t i = 0; i < array.size(); ++i) kept &= array[i] == i * i;
  CHECK(kept);
  const LargeArray<std::uint64_t> copy = array;
  CHECK(copy == array);
}

TEST_CASE("a large array of any size begins on a cache line", "[base]") {
  std::vector<LargeArray<char>> arrays;
  for (std::size_t bytes = 1; bytes < 20'000'000; bytes = bytes * 5 / 3 + 1)
    for (int copy = 0; copy < 3; ++copy) arrays.emplace_back(bytes, 'x');
  for (const LargeArray<char>& array : arrays) {
    CAPTURE(array.size());
    CHECK(reinterpret_cast<std::uintptr_t>(array.data()) % 64 == 0);
    CHECK(array.front() == 'x');
    CHECK(array.back() == 'x');
  }
}

TEST_CASE("resize with a value writes it, also into memory that was used before", "[base]") {
  for (int round = 0; round < 3; ++round) {
    LargeArray<int> array;
    array.resize(1'000'000, 7);
    bool all = true;
    for (int& entry : array) all &= std::exchange(entry, round) == 7;
    CHECK(all);
  }
}

TEST_CASE("arrays may be given back by another thread than asked for them", "[base]") {
  LargeArray<int> array(500'000, 3);
  std::thread([moved = std::move(array)]() mutable { moved = {}; }).join();
  const LargeArray<int> next(500'000, 4);
  CHECK(next[499'999] == 4);
}

TEST_CASE("an array that cannot be is refused", "[base]") {
  CHECK_THROWS_AS(LargeAllocator<std::uint64_t>().allocate(static_cast<std::size_t>(-1) / 4), std::bad_alloc);
}
