# Fails unless every libtorch* and libc10* that PROGRAM loads lies in FOLDER: with two LibTorches in one process the
# program aborts at its start (`DispatchKeySet ... INTERNAL ASSERT FAILED`).
execute_process(COMMAND ldd ${PROGRAM} OUTPUT_VARIABLE loaded COMMAND_ERROR_IS_FATAL ANY)
file(REAL_PATH ${FOLDER} folder)
string(REGEX MATCHALL "lib(torch|c10)[^\n]*" lines "${loaded}")
if(NOT lines)
  message(FATAL_ERROR "${PROGRAM} loads no LibTorch at all:\n${loaded}")
endif()
foreach(line IN LISTS lines)
  if(NOT line MATCHES "=> ([^ ]+)")
    message(FATAL_ERROR "${PROGRAM}: ${line}")
  endif()
  file(REAL_PATH ${CMAKE_MATCH_1} library)
  get_filename_component(found ${library} DIRECTORY)
  if(NOT found STREQUAL folder)
    message(FATAL_ERROR "${PROGRAM} would load ${library}, but its LibTorch is in ${folder}. "
      "Give LibTorch's root (the folder with include/, lib/ and share/) as CMAKE_PREFIX_PATH.")
  endif()
endforeach()
