// Nelder and Mead, "A Simplex Method for Function Minimization", Computer Journal 7(4), 1965.
#include "profiles/minimize.h"

#include <algorithm>
#include <cstddef>

namespace stagecraft {

namespace {

struct Vertex {
  Point x;
  double y = 0;
};

bool lower(const Vertex& a, const Vertex& b) {
  return a.y < b.y;
}

Point along(const Point& from, const Point& to, double step) {
  Point result(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) result[i] = from[i] + step * (to[i] - from[i]);
  return result;
}

/// Of all vertices but the last.
Point center_of(const std::vector<Vertex>& simplex) {
  Point center(simplex.front().x.size());
  for (std::size_t v = 0; v + 1 < simplex.size(); ++v)
    for (std::size_t i = 0; i < center.size(); ++i)
      center[i] += simplex[v].x[i] / static_cast<double>(center.size());
  return center;
}

/// One step: reflect the worst vertex, expand, contract, or shrink all towards the best.
void step(std::vector<Vertex>& simplex, const std::function<double(const Point&)>& f) {
  std::stable_sort(simplex.begin(), simplex.end(), lower);
  Vertex& worst = simplex.back();
  const Point center = center_of(simplex);
  const auto probe = [&](double distance) {
    Point x = along(center, worst.x, distance);
    const double y = f(x);
    return Vertex{std::move(x), y};
  };
  if (Vertex reflected = probe(-1); reflected.y < simplex.front().y) {
    Vertex expanded = probe(-2);
    worst = expanded.y < reflected.y ? std::move(expanded) : std::move(reflected);
    return;
  } else if (reflected.y < simplex[simplex.size() - 2].y) {
    worst = std::move(reflected);
    return;
  } else if (Vertex contracted = probe(reflected.y < worst.y ? -0.5 : 0.5);
             contracted.y < std::min(reflected.y, worst.y)) {
    worst = std::move(contracted);
    return;
  }
  for (std::size_t v = 1; v < simplex.size(); ++v) {
    simplex[v].x = along(simplex[0].x, simplex[v].x, 0.5);
    simplex[v].y = f(simplex[v].x);
  }
}

}  // namespace

Point minimize(Point start, int steps, const std::function<double(const Point&)>& f) {
  for (const double size : {0.3, -0.2, 0.1}) {
    std::vector<Vertex> simplex{{start, f(start)}};
    for (std::size_t i = 0; i < start.size(); ++i) {
      Point x = start;
      x[i] += size;
      const double y = f(x);
      simplex.push_back({std::move(x), y});
    }
    for (int i = 0; i < steps; ++i) step(simplex, f);
    start = std::min_element(simplex.begin(), simplex.end(), lower)->x;
  }
  return start;
}

}  // namespace stagecraft
