#pragma once

#include "base/fields.h"
#include "models/roofline.h"

/// The keys of the roofline model's constants, in scenarios and calibrations.
namespace stagecraft {

/// A constant of 100 days is a slip of the pen.
inline constexpr Duration kLongestConstant = std::chrono::hours{2400};

template <>
struct Fields<CollectiveConstants> {
  static constexpr std::string_view name = "collectives";
  static constexpr auto all = std::tuple{
      field("intra_efficiency", &CollectiveConstants::intra_efficiency,
            "share of the intra-node bandwidth that large messages reach")
          .positive()
          .max(1),
      field("inter_efficiency", &CollectiveConstants::inter_efficiency,
            "share of the network bandwidth that large messages reach")
          .positive()
          .max(1),
      field("start", &CollectiveConstants::start,
            "of every collective: the first handshake, without the launch of its kernel")
          .max(kLongestConstant),
  };
};

template <>
struct Fields<RooflineConstants> {
  static constexpr std::string_view name = "roofline";
  static constexpr auto all = std::tuple{
      field("gemm_efficiency", &RooflineConstants::gemm_efficiency,
            "share of the tensor-core peak inside a full wave of full tiles")
          .positive()
          .max(1),
      field("gemm_ramp_k", &RooflineConstants::gemm_ramp_k,
            "depth (in k) that filling and draining a tile's pipeline costs")
          .min(0)
          .max(1e6),
      field("memory_efficiency", &RooflineConstants::memory_efficiency,
            "share of the memory bandwidth that streaming kernels reach")
          .positive()
          .max(1),
      field("attention_efficiency", &RooflineConstants::attention_efficiency,
            "share that products of activations with the scores in memory reach of the speed that "
            "gemm_efficiency and the memory allow")
          .positive()
          .max(1),
      field("flash_efficiency", &RooflineConstants::flash_efficiency,
            "share of the peak that fused attention reaches")
          .positive()
          .max(1),
      field("kernel_gap", &RooflineConstants::kernel_gap,
            "device time per kernel beyond its work: gap, ramp, tail, small copies")
          .max(kLongestConstant),
      field("host_launch", &RooflineConstants::host_launch,
            "the host's time per kernel; binds where kernels are short")
          .max(kLongestConstant),
      field("rank_spread", &RooflineConstants::rank_spread,
            "how unevenly the ranks of a tensor group come to a collective that all wait for: standard "
            "deviation")
          .max(kLongestConstant),
      field("host_overlap", &RooflineConstants::host_overlap,
            "q in (device^q + host^q)^(1/q), a pass's time from what device and host need: 1 one after the "
            "other, large the longer alone")
          .min(1)
          .max(1000),
      field("host_microbatch", &RooflineConstants::host_microbatch,
            "the host's work per micro-batch on the first stage: data, masks, loss")
          .max(kLongestConstant),
      field("fused_hiding", &RooflineConstants::fused_hiding,
            "share of the communication of a fused forward and backward (dualpipe) that its computation hides")
          .min(0)
          .max(1),
      field("optimizer_bytes_per_parameter", &RooflineConstants::optimizer_bytes_per_parameter,
            "read and written by one Adam step, norm and unscaling too")
          .min(0)
          .max(1e4),
      field("collectives", &RooflineConstants::collectives, "what collectives reach"),
  };
};

}  // namespace stagecraft
