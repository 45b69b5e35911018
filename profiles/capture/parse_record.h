#pragma once

#include "profiles/capture/records.h"

namespace stagecraft {

/// Adds one activity record, of type CUpti_Activity, which is read as the oldest structure that has the
/// fields (Kernel9, Memcpy5, Memset4, Marker2: CUDA 12.0); every later one begins with the same bytes.
void parse_record(const void* record, Capture& capture);

}  // namespace stagecraft
