#include "profiles/capture/records.h"

#include <iterator>

namespace stagecraft {

void Capture::append(Capture&& other) {
  const auto move_behind = [](auto& all, auto& more) {
    all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  };
  move_behind(spans, other.spans);
  move_behind(calls, other.calls);
  move_behind(overheads, other.overheads);
  move_behind(marks, other.marks);
  move_behind(ids, other.ids);
  move_behind(bad_times, other.bad_times);
  bad_marks += other.bad_marks;
  unknown += other.unknown;
  dropped += other.dropped;
}

}  // namespace stagecraft
