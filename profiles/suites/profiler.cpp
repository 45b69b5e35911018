#include "profiles/suites/profiler.h"

#include <cublasLt.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <optional>
#include <set>

#include "profiles/suites/built_suites.h"
#include "profiles/suites/timing.h"

namespace stagecraft {

namespace {

constexpr int kSentinelEvery = 50;

std::string version_text(int version) {
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

std::string libraries() {
  const std::size_t blas = cublasLtGetVersion();
  std::string text = fmt::format("cuBLASLt {}.{}.{}", blas / 10000, blas / 100 % 100, blas % 100);
#ifdef STAGECRAFT_CUDNN
  text += "; " + attention_library();
#endif
  return text;
}

RowsHeader header_of(const Bench& bench, const ProfilerOptions& options) {
  int driver = 0;
  int runtime = 0;
  cudaDriverGetVersion(&driver);
  cudaRuntimeGetVersion(&runtime);
  return {.device = bench.device().name,
          .driver = bench.nvml().driver_version(),
          .cuda = fmt::format("CUDA {}, driver up to {}, {}", version_text(runtime), version_text(driver),
                              Tracer::version()),
          .libraries = libraries(),
          .date = fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::time(nullptr))),
          .command = options.command};
}

/// One line that is written over, on a terminal.
class Progress {
 public:
  explicit Progress(std::string suite) : suite_(std::move(suite)) {}
  ~Progress() {
    if (terminal_) fmt::print(stderr, "\r\x1b[K");
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(int pass, std::size_t done, std::size_t all, const MeasuredRow& row) const {
    if (!terminal_) return;
    constexpr std::size_t kWidth = 24;
    const std::size_t filled = all == 0 ? kWidth : kWidth * done / all;
    fmt::print(stderr, "\r\x1b[K{} pass {} [{}{}] {}/{}  {} {} {:.1f} us", suite_, pass,
               std::string(filled, '#'), std::string(kWidth - filled, '.'), done, all, row.family, row.point,
               row.median_us);
  }

 private:
  std::string suite_;
  bool terminal_ = isatty(STDERR_FILENO) != 0;
};

class Profiler {
 public:
  Profiler(const ProfilerOptions& options, const BuiltSuite& suite)
      : options_(options),
        suite_(suite),
        // Before the context, so that CUPTI sees all of it.
        tracer_(suite.traced ? std::make_unique<Tracer>() : nullptr),
        bench_(options.device),
        file_(options.rows, header_of(bench_, options)),
        rules_(options.quick ? TimingRules::quick() : TimingRules{}),
        progress_(options.suite) {
    for (const MeasuredRow& row : file_.rows()) done_.insert(pass_key(row, static_cast<int>(row.pass)));
  }

  void run() {
    const std::vector<SuitePoint> points = find_suite(options_.suite)->points(options_.quick);
    for (int pass = 1; pass <= options_.passes; ++pass) run_pass(points, pass);
    fmt::print(
        stderr,
        "{}: {} rows measured, {} were there, {} points not possible here, {} failed, {} calls discarded\n",
        options_.suite, measured_, kept_, not_here_, failed_, discarded_);
  }

 private:
  std::string pass_key(const MeasuredRow& row, int pass) const {
    return fmt::format("{},{}", key_of(row), pass);
  }

  std::string pass_key(const SuitePoint& point, int pass) const {
    MeasuredRow row;
    row.suite = options_.suite;
    row.family = point.family;
    row.format = point.format;
    row.point = to_text(point.axes);
    row.cache = point.cache;
    return pass_key(row, pass);
  }

  bool out_of_time(int pass) const {
    if (options_.time_limit_s <= 0) return false;
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start_;
    return spent.count() > options_.time_limit_s * pass / options_.passes;
  }

  void run_pass(const std::vector<SuitePoint>& points, int pass) {
    std::size_t at = 0;
    for (const SuitePoint& point : in_order(points, pass)) {
      ++at;
      if (done_.count(pass_key(point, pass))) {
        ++kept_;
        continue;
      }
      // A second pass over what the first did not reach would say nothing of the spread.
      if (pass > 1 && !done_.count(pass_key(point, 1))) continue;
      if (out_of_time(pass)) return;
      if (suite_.traced && points_ % kSentinelEvery == 0) measure_sentinel(pass);
      ++points_;
      measure_point(point, pass, at, points.size());
    }
  }

  void measure_point(const SuitePoint& point, int pass, std::size_t at, std::size_t all) {
    try {
      const MeasuredRow row =
          suite_.measure ? add_rows(point, pass) : add(point, suite_.make, options_.suite, pass);
      done_.insert(pass_key(point, pass));
      progress_.show(pass, at, all, row);
    } catch (const NotHere&) {
      ++not_here_;
    } catch (const DeviceError& error) {
      // After an error inside a kernel nothing works in this process; a call that was refused is one point
      // less.
      if (cudaDeviceSynchronize() != cudaSuccess) throw;
      fmt::print(stderr, "{} {} {}: {}\n", point.family, point.format, to_text(point.axes), error.what());
      ++failed_;
    }
  }

  void measure_sentinel(int pass) { add(product(4096, 4096, 4096), gemm_case, "sentinel", pass); }

  MeasuredRow add(const SuitePoint& point, MakeCase make, const std::string& suite, int pass) {
    bench_.reset();
    MeasuredRow row = measure(bench_, tracer_.get(), make(bench_, point), point, rules_);
    keep(row, suite, pass);
    return row;
  }

  MeasuredRow add_rows(const SuitePoint& point, int pass) {
    bench_.reset();
    std::vector<MeasuredRow> rows = suite_.measure(bench_, *tracer_, point, rules_);
    for (MeasuredRow& row : rows) keep(row, options_.suite, pass);
    return rows.back();
  }

  void keep(MeasuredRow& row, const std::string& suite, int pass) {
    row.suite = suite;
    row.pass = pass;
    file_.append(row);
    ++measured_;
    discarded_ += static_cast<std::size_t>(row.discarded);
  }

  ProfilerOptions options_;
  BuiltSuite suite_;
  std::unique_ptr<Tracer> tracer_;
  Bench bench_;
  RowsFile file_;
  TimingRules rules_;
  Progress progress_;
  std::set<std::string> done_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::size_t measured_ = 0;  // rows
  std::size_t points_ = 0;
  std::size_t kept_ = 0;
  std::size_t not_here_ = 0;
  std::size_t failed_ = 0;
  std::size_t discarded_ = 0;
};

}  // namespace

RowsHeader describe_device(const ProfilerOptions& options) {
  return header_of(Bench(options.device), options);
}

void profile_suite(const ProfilerOptions& options) {
  Profiler(options, *find_built(options.suite)).run();
}

}  // namespace stagecraft
