# What every target of the project shares: warnings, floating-point rules, include path.

add_library(stagecraft_options INTERFACE)
target_include_directories(stagecraft_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(stagecraft_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
  # GCC 12 sees overlapping copies in std::string's operator+ where there are none (GCC bug 105329).
  # It also reports default-constructed nested structs and vector intrinsics as uninitialised.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
  # Designated initialisers leave out what has a default on purpose.
  -Wno-missing-field-initializers
  # The same scenario gives the same bytes on every machine: no fused multiply-add.
  -ffp-contract=off
  $<$<BOOL:${STAGECRAFT_WERROR}>:-Werror>)

# stagecraft_library(NAME SOURCES... ) - one folder of the house as a static library.
function(stagecraft_library name)
  add_library(${name} STATIC ${ARGN})
  target_link_libraries(${name} PUBLIC stagecraft_options)
endfunction()
