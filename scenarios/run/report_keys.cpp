#include "scenarios/run/report_keys.h"

#include <array>

namespace stagecraft {

namespace {

constexpr std::array kRankMetrics{
    RankMetricInfo{"busy_s", "s", "compute: the rank's ops but sends and gradient reductions",
                   [](const RankMetrics& rank) -> MetricValue { return rank.busy; }},
    RankMetricInfo{"communication_s", "s", "ops that hold the rank for a send or a gradient reduction",
                   [](const RankMetrics& rank) -> MetricValue { return rank.communication; }},
    RankMetricInfo{"idle_s", "s", "makespan_s - busy_s - communication_s; idle_by_cause_s adds up to it",
                   [](const RankMetrics& rank) -> MetricValue { return rank.idle; }},
    RankMetricInfo{"span_s", "s", "from the rank's first op to the end of its last micro-batch op",
                   [](const RankMetrics& rank) -> MetricValue { return rank.span; }},
    RankMetricInfo{"peak_memory_bytes", "bytes",
                   "most memory that a device of the rank holds: static_memory_bytes, activations and the "
                   "running op's working memory",
                   [](const RankMetrics& rank) -> MetricValue { return rank.memory.peak_bytes; }},
    RankMetricInfo{"static_memory_bytes", "bytes",
                   "what a device of the rank holds all the time: weights, gradients and optimizer state",
                   [](const RankMetrics& rank) -> MetricValue { return rank.memory.static_bytes; }},
    RankMetricInfo{"peak_activations", "count",
                   "most stage activations that the rank holds at once, each of one stage and micro-batch, "
                   "from F until B (or W)",
                   [](const RankMetrics& rank) -> MetricValue { return rank.memory.peak_activations; }},
};

constexpr std::array kReportKeys{
    ReportKeyInfo{"stagecraft", "the version of the program"},
    ReportKeyInfo{"scenario", "the scenario's name: its key 'name', or the file's name"},
    ReportKeyInfo{"kind",
                  "what the report is of: pipeline, with --compare comparison, of `stagecraft trace` trace"},
    ReportKeyInfo{"schedule", "the schedule's name, or the file that it was read from"},
    ReportKeyInfo{"metrics", "the numbers of the run; see `stagecraft list metrics`"},
    ReportKeyInfo{"notes",
                  "what whoever reads the numbers should know, in words; only where there is something"},
    ReportKeyInfo{"uncertainty", "what the measured costs' errors make of the makespan; with --uncertainty"},
    ReportKeyInfo{"samples", "sets of costs that were simulated, each as likely as the others"},
    ReportKeyInfo{"seed", "of these samples; the same seed gives the same ones"},
    ReportKeyInfo{"makespan_p10_s", "seconds that a tenth of the samples do not exceed"},
    ReportKeyInfo{"makespan_p50_s", "their median in seconds"},
    ReportKeyInfo{"makespan_p90_s", "seconds that nine tenths of them do not exceed"},
    ReportKeyInfo{"published", "the scenario's published numbers, to compare the metrics of that name with"},
    ReportKeyInfo{"source", "where the published numbers stand"},
    ReportKeyInfo{"ranks", "the numbers of each rank; see `stagecraft list rank-metrics`"},
    ReportKeyInfo{"rank", "the number of a rank, from 0: its position in the pipeline"},
    ReportKeyInfo{"runs", "with --compare: the schedules, the fastest first"},
    ReportKeyInfo{"fits", "whether the peak memory of a compared schedule is no more than the device's"},
    ReportKeyInfo{"on_front",
                  "whether no other compared schedule is as fast in less memory, or faster in as much"},
    ReportKeyInfo{"left_out", "why a schedule of a comparison, or a remedy, could not be simulated"},
    ReportKeyInfo{
        "faster_than_next",
        "share of the samples in which a schedule is faster than the next of the comparison; from 0.95 on "
        "their order counts as settled"},
    ReportKeyInfo{"idle_by_cause_s", "the rank's idle time in seconds; see `stagecraft list idle-causes`"},
    ReportKeyInfo{"waits", "with --why: what each rank waits for, its three longest waits, summed over the step"},
    ReportKeyInfo{"cause", "of a wait; see `stagecraft list idle-causes`"},
    ReportKeyInfo{"waits_for", "the op whose result is missing, as stage and letter, and of which micro-batches"},
    ReportKeyInfo{"remedies", "with --why: changes of the scenario that shorten the step, the shortest first"},
    ReportKeyInfo{"remedy", "the change: a schedule, or a bound on what less of something can bring"},
    ReportKeyInfo{"not_tried", "with --why: schedules that the scenario does not allow, and why"},
    ReportKeyInfo{"memory_ratio", "the peak memory of that schedule over the scenario's own"},
    ReportKeyInfo{"files", "the traces that a report is of"},
    ReportKeyInfo{"written_by", "who wrote the trace: stagecraft, or profiler (PyTorch's)"},
    ReportKeyInfo{"cut",
                  "what of a step a trace of Stagecraft's shows, where it does not show all; numbers are of "
                  "this part"},
    ReportKeyInfo{"from_s", "where the part that a trace shows begins, in seconds of the step"},
    ReportKeyInfo{"to_s", "where that part ends"},
    ReportKeyInfo{"step_s", "how long the whole step is, in seconds"},
    ReportKeyInfo{"first_rank", "the first rank that a trace shows"},
    ReportKeyInfo{"last_rank", "the last rank that it shows"},
    ReportKeyInfo{"rank_count", "how many ranks the whole step has"},
    ReportKeyInfo{
        "communication",
        "what of a trace was taken for communication between devices, by part of the kernels' names"},
    ReportKeyInfo{"ranges",
                  "the ranges on the GPU that the traced program named, such as by record_function"},
    ReportKeyInfo{"host_ranges", "the same, where the trace has them on the host alone"},
    ReportKeyInfo{"count", "kernels of a part of a name, or ranges of a name"},
    ReportKeyInfo{"time_s", "the sum of their times in seconds"},
    ReportKeyInfo{"simulated", "of `stagecraft trace --against`: the same numbers of the simulated step"},
};

}  // namespace

std::span<const RankMetricInfo> rank_metrics() {
  return kRankMetrics;
}

std::span<const ReportKeyInfo> report_keys() {
  return kReportKeys;
}

}  // namespace stagecraft
