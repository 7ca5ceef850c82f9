# exactloss_add_gate(<host> [LOSSES <loss>...] [DTYPES <dtype>...] [FILLS <fill>...] [PROFILE smoke|gate|audit]
#                    [BASELINE <file>] [KNOWN <folder>] [REPORT <folder>] [TIMEOUT <seconds>]
#                    [COMMAND <program> <arguments>... [WORKING_DIRECTORY <folder>]])
#
# Adds the test `exactloss_<host>`: an audit of the host with --gate. The host is an executable target; or, with COMMAND,
# what it runs in WORKING_DIRECTORY (the source folder), such as `COMMAND python3 host.py`, and its name is free. The
# target is run from its folder as exec:./<name>, so that the rows of a baseline are the same wherever it is built.
# A report is written where REPORT says, else to exactloss/<host> in the build folder: what `exactloss baseline` reads.
function(exactloss_add_gate host)
  cmake_parse_arguments(PARSE_ARGV 1 gate "" "PROFILE;BASELINE;KNOWN;REPORT;TIMEOUT;WORKING_DIRECTORY"
    "LOSSES;DTYPES;FILLS;COMMAND")
  if(gate_UNPARSED_ARGUMENTS OR gate_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "exactloss_add_gate(${host}): '${gate_UNPARSED_ARGUMENTS}${gate_KEYWORDS_MISSING_VALUES}' "
      "is no argument, or has no value")
  endif()
  if(gate_COMMAND)
    list(JOIN gate_COMMAND " " command)
    set(folder ${CMAKE_CURRENT_SOURCE_DIR})
    if(gate_WORKING_DIRECTORY)
      set(folder ${gate_WORKING_DIRECTORY})
    endif()
  elseif(TARGET ${host})
    set(command ./$<TARGET_FILE_NAME:${host}>)
    set(folder $<TARGET_FILE_DIR:${host}>)
  else()
    message(FATAL_ERROR "exactloss_add_gate(${host}): no target '${host}'; a host that is none has a COMMAND")
  endif()
  if(NOT gate_REPORT)
    set(gate_REPORT ${CMAKE_CURRENT_BINARY_DIR}/exactloss/${host})
  endif()

  set(arguments --gate --subject exec:${command} --report ${gate_REPORT})
  foreach(flag LOSSES=loss DTYPES=dtype FILLS=fill PROFILE=profile BASELINE=baseline KNOWN=known)
    string(REPLACE "=" ";" flag ${flag})
    list(GET flag 0 name)
    list(GET flag 1 option)
    list(JOIN gate_${name} "," value)
    if(NOT value STREQUAL "")
      list(APPEND arguments --${option} ${value})
    endif()
  endforeach()
  add_test(NAME exactloss_${host} COMMAND Exactloss::exactloss audit ${arguments} WORKING_DIRECTORY ${folder})
  if(NOT gate_TIMEOUT)
    set(gate_TIMEOUT 600)
  endif()
  set_tests_properties(exactloss_${host} PROPERTIES TIMEOUT ${gate_TIMEOUT})
endfunction()
