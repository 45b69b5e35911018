#pragma once

#include <string_view>

#include "base/fields.h"

/// What files of measurements have in common, whatever was measured: tables of kernels and calibrations of
/// layers. Keys of their headers; T has a string of each key's name.
namespace stagecraft::measured {

/// As catalog.h names them.
std::vector<std::string_view> device_names();

/// Four digits: more than a fit is sure of.
double rounded(double value);

template <typename T>
constexpr auto device() {
  return field("device", &T::device, "preset of the device that was measured")
      .one_of(device_names)
      .required();
}

template <typename T>
constexpr auto source() {
  return field("source", &T::source, "who measured, with which software").required();
}

template <typename T>
constexpr auto licence() {
  return field("licence", &T::licence, "of the measurements, where somebody else made them");
}

template <typename T>
constexpr auto date() {
  return field("date", &T::date, "of measurement, YYYY-MM-DD");
}

template <typename T>
constexpr auto command() {
  return field("command", &T::command, "that made the file");
}

}  // namespace stagecraft::measured
