# Finds what the profiler of kernels is made of. AUTO: build it where the toolkit is; everything else builds without.
set(STAGECRAFT_CUDA AUTO CACHE STRING "Build the profiler of kernels: AUTO (where CUDA 12.6 or later is found), ON or OFF")
set_property(CACHE STAGECRAFT_CUDA PROPERTY STRINGS AUTO ON OFF)
set(STAGECRAFT_CUDA_ARCHITECTURES "80;90" CACHE STRING "Compute capabilities that the profiler's own kernels are built for")

set(STAGECRAFT_CUDA_FOUND OFF)
if(NOT STAGECRAFT_CUDA STREQUAL OFF)
  find_package(CUDAToolkit 12 QUIET)
  # The Range Profiler's header came with CUDA 12.6.
  if(CUDAToolkit_FOUND AND TARGET CUDA::cupti)
    get_target_property(cupti_include CUDA::cupti INTERFACE_INCLUDE_DIRECTORIES)
    find_file(STAGECRAFT_CUPTI_RANGES cupti_range_profiler.h HINTS ${cupti_include} ${CUDAToolkit_INCLUDE_DIRS})
  endif()
  if(STAGECRAFT_CUPTI_RANGES AND TARGET CUDA::cudart_static)
    set(STAGECRAFT_CUDA_FOUND ON)
    message(STATUS "Profiler of kernels: CUDA ${CUDAToolkit_VERSION}")
  elseif(STAGECRAFT_CUDA STREQUAL ON)
    message(FATAL_ERROR "STAGECRAFT_CUDA is ON, but no CUDA toolkit of 12.6 or later with CUPTI was found; "
                        "name its folder by -DCUDAToolkit_ROOT=DIR")
  else()
    message(STATUS "Profiler of kernels: left out, no CUDA toolkit of 12.6 or later with CUPTI was found")
  endif()
endif()
