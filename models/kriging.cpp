#include "models/kriging.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "models/covariance.h"

namespace stagecraft {

namespace {

constexpr std::size_t kMost = Kriging::kNeighbours;
constexpr std::size_t kScreening = Kriging::kScreening;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Coordinates of one dimension after another, of points that are given one after another.
std::vector<double> by_dimension(std::span<const double> points, std::size_t dimensions) {
  const std::size_t size = points.size() / dimensions;
  std::vector<double> result(points.size());
  for (std::size_t i = 0; i < size; ++i)
    for (std::size_t d = 0; d < dimensions; ++d) result[d * size + i] = points[i * dimensions + d];
  return result;
}

/// Squared distances of all points from that of number `from`; `columns` as by_dimension() made them.
std::vector<double> squared_distances(std::size_t from, std::span<const double> columns, std::size_t size) {
  std::vector<double> squared(size);
  for (std::size_t at = 0; at < columns.size(); at += size) {
    const double* const column = &columns[at];
    const double own = column[from];
    for (std::size_t i = 0; i < size; ++i) squared[i] += (column[i] - own) * (column[i] - own);
  }
  return squared;
}

/// Squared distances of a point from `count` others, which are given one dimension after another. Eight at a
/// time, so that their sums stay in registers.
template <std::size_t count>
std::array<double, count> squared_distances(std::span<const double> from, const double* others) {
  constexpr std::size_t kLanes = 8;
  static_assert(count % kLanes == 0);
  std::array<double, count> squared;
  for (std::size_t first = 0; first < count; first += kLanes) {
    std::array<double, kLanes> sum{};
    for (std::size_t d = 0; d < from.size(); ++d)
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const double off = from[d] - others[d * count + first + lane];
        sum[lane] += off * off;
      }
    std::ranges::copy(sum, squared.begin() + first);
  }
  return squared;
}

struct Neighbour {
  double squared = 0;
  std::size_t number = 0;

  bool operator<(const Neighbour& other) const {
    return squared != other.squared ? squared < other.squared : number < other.number;
  }
};

/// The points nearest to one of which these are the squared distances, nearest first; of equally near ones
/// the first.
std::vector<Neighbour> nearest(std::span<const double> squared) {
  std::vector<Neighbour> near(squared.size());
  for (std::size_t i = 0; i < near.size(); ++i) near[i] = {squared[i], i};
  if (near.size() > kMost) {
    std::nth_element(near.begin(), near.begin() + kMost, near.end());
    near.resize(kMost);
  }
  std::sort(near.begin(), near.end());
  return near;
}

/// Factored covariance of the members, of which `coordinates` has kMost places for each dimension.
Cholesky covariance_of(std::size_t count, std::span<const double> coordinates, double nugget) {
  std::vector<double> below;
  below.reserve(count * count / 2);
  for (std::size_t j = 0; j < count; ++j)
    for (std::size_t i = j + 1; i < count; ++i) {
      double squared = 0;
      for (std::size_t at = 0; at < coordinates.size(); at += kMost) {
        const double off = coordinates[at + i] - coordinates[at + j];
        squared += off * off;
      }
      below.push_back(squared);
    }
  to_covariances(below);
  Cholesky matrix(count);
  auto next = below.begin();
  for (std::size_t j = 0; j < count; ++j) {
    matrix.column(j)[j] = 1 + nugget;
    for (std::size_t i = j + 1; i < count; ++i) matrix.column(j)[i] = *next++;
  }
  matrix.factor();
  return matrix;
}

/// The best mean of neighbours' values without a trend, by generalised least squares.
double mean_of(std::span<const double> values, const Cholesky& covariance) {
  std::vector<double> shares(values.size(), 1.0);
  covariance.solve(shares);
  return std::inner_product(values.begin(), values.end(), shares.begin(), 0.0) /
         std::accumulate(shares.begin(), shares.end(), 0.0);
}

/// Few points need fewer neighbourhoods than many: a table's loading time is theirs.
std::size_t most_centres(std::size_t points) {
  return std::min(Kriging::kMostCentres, kMost + points / 16);
}

}  // namespace

