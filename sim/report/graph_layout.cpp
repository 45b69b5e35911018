#include "sim/report/graph_layout.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace stagecraft {

namespace {

/// With more passings than these, edges run straight: a picture so full shows no single line anyhow.
constexpr std::size_t kMostPassings = 200'000;
constexpr int kOrderSweeps = 16;
constexpr int kPlaceSweeps = 24;
/// How much a node and a passing keep to their places, so that long edges are straight; and one that has no
/// neighbour of its own kind, which gives way.
constexpr double kNodeWeight = 1, kPassingWeight = 4, kYieldingWeight = 0.01;

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

/// Neighbours of every vertex above and below.
struct Neighbours {
  std::vector<std::vector<int>> above, below;
};

/// Levels by the longest path. Kahn's order, as lists.
std::vector<int> node_levels(const GraphPicture& picture) {
  std::vector<std::vector<int>> readers(picture.nodes.size());
  std::vector<int> missing(picture.nodes.size());
  for (const GraphPictureEdge& edge : picture.edges) {
    readers[at(edge.from)].push_back(edge.to);
    ++missing[at(edge.to)];
  }
  std::vector<int> level(picture.nodes.size());
  std::vector<int> order;
  for (std::size_t v = 0; v < missing.size(); ++v)
    if (missing[v] == 0) order.push_back(static_cast<int>(v));
  for (std::size_t next = 0; next < order.size(); ++next)
    for (const int reader : readers[at(order[next])]) {
      level[at(reader)] = std::max(level[at(reader)], level[at(order[next])] + 1);
      if (--missing[at(reader)] == 0) order.push_back(reader);
    }
  return level;
}

/// Sources next to what reads them: otherwise their edges cross the whole picture.
void lower_sources(const GraphPicture& picture, std::vector<int>& level) {
  std::vector<int> nearest(level.size(), -1);
  std::vector<bool> has_input(level.size());
  for (const GraphPictureEdge& edge : picture.edges) {
    has_input[at(edge.to)] = true;
    int& least = nearest[at(edge.from)];
    least = least < 0 ? level[at(edge.to)] : std::min(least, level[at(edge.to)]);
  }
  for (std::size_t v = 0; v < level.size(); ++v)
    if (!has_input[v] && nearest[v] > 0) level[v] = nearest[v] - 1;
}

class Layouter {
 public:
  Layouter(const GraphPicture& picture, const GraphSizes& sizes) : picture_(picture), sizes_(sizes) {}

  GraphLayout run() {
    std::vector<int> level = node_levels(picture_);
    lower_sources(picture_, level);
    layout_.nodes = static_cast<int>(level.size());
    for (const int l : level) layout_.vertices.push_back({l});
    layout_.levels = level.empty() ? 0 : *std::max_element(level.begin(), level.end()) + 1;
    add_segments();
    connect();
    first_order();
    reduce_crossings();
    place();
    return std::move(layout_);
  }

 private:
  GraphVertex& vertex(int v) { return layout_.vertices[at(v)]; }
  bool is_passing(int v) const { return v >= layout_.nodes; }

  /// Whether every edge can have its passings.
  bool passings_fit() {
    std::vector<int> farthest(picture_.nodes.size());
    for (const GraphPictureEdge& edge : picture_.edges)
      farthest[at(edge.from)] = std::max(farthest[at(edge.from)], vertex(edge.to).level);
    std::size_t count = 0;
    for (std::size_t v = 0; v < farthest.size(); ++v)
      count += at(std::max(0, farthest[v] - layout_.vertices[v].level - 1));
    return count <= kMostPassings;
  }

  void add_segments() {
    if (!passings_fit()) {
      for (const GraphPictureEdge& edge : picture_.edges) layout_.segments.push_back({edge.from, edge.to});
      return;
    }
    // The edges of one node share their passings: the last of each node, which reaches as far as needed so
    // far.
    std::vector<std::vector<int>> trunk(picture_.nodes.size());
    for (const GraphPictureEdge& edge : picture_.edges) {
      std::vector<int>& passed = trunk[at(edge.from)];
      const int needed = vertex(edge.to).level - vertex(edge.from).level - 1;
      while (static_cast<int>(passed.size()) < needed) {
        const int last = passed.empty() ? edge.from : passed.back();
        const int added = static_cast<int>(layout_.vertices.size());
        layout_.vertices.push_back({vertex(last).level + 1});
        layout_.segments.push_back({last, added});
        passed.push_back(added);
      }
      layout_.segments.push_back({needed == 0 ? edge.from : passed[at(needed) - 1], edge.to});
    }
  }

