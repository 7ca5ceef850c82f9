# Reads every #include of the tree and fails at one that goes against an arrow:
#   reference <- oracle <- reports <- cli,  optimized <- oracle,  nobody looks at tests/ or fuzz/.
# Each breach is printed as `file:line includes X; only Y may`.
# Usage: cmake [-DROOT=<tree>] -P include_rules.cmake
cmake_minimum_required(VERSION 3.25)
if(NOT ROOT)
  get_filename_component(ROOT ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)
endif()

# rule(<what is included: regular expression> <who may: path prefixes...>). Every rule that fits must hold.
set(rule_count 0)
macro(rule included)
  math(EXPR rule_count "${rule_count} + 1")
  set(rule_${rule_count}_included "${included}")
  set(rule_${rule_count}_may ${ARGN})
endmacro()

# The rooms.
rule("^reference/" reference/ oracle/ reports/ cli/ tests/ fuzz/)
rule("^optimized/" optimized/ oracle/ tests/ fuzz/)
rule("^oracle/" oracle/ reports/ cli/ tests/ fuzz/)
rule("^oracle/hosts/" oracle/hosts/ tests/)
rule("^reports/" reports/ cli/ tests/ fuzz/)
rule("^cli/" cli/ tests/)
rule("^tests/" tests/)
rule("^fuzz/" fuzz/ tests/)
# Formulas and their number types are the truth's own: a subject that shared them would share their mistakes.
rule("^reference/(losses/|scalar|dual|interval|real|replay|gradients)" reference/ tests/)

# Third parties, each behind one door.
rule("^(mpfr[.]h|gmp|boost/)" reference/real. optimized/multi tests/)
rule("^(mpfi|arb|acb|arf|mag|flint)" tests/)
rule("^hwy/" optimized/ oracle/fast tests/optimized/)
rule("^(torch|ATen|c10|caffe2)/" oracle/hosts/torch/)
rule("^(gtest/|gmock/|rapidcheck)" tests/)
rule("^CLI/" cli/)
rule("^Random123/" oracle/ tests/)
rule("^pugixml" reports/ tests/)
rule("^nlohmann/" oracle/ reports/ cli/ tests/)
rule("^benchmark/" tests/)

# The headers that say what a problem is; they need the standard library and each other, no more.
set(vocabulary "^reference/(dtype|tensor|problem|loss_spec|truth)[.]h$")

set(breaches 0)
macro(breach why)  # of ${file} and ${include}; the line number is looked up only now
  file(READ ${ROOT}/${file} text)
  string(FIND "${text}" "${include}" at)
  string(SUBSTRING "${text}" 0 ${at} before)
  string(REGEX REPLACE "[^\n]" "" newlines "${before}")
  string(LENGTH "x${newlines}" line_number)
  message("${file}:${line_number} includes ${include}; ${why}")
  math(EXPR breaches "${breaches} + 1")
endmacro()

set(files)
foreach(room reference optimized oracle reports cli tests fuzz)
  file(GLOB_RECURSE found RELATIVE ${ROOT} ${ROOT}/${room}/*.h ${ROOT}/${room}/*.c ${ROOT}/${room}/*.cc)
  list(APPEND files ${found})
endforeach()

foreach(file IN LISTS files)
  file(STRINGS ${ROOT}/${file} lines REGEX "^[ \t]*#[ \t]*include[ \t]*[<\"]")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^[^<\"]*[<\"]([^>\"]*).*$" "\\1" include "${line}")
    foreach(i RANGE 1 ${rule_count})
      if(include MATCHES "${rule_${i}_included}")
        set(allowed FALSE)
        foreach(prefix IN LISTS rule_${i}_may)
          string(FIND "${file}" "${prefix}" at)
          if(at EQUAL 0)
            set(allowed TRUE)
          endif()
        endforeach()
        if(NOT allowed)
          list(JOIN rule_${i}_may ", " may)
          breach("only ${may} may")
        endif()
      endif()
    endforeach()
    if(file MATCHES "${vocabulary}" AND include MATCHES "[./]" AND NOT include MATCHES "${vocabulary}")
      breach("the vocabulary may include the standard library and itself only")
    endif()
    if(line MATCHES "\"([^/\"]*|[.][.]?/.*)\"")
      breach("only a path from the root of the tree may stand in quotes")
    endif()
  endforeach()
endforeach()

list(LENGTH files file_count)
if(breaches GREATER 0 OR file_count EQUAL 0)
  message(FATAL_ERROR "${file_count} files read, ${breaches} includes against the arrows")
endif()
message("${file_count} files, every include along the arrows")
