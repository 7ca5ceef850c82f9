# Refuses a compiler that changes numbers: canary.cc is compiled with the flags of this build and run.
# The name of the cached answer holds the flags, so that other flags are tried anew.
set(canary_flags ${EXACTLOSS_ARITHMETIC_FLAGS} ${CMAKE_CXX_FLAGS} ${CMAKE_BUILD_TYPE})
string(MD5 canary_key "${canary_flags}")
set(canary EXACTLOSS_CANARY_${canary_key})

if(NOT CMAKE_CROSSCOMPILING AND NOT DEFINED ${canary})
  set(CMAKE_TRY_COMPILE_CONFIGURATION ${CMAKE_BUILD_TYPE})
  try_run(canary_status canary_compiles
    ${PROJECT_BINARY_DIR}/canary ${CMAKE_CURRENT_LIST_DIR}/canary.cc
    COMPILE_DEFINITIONS ${EXACTLOSS_ARITHMETIC_FLAGS}
    RUN_OUTPUT_VARIABLE canary_output
    COMPILE_OUTPUT_VARIABLE canary_log)
  if(NOT canary_compiles)
    set(canary_reason "The compiler does not take the flags of this project:\n${canary_log}")
  elseif(NOT canary_status STREQUAL "0")
    set(canary_reason "The compiler changes numbers: ${canary_output}")
  endif()
  unset(canary_status CACHE)
  unset(canary_compiles CACHE)
  if(canary_reason)
    message(FATAL_ERROR "${CMAKE_CXX_COMPILER} (${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}) "
      "with ${EXACTLOSS_ARITHMETIC_FLAGS} at ${CMAKE_BUILD_TYPE} is refused. ${canary_reason}"
      "Use another compiler (-DCMAKE_CXX_COMPILER=...), or put the flag that mends it into cmake/flags.cmake.")
  endif()
  set(${canary} passed CACHE INTERNAL "canary.cc at these flags")
  message(STATUS "Arithmetic as written: ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION} passes cmake/canary.cc")
endif()