  void connect() {
    near_.above.resize(layout_.vertices.size());
    near_.below.resize(layout_.vertices.size());
    for (const GraphSegment& segment : layout_.segments) {
      if (vertex(segment.to).level != vertex(segment.from).level + 1) continue;
      near_.below[at(segment.from)].push_back(segment.to);
      near_.above[at(segment.to)].push_back(segment.from);
    }
  }

  /// Depth first from the sources: branches stay together.
  void first_order() {
    rows_.resize(at(layout_.levels));
    position_.resize(layout_.vertices.size());
    std::vector<bool> seen(layout_.vertices.size());
    std::vector<int> stack;
    const auto visit = [&](int start) {
      stack.push_back(start);
      while (!stack.empty()) {
        const int v = stack.back();
        stack.pop_back();
        if (seen[at(v)]) continue;
        seen[at(v)] = true;
        rows_[at(vertex(v).level)].push_back(v);
        stack.insert(stack.end(), near_.below[at(v)].rbegin(), near_.below[at(v)].rend());
      }
    };
    for (int v = 0; v < static_cast<int>(layout_.vertices.size()); ++v)
      if (near_.above[at(v)].empty()) visit(v);
    for (std::vector<int>& row : rows_) number(row);
  }

  void number(const std::vector<int>& row) {
    for (std::size_t i = 0; i < row.size(); ++i) position_[at(row[i])] = static_cast<int>(i);
  }

  /// Rows sorted by the mean position of neighbours, downwards and upwards in turn; the best order is kept.
  void reduce_crossings() {
    std::vector<std::vector<int>> best = rows_;
    std::int64_t least = crossings();
    for (int sweep = 0; sweep < kOrderSweeps && least > 0; ++sweep) {
      const bool down = sweep % 2 == 0;
      for (std::size_t i = 0; i < rows_.size(); ++i)
        sort_row(rows_[down ? i : rows_.size() - 1 - i], down ? near_.above : near_.below);
      const std::int64_t count = crossings();
      if (count >= least) continue;
      least = count;
      best = rows_;
    }
    rows_ = best;
    for (std::vector<int>& row : rows_) number(row);
  }

  void sort_row(std::vector<int>& row, const std::vector<std::vector<int>>& near) {
    std::vector<std::pair<double, int>> keys;
    for (const int v : row) {
      double sum = 0;
      for (const int other : near[at(v)]) sum += position_[at(other)];
      const double count = static_cast<double>(near[at(v)].size());
      keys.emplace_back(count > 0 ? sum / count : position_[at(v)], v);
    }
    std::stable_sort(keys.begin(), keys.end(), [](auto& a, auto& b) { return a.first < b.first; });
    for (std::size_t i = 0; i < row.size(); ++i) row[i] = keys[i].second;
    number(row);
  }

  std::int64_t crossings() const {
    std::int64_t count = 0;
    for (const std::vector<int>& row : rows_) count += crossings_below(row);
    return count;
  }

  /// Inversions among the lower ends, in the order of the upper ones; counted with a Fenwick tree.
  std::int64_t crossings_below(const std::vector<int>& row) const {
    std::vector<int> ends;
    for (const int v : row) {
      const std::size_t first = ends.size();
      for (const int other : near_.below[at(v)]) ends.push_back(position_[at(other)]);
      std::sort(ends.begin() + static_cast<std::ptrdiff_t>(first), ends.end());
    }
    if (ends.empty()) return 0;
    const std::size_t size = at(*std::max_element(ends.begin(), ends.end())) + 1;
    std::vector<std::int64_t> tree(size + 1);
    std::int64_t count = 0;
    for (std::size_t seen = 0; seen < ends.size(); ++seen) {
      std::int64_t not_right = 0;
      for (std::size_t i = at(ends[seen]) + 1; i > 0; i &= i - 1) not_right += tree[i];
      count += static_cast<std::int64_t>(seen) - not_right;
      for (std::size_t i = at(ends[seen]) + 1; i <= size; i += i & (~i + 1)) ++tree[i];
    }
    return count;
  }

