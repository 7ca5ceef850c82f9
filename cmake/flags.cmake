# The one target that every target of ours links: language, warnings, and what keeps arithmetic as written.
set(EXACTLOSS_ARITHMETIC_FLAGS
  -ffp-contract=off  # g++ fuses a*b+c otherwise, and error-free transformations die
  -fno-fast-math)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND EXACTLOSS_ARITHMETIC_FLAGS -fno-tree-slp-vectorize)  # g++ 12.2 drops roundings to float without it
endif()

add_library(exactloss_flags INTERFACE)
target_compile_features(exactloss_flags INTERFACE cxx_std_20)
target_include_directories(exactloss_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(exactloss_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
  ${EXACTLOSS_ARITHMETIC_FLAGS}
  $<$<CXX_COMPILER_ID:Clang>:-Wno-bitwise-instead-of-logical>  # the masks of a formula that runs at single numbers
  $<$<BOOL:${EXACTLOSS_WERROR}>:-Werror>)

# Under the sanitizers SIMD code is compiled for one target, AVX2 where this machine has it, and without the checks that
# take a file from seconds to minutes and see no more than AddressSanitizer does.
if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=")
  set(EXACTLOSS_ONE_SIMD_TARGET HWY_COMPILE_ONLY_STATIC)
  set(EXACTLOSS_SIMD_FLAGS -fno-sanitize=null,object-size,pointer-overflow)
  file(STRINGS /proc/cpuinfo avx2 REGEX "flags.* avx2" LIMIT_COUNT 1)
  if(avx2)
    list(APPEND EXACTLOSS_SIMD_FLAGS -mavx2 -mfma -mf16c -mbmi -mbmi2 -maes -mpclmul)
  endif()
endif()

set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

include(${CMAKE_CURRENT_LIST_DIR}/canary.cmake)
