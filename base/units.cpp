#include "base/units.h"

#include <cmath>
#include <stdexcept>

namespace stagecraft {

Duration from_seconds(double seconds) {
  const double nanoseconds = std::round(seconds * 1e9);
  // 2^63 is exact as a double; everything below it fits.
  if (!(nanoseconds >= 0 && nanoseconds < 0x1p63))
    throw std::domain_error("time is negative, too long or not a number");
  return Duration(static_cast<std::int64_t>(nanoseconds));
}

}  // namespace stagecraft
