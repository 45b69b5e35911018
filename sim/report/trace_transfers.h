#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/report/selection.h"

namespace stagecraft {

/// A transfer as a trace writer meets it: `op` is the op at whose turn it is written.
struct TransferKey {
  std::uint32_t op;
  std::uint32_t transfer;  ///< index into Timeline::transfers
  auto operator<=>(const TransferKey&) const = default;
};

/// Whether a transfer is drawn as a slice: in the window, and not what a blocking send hands over at its end,
/// since the send is a slice itself.
bool has_slice(const Timeline& timeline, const Transfer& transfer, const Selection& selection);

/// The transfers that a trace shows, each list sorted by (op, transfer). Ops are written in the order of
/// their index, so that walking the lists needs no look-up.
struct ShownTransfers {
  std::vector<TransferKey> sends;  ///< by producer: its rank is shown, and it has a slice in the window
  std::vector<TransferKey>
      receives;                     ///< by consumer: only its rank is shown, and it has a slice in the window
  std::vector<TransferKey> starts;  ///< by producer: both its ops are shown, so an arrow joins them
  std::vector<TransferKey> ends;    ///< the same by consumer
};
ShownTransfers shown_transfers(const Timeline& timeline, const Selection& selection);

/// Takes the keys of `op` off the front of `keys`; keys of earlier ops must have been taken before.
std::span<const TransferKey> take_op(std::span<const TransferKey>& keys, std::size_t op);

/// Takes the keys of ops before `end_op` off the front of `keys`.
std::span<const TransferKey> take_until(std::span<const TransferKey>& keys, std::size_t end_op);

/// A transfer on its track. Tracks are numbered from 0 within each direction.
struct TrackedSend {
  std::uint32_t transfer;
  std::uint32_t track;
};

/// One rank's sends, or its receives, of one direction, by start.
struct SendTracks {
  std::vector<TrackedSend> sends;
  std::uint32_t tracks = 0;
};

/// Spreads the transfers of one direction over as few tracks as it takes for none to overlap on a track
/// (greedy colouring of an interval graph in order of start: the first track that is free).
SendTracks tracks_of(const Timeline& timeline, std::span<const TransferKey> sends, bool backward);

}  // namespace stagecraft
