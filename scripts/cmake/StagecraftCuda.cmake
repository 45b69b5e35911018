# Finds what the profiler of kernels is made of. AUTO: build it where the toolkit is; everything else builds without.
set(STAGECRAFT_CUDA AUTO CACHE STRING "Build the profiler of kernels: AUTO (where CUDA 12 or 13 is found), ON or OFF")
set_property(CACHE STAGECRAFT_CUDA PROPERTY STRINGS AUTO ON OFF)
set(STAGECRAFT_CUDA_ARCHITECTURES "80;90" CACHE STRING "Compute capabilities that the profiler's own kernels are built for")

set(STAGECRAFT_CUDA_FOUND OFF)
if(NOT STAGECRAFT_CUDA STREQUAL OFF)
  find_package(CUDAToolkit 12 QUIET)
  if(CUDAToolkit_FOUND AND TARGET CUDA::cupti AND TARGET CUDA::cudart_static)
    set(STAGECRAFT_CUDA_FOUND ON)
    message(STATUS "Profiler of kernels: CUDA ${CUDAToolkit_VERSION}")
  elseif(STAGECRAFT_CUDA STREQUAL ON)
    message(FATAL_ERROR "STAGECRAFT_CUDA is ON, but no CUDA toolkit 12 or 13 with CUPTI was found; "
                        "name its folder by -DCUDAToolkit_ROOT=DIR")
  else()
    message(STATUS "Profiler of kernels: left out, no CUDA toolkit 12 or 13 with CUPTI was found")
  endif()
endif()
