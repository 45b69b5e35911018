#include <algorithm>

#include "sim/trace/profile.h"

namespace stagecraft {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool has_part(std::string_view name, std::string_view part) {
  return std::search(name.begin(), name.end(), part.begin(), part.end(),
                     [](char a, char b) { return lower(a) == lower(b); }) != name.end();
}

}  // namespace

std::vector<std::string> CommunicationRule::default_parts() {
  // "deep_ep::intranode::dispatch<...>", and mangled "_ZN7deep_ep9intranode8dispatch": found by the first.
  // A kernel called dispatch or combine alone may be anything, so the namespace decides.
  return {"nccl",       "rccl",     "deep_ep", "internode::", "intranode::",
          "all_to_all", "alltoall", "nvshmem", "Memcpy PtoP", "MemcpyPeer"};
}

std::string_view CommunicationRule::match(std::string_view name) const {
  for (const std::string& part : parts)
    if (has_part(name, part)) return part;
  return {};
}

}  // namespace stagecraft
