#include "profiles/attach/operator_name.h"

#include <cxxabi.h>

#include <array>
#include <cctype>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace stagecraft {

namespace {

std::string demangled(const std::string& name) {
  if (!name.starts_with("_Z")) return name;
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), std::free);
  return status == 0 ? std::string(text.get()) : name;
}

/// The text outside of (), <> and {}; of "(anonymous namespace)::f<int>(int)" that is "::f".
std::string without_brackets(std::string_view text) {
  std::string result;
  int depth = 0;
  for (const char c : text) {
    if (c == '(' || c == '<' || c == '{') ++depth;
    if (depth == 0) result += c;
    if ((c == ')' || c == '>' || c == '}') && depth > 0) --depth;
  }
  return result;
}

std::string copy_name(std::uint8_t kind) {
  // CUpti_ActivityMemcpyKind.
  switch (kind) {
    case 1:
      return "copy from host to device";
    case 2:
      return "copy from device to host";
    case 8:
      return "copy on the device";
    case 10:
      return "copy from device to device";
    default:
      return "copy";
  }
}

/// Cuts ", seq = 12" out; the value is a number, which may be negative.
void cut_number(std::string& name, std::string_view key) {
  const std::size_t at = name.find(key);
  if (at == std::string::npos) return;
  std::size_t end = at + key.size();
  if (end < name.size() && name[end] == '-') ++end;
  const std::size_t digits = end;
  while (end < name.size() && std::isdigit(static_cast<unsigned char>(name[end]))) ++end;
  if (end > digits) name.erase(at, end - at);
}

}  // namespace

std::string short_kernel_name(const std::string& mangled) {
  const std::string whole = demangled(mangled);
  if (whole == mangled) return mangled;
  std::string name = without_brackets(whole);
  while (!name.empty() && name.back() == ' ') name.pop_back();
  const std::size_t begin = name.find_last_of(": ");
  if (begin != std::string::npos) name.erase(0, begin + 1);
  return name.empty() ? whole : name;
}

std::string operator_name(const DeviceSpan& span) {
  if (span.kind == DeviceSpan::Kind::Copy) return copy_name(span.copy_kind);
  if (span.kind == DeviceSpan::Kind::Fill) return "fill";
  return span.name.empty() ? "kernel without a name" : short_kernel_name(span.name);
}

std::string operator_name(const std::string& range) {
  constexpr std::array<std::string_view, 2> kNumbers = {", seq = ", ", op_id = "};
  std::string name = range;
  for (const std::string_view key : kNumbers) cut_number(name, key);
  return name.empty() ? "range without a name" : name;
}

}  // namespace stagecraft
