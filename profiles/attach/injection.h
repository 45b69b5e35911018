#pragma once

namespace stagecraft {

/// Environment variable: where a traced process writes its capture, as the beginning of a file's name. Each
/// process adds its number, and one more where that number was there before: ".4711.0".
inline constexpr const char* kCaptureVariable = "STAGECRAFT_CAPTURE";
/// What such a file's name ends in.
inline constexpr const char* kCaptureEnding = ".capture";

}  // namespace stagecraft
