#include "profiles/trace_inputs.h"

#include <array>
#include <charconv>

#include "base/trace_text.h"

namespace stagecraft {

namespace {

struct TypeName {
  std::string_view type;
  std::string_view format;
};

// What a tensor's dtype().name() gives, and what c10::toString() of its scalar type gives (collectives).
constexpr std::array kTypes = {
    TypeName{"c10::BFloat16", "bf16"},
    TypeName{"BFloat16", "bf16"},
    TypeName{"c10::Half", "fp16"},
    TypeName{"Half", "fp16"},
    TypeName{"c10::Float8_e4m3fn", "fp8"},
    TypeName{"Float8_e4m3fn", "fp8"},
    TypeName{"c10::Float8_e5m2", "fp8"},
    TypeName{"Float8_e5m2", "fp8"},
    TypeName{"float", "fp32"},
    TypeName{"Float", "fp32"},
    TypeName{"double", "fp64"},
    TypeName{"Double", "fp64"},
    TypeName{"long int", "int64"},
    TypeName{"long", "int64"},
    TypeName{"Long", "int64"},
    TypeName{"int", "int32"},
    TypeName{"Int", "int32"},
    TypeName{"short int", "int16"},
    TypeName{"Short", "int16"},
    TypeName{"signed char", "int8"},
    TypeName{"Char", "int8"},
    TypeName{"unsigned char", "uint8"},
    TypeName{"Byte", "uint8"},
    TypeName{"bool", "bool"},
    TypeName{"Bool", "bool"},
};

struct FormatBytes {
  std::string_view format;
  double bytes;
};

constexpr std::array kBytes = {
    FormatBytes{"bf16", 2}, FormatBytes{"fp16", 2},  FormatBytes{"fp8", 1},   FormatBytes{"fp32", 4},
    FormatBytes{"fp64", 8}, FormatBytes{"int64", 8}, FormatBytes{"int32", 4}, FormatBytes{"int16", 2},
    FormatBytes{"int8", 1}, FormatBytes{"uint8", 1}, FormatBytes{"bool", 1},
};

std::int64_t integer(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::vector<std::int64_t> dims_of(std::string_view json) {
  std::vector<std::int64_t> dims;
  for (const std::string_view dim : elements_of(json)) dims.push_back(integer(dim));
  return dims;
}

TracedInput input_of(std::string_view json) {
  TracedInput input;
  const std::vector<std::string_view> parts = elements_of(json);
  if (parts.empty() || !parts[0].starts_with('[')) {
    input.dims = dims_of(json);
    return input;
  }
  for (const std::string_view tensor : parts) {
    double elements = 1;
    for (const std::int64_t dim : dims_of(tensor)) elements *= static_cast<double>(dim);
    ++input.tensors;
    if (elements < 9e15) input.elements += static_cast<std::int64_t>(elements);
  }
  return input;
}

}  // namespace

std::vector<TracedInput> traced_inputs(const TraceEvent& op) {
  std::vector<TracedInput> inputs;
  for (const std::string_view dims : elements_of(arg_of(op, "Input Dims"))) inputs.push_back(input_of(dims));
  const std::vector<std::string_view> types = elements_of(arg_of(op, "Input type"));
  const std::vector<std::string_view> values = elements_of(arg_of(op, "Concrete Inputs"));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (i < types.size()) inputs[i].type = unquoted(types[i]);
    if (i < values.size()) inputs[i].value = unquoted(values[i]);
  }
  return inputs;
}

std::string format_of_type(std::string_view type) {
  for (const TypeName& known : kTypes)
    if (known.type == type) return std::string(known.format);
  return "none";
}

double bytes_of_format(std::string_view format) {
  for (const FormatBytes& known : kBytes)
    if (known.format == format) return known.bytes;
  return 0;
}

}  // namespace stagecraft
