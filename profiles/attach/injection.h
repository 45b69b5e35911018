#pragma once

#include <cstddef>

namespace stagecraft {

/// Environment variable: where a traced process writes its capture, as the beginning of a file's name. Each
/// process adds its number, and one more where that number was there before: ".4711.0".
inline constexpr const char* kCaptureVariable = "STAGECRAFT_CAPTURE";
/// What such a file's name ends in.
inline constexpr const char* kCaptureEnding = ".capture";

/// A program that runs for days must not fill the disk, nor its capture the memory of who reads it: what a
/// process has beyond this, about 7 million launches, counts as dropped.
inline constexpr std::size_t kMostCaptureBytes = std::size_t{1} << 30;

}  // namespace stagecraft
