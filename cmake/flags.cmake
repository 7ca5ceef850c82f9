# The one target that every target of ours links: language, warnings, and what keeps arithmetic as written.
set(EXACTLOSS_ARITHMETIC_FLAGS
  -ffp-contract=off  # g++ fuses a*b+c otherwise, and error-free transformations die
  -fno-fast-math)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND EXACTLOSS_ARITHMETIC_FLAGS -fno-tree-slp-vectorize)  # g++ 12.2 drops roundings to float without it
endif()

# Under the sanitizers g++ sees uninitialised variables in <regex> that are none.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_FLAGS MATCHES "-fsanitize=")
  set(EXACTLOSS_SANITIZER_WARNINGS -Wno-maybe-uninitialized)
endif()

add_library(exactloss_flags INTERFACE)
target_compile_features(exactloss_flags INTERFACE cxx_std_20)
target_include_directories(exactloss_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(exactloss_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
  ${EXACTLOSS_ARITHMETIC_FLAGS}
  ${EXACTLOSS_SANITIZER_WARNINGS}
  $<$<BOOL:${EXACTLOSS_WERROR}>:-Werror>)

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