  double width_of(int v) const { return is_passing(v) ? sizes_.trunk_width : sizes_.node_width; }

  void place() {
    for (const std::vector<int>& row : rows_) {
      double x = 0;
      for (const int v : row) {
        vertex(v).x = x + width_of(v) / 2;
        x += width_of(v) + sizes_.gap;
      }
    }
    for (int sweep = 0; sweep < kPlaceSweeps; ++sweep) {
      const bool down = sweep % 2 == 0;
      for (std::size_t i = 0; i < rows_.size(); ++i)
        place_row(rows_[down ? i : rows_.size() - 1 - i], down, sweep + 2 >= kPlaceSweeps);
    }
    move_to_origin();
  }

  /// Where a vertex would like to be, and how much.
  struct Wish {
    double x, weight;
  };

  /// In the middle of its neighbours above, below or both. A node looks at
  /// nodes and a passing at passings, where there are any: chains and long edges are straight.
  Wish wish(int v, bool down, bool both) const {
    double sum[2] = {}, count[2] = {};
    const auto add = [&](const std::vector<int>& others) {
      for (const int other : others) {
        const bool alike = is_passing(v) == is_passing(other);
        sum[alike] += layout_.vertices[at(other)].x;
        ++count[alike];
      }
    };
    if (down || both) add(near_.above[at(v)]);
    if (!down || both) add(near_.below[at(v)]);
    if (count[1] > 0) return {sum[1] / count[1], is_passing(v) ? kPassingWeight : kNodeWeight};
    if (count[0] > 0) return {sum[0] / count[0], kYieldingWeight};
    return {layout_.vertices[at(v)].x, kYieldingWeight};
  }

  /// The places nearest to the wanted ones, by least squares, that keep order and distances: neighbours that
  /// would overlap are pooled until none do.
  void place_row(const std::vector<int>& row, bool down, bool both) {
    struct Pool {
      double sum, weight;
      std::size_t size;
      double mean() const { return sum / weight; }
    };
    std::vector<Pool> pools;
    std::vector<double> offset(row.size());
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) offset[i] = offset[i - 1] + (width_of(row[i - 1]) + width_of(row[i])) / 2 + sizes_.gap;
      const auto [x, weight] = wish(row[i], down, both);
      pools.push_back({weight * (x - offset[i]), weight, 1});
      while (pools.size() > 1 && pools[pools.size() - 2].mean() >= pools.back().mean()) {
        Pool& before = pools[pools.size() - 2];
        before = {before.sum + pools.back().sum, before.weight + pools.back().weight,
                  before.size + pools.back().size};
        pools.pop_back();
      }
    }
    std::size_t i = 0;
    for (const Pool& pool : pools)
      for (std::size_t k = 0; k < pool.size; ++k, ++i) vertex(row[i]).x = pool.mean() + offset[i];
  }

  void move_to_origin() {
    double least = 0, most = 0;
    for (int v = 0; v < static_cast<int>(layout_.vertices.size()); ++v) {
      const double left = vertex(v).x - width_of(v) / 2, right = vertex(v).x + width_of(v) / 2;
      least = v == 0 ? left : std::min(least, left);
      most = v == 0 ? right : std::max(most, right);
    }
    for (GraphVertex& v : layout_.vertices) v.x -= least;
    layout_.width = most - least;
  }

  const GraphPicture& picture_;
  const GraphSizes& sizes_;
  GraphLayout layout_;
  Neighbours near_;
  std::vector<std::vector<int>> rows_;  // the vertices of each level, from left to right
  std::vector<int> position_;           // of each vertex in its row
};

}  // namespace

GraphLayout graph_layout(const GraphPicture& picture, const GraphSizes& sizes) {
  return Layouter(picture, sizes).run();
}

}  // namespace stagecraft
