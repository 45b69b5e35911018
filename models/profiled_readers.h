#pragma once

#include <string>

#include "models/profiled_graph.h"

/// Readers of profiled graphs: three formats of other programs and one of our own. Each takes a file's text;
/// `name` stands for the file in errors. All throw InputError at file, line and column: not the format, a
/// value missing, of the wrong type, negative, not finite or above the bounds of profiled_graph.h, an id
/// given twice, an edge to no node or given twice; and for the file as a whole what check() refuses, a cycle
/// first of all. O(text); keys that a format of others does not have are passed over.
namespace stagecraft {

/// PipeDream's graph.txt (Narayanan et al., "PipeDream", SOSP 2019; profiler/ and optimizer/ of its code):
///
///     node1 -- Input0 -- forward_compute_time=0.000, backward_compute_time=0.000, activation_size=0.0,
///         parameter_size=0.000[ -- stage_id=0]                                    (one line)
///     <TAB>node1 -- node2                                                         (node2 reads node1)
///
/// Times are milliseconds and sizes bytes of fp32 numbers, of the whole mini-batch that was profiled. An
/// activation_size may be a list, [13107200.0; 524288.0; 524288.0]: several tensors, added up as PipeDream
/// does. Inputs are nodes without time. Nodes and edges may come in any order.
ProfiledGraph parse_pipedream(std::string text, const std::string& name);

/// Piper's JSON (Tarnawski et al., NeurIPS 2021):
///
///     {maxDevices, maxMemoryPerDevice: bytes, bandwidth: bytes/s, mbsInBatch: micro-batches of a batch,
///      nodes: [{id, name?, TMPCs: {"<tensor-parallel degree>": [{id, timePerSample: s, parameterSize: bytes,
///               memoryUsageA: bytes per micro-batch in flight, memoryUsageB: bytes,
///               syncTimeFw: {"<id read>": bytes}, syncTimeBw: {"<id of a reader>": bytes}}]}}],
///      edges: [{sourceId, destId, communicationCost: bytes}]}
///
/// As the files and the code have it, where Piper's README differs: mbsInBatch (there maxBatchSize), and
/// syncTimeFw of edges into the node, syncTimeBw of edges out of it. timePerSample is of a micro-batch,
/// forward and backward together (both_passes). The header's numbers may be missing. A node's own time and
/// parameters are those of its fastest variant of the lowest degree; its output is the largest of its edges.
/// Piper's gnmt.json and resnet.json hold PipeDream's milliseconds where the code computes with seconds. They
/// are read as they are, seconds, since its published plans come from just that.
ProfiledGraph parse_piper(std::string text, const std::string& name);

/// dnn-partitioning's JSON (Tarnawski et al., "Efficient Algorithms for Device Placement of DNN Graph
/// Operators", NeurIPS 2020):
///
///     {maxSizePerFPGA: bytes, maxFPGAs, maxCPUs,
///      nodes: [{id, name?, supportedOnFpga: 0|1, fpgaLatency: ms, cpuLatency: ms, isBackwardNode: 0|1,
///               colorClass?, size: bytes}],
///      edges: [{sourceId, destId, cost: ms, size?: bytes}]}
///
/// An FPGA is any accelerator. Forward and backward passes are nodes of their own, those of one layer in one
/// colorClass; fpgaLatency becomes `forward` or, of a backward node, `backward`. size is all that a node
/// holds, parameters and output together. cost belongs to the producer: its edges should agree, and whoever
/// sums up counts it once. Without sizes of edges a node's output is 0.
ProfiledGraph parse_dnn_partitioning(std::string text, const std::string& name);

/// Our own YAML, the form to write by hand. Units are required; what is left out is 0:
///
///     stagecraft_graph: 1                  # version
///     name: two towers
///     time_unit: ms                        # times are kept in it: s (the default), ms, us, ns
///     devices: {accelerators: 8, memory: 16 GiB, bandwidth: 25 GB/s, micro_batches: 32}
///     nodes:
///       - {id: text, description: Linear, forward: 1.5 ms, backward: 3 ms, output: 4 MiB, parameters: 64
///       MiB}
///       - {id: image, forward: 2 ms, backward: 4 ms, output: 8 MiB}
///       - {id: loss}
///     edges:
///       - {from: text, to: loss}           # bytes: the output of `from`
///       - {from: image, to: loss, bytes: 1 MiB}
///
/// Also, of a node: memory, cpu, colour, stage, gradient, needs_cpu and variants (tensor, recompute, name,
/// time, parameters, per_microbatch, fixed, exchanged: bytes for each edge in and then each edge out); of an
/// edge: time; and both_passes of the graph. Strict: an unknown key is an error.
ProfiledGraph parse_graph_yaml(std::string text, const std::string& name);

/// The text of that form, a line a node and a line an edge, numbers in all their digits.
/// parse_graph_yaml(to_yaml(graph)) == graph for every graph that check() accepts and whose text is within
/// YamlLimits (16 MiB, a million values).
std::string to_yaml(const ProfiledGraph& graph);

/// A graph of any of the four formats, told apart by what is in it, not by the file's name.
ProfiledGraph parse_profiled_graph(std::string text, const std::string& name);

/// The same of a file, at most 256 MiB.
ProfiledGraph read_profiled_graph(const std::string& path);

}  // namespace stagecraft
