#include "profiles/capture/driver_check.h"

#include <catch2/catch.hpp>

using namespace stagecraft;

using Kind = DriverState::Kind;

TEST_CASE("asking for a driver tells what there is, on any machine", "[capture]") {
  const DriverState state = check_driver(0);
  CHECK(state.runtime_version >= 12000);
  CHECK((state.driver_version == 0) == (state.kind == Kind::NoDriver || state.kind == Kind::StubDriver));
  CHECK(explain(state).empty() == state.ready());
}

TEST_CASE("each thing that may be missing is explained with a remedy", "[capture][error]") {
  CHECK(explain({.kind = Kind::Ready}).empty());
  CHECK(explain({.kind = Kind::NoDriver}) ==
        "no NVIDIA driver: libcuda.so.1 is not found\n"
        "      = kernels are measured on the GPU itself: install its driver, or in a container start it with "
        "--gpus all");
  CHECK(explain({.kind = Kind::StubDriver}) ==
        "the toolkit's stub stands where the NVIDIA driver should be\n"
        "      = take the toolkit's lib64/stubs out of LD_LIBRARY_PATH");
  CHECK(explain({.kind = Kind::OldDriver, .driver_version = 11080, .runtime_version = 13000}) ==
        "the NVIDIA driver is too old: it supports CUDA 11.8, this program was built with CUDA 13.0\n"
        "      = install a newer driver, or build with the older toolkit");
  CHECK(explain({.kind = Kind::NoDevice}) ==
        "the NVIDIA driver is there, but no GPU is visible\n"
        "      = see `nvidia-smi`; CUDA_VISIBLE_DEVICES may hide the GPU");
  CHECK(explain({.kind = Kind::BadDevice, .devices = 2}, 5) ==
        "there is no GPU 5: this machine has 2, counted from 0");
  CHECK(explain({.kind = Kind::Failed, .error = 999}) ==
        "CUDA does not start: unknown error (error 999)\n      = see `nvidia-smi`");
}
