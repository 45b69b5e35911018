// Optimal string alignment: the dynamic programme of Wagner and Fischer, "The string-to-string correction
// problem", JACM 21(1), 1974, with Damerau's swap of neighbours (CACM 7(3), 1964) as a fourth move.
#include "base/suggest.h"

#include <algorithm>
#include <vector>

namespace stagecraft {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);    // row i - 2
  std::vector<std::size_t> previous(b.size() + 1);  // row i - 1
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;

  for (std::size_t i = 1; i <= a.size(); ++i) {
    before.swap(previous);
    previous.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({previous[j] + 1, row[j - 1] + 1, previous[j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::string_view closest(std::string_view text, std::span<const std::string_view> candidates) {
  constexpr std::size_t kLongestName = 80;  // a longer text is no misspelt name, and distance is quadratic
  if (text.size() > kLongestName) return {};
  const std::string wanted = lower(text);
  std::string_view best;
  std::size_t best_distance = 0;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > kLongestName) continue;
    const std::size_t distance = edit_distance(wanted, lower(candidate));
    const std::size_t limit = std::min<std::size_t>(3, std::max<std::size_t>(1, candidate.size() / 3));
    if (distance <= limit && (best.empty() || distance < best_distance)) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view text, std::span<const std::string_view> candidates) {
  const std::string_view best = closest(text, candidates);
  return best.empty() ? std::string() : "; did you mean '" + std::string(best) + "'?";
}

}  // namespace stagecraft