Kriging::Kriging(std::size_t dimensions, std::span<const double> points, std::span<const double> values,
                 const KrigingOptions& options)
    : dimensions_(dimensions), nugget_(options.nugget), centres_(dimensions * kMostCentres, kInfinity) {
  const std::size_t size = values.size();
  const std::vector<double> columns = by_dimension(points, dimensions);
  const std::size_t most = std::min(size, most_centres(size));
  members_.reserve(most * dimensions * kMost);
  neighbourhoods_.reserve(most);
  std::vector<double> to_centre(size, kInfinity);  // squared, of each point to the nearest one
  std::size_t next = 0;
  while (neighbourhoods_.size() < most && to_centre[next] > 0) {
    for (std::size_t d = 0; d < dimensions; ++d)
      centres_[d * kMostCentres + neighbourhoods_.size()] = columns[d * size + next];
    const std::vector<double> squared = squared_distances(next, columns, size);
    std::vector<std::size_t> members;
    for (const Neighbour& near : nearest(squared)) members.push_back(near.number);
    add_neighbourhood(members, columns, values, options.mean);
    for (std::size_t i = 0; i < size; ++i) to_centre[i] = std::min(to_centre[i], squared[i]);
    next = static_cast<std::size_t>(std::ranges::max_element(to_centre) - to_centre.begin());
  }
}

void Kriging::add_neighbourhood(std::span<const std::size_t> members, std::span<const double> columns,
                                std::span<const double> values, const std::optional<double>& mean) {
  const std::size_t begin = members_.size();
  members_.resize(begin + dimensions_ * kMost);
  const std::span<double> coordinates = std::span(members_).subspan(begin);
  std::vector<double> near;
  for (std::size_t i = 0; i < members.size(); ++i) {
    for (std::size_t d = 0; d < dimensions_; ++d)
      coordinates[d * kMost + i] = columns[d * values.size() + members[i]];
    near.push_back(values[members[i]]);
  }
  const Cholesky covariance = covariance_of(members.size(), coordinates, nugget_);
  Neighbourhood& around = neighbourhoods_.emplace_back();
  around.mean = mean ? *mean : mean_of(near, covariance);
  for (double& value : near) value -= around.mean;
  covariance.solve(near);
  std::ranges::copy(near, around.weights.begin());
  covariance.invert(std::min(members.size(), kScreening), kScreening, around.whitening.data());
}

std::size_t Kriging::nearest_centre(std::span<const double> point) const {
  const auto squared = squared_distances<kMostCentres>(point, centres_.data());
  // Four minima side by side, and then where: no chain of comparisons one after another.
  std::array<double, 4> least{kInfinity, kInfinity, kInfinity, kInfinity};
  for (std::size_t i = 0; i < kMostCentres; i += 4)
    for (std::size_t lane = 0; lane < 4; ++lane) least[lane] = std::min(least[lane], squared[i + lane]);
  return static_cast<std::size_t>(std::ranges::find(squared, std::ranges::min(least)) - squared.begin());
}

Estimate Kriging::at(std::span<const double> point) const {
  const std::size_t centre = nearest_centre(point);
  const Neighbourhood& around = neighbourhoods_[centre];
  auto covariance = squared_distances<kMost>(point, &members_[centre * dimensions_ * kMost]);
  to_covariances(covariance);
  double even = 0, odd = 0;
  for (std::size_t i = 0; i < kMost; i += 2) {
    even += around.weights[i] * covariance[i];
    odd += around.weights[i + 1] * covariance[i + 1];
  }
  std::array<double, kScreening> white{};
  for (std::size_t j = 0; j < kScreening; ++j)
    for (std::size_t i = 0; i < kScreening; ++i)
      white[i] += around.whitening[j * kScreening + i] * covariance[j];
  double variance = 1 + nugget_;
  for (const double w : white) variance -= w * w;
  return {around.mean + (even + odd), std::sqrt(std::max(0.0, variance))};
}

}  // namespace stagecraft
