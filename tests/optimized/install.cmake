# Installs the kernels and the program, builds the examples against what is installed, runs them, and asks for what is
# not there.
# Usage: cmake -DBUILD=<build folder> -DGENERATOR=... -DCXX=<compiler> [-DCXX_FLAGS=...] -P install.cmake
cmake_minimum_required(VERSION 3.25)
set(work ${BUILD}/tests/optimized/install)
set(examples ${CMAKE_CURRENT_LIST_DIR}/../../examples)
set(configure ${CMAKE_COMMAND} -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_CXX_FLAGS=${CXX_FLAGS}
  -DCMAKE_PREFIX_PATH=${work}/prefix)
file(REMOVE_RECURSE ${work})

# run(<what the output must hold: regular expression> <command...>); `status`: what it must end with.
set(status 0)
function(run wanted)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE got OUTPUT_VARIABLE output ERROR_VARIABLE output)
  string(REGEX REPLACE "[ \n]+" " " line "${output}")  # CMake breaks the lines of its errors
  if(NOT got EQUAL status OR NOT line MATCHES "${wanted}")
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}\nended with ${got} instead of ${status}, or without '${wanted}':\n${output}")
  endif()
endfunction()

function(run_example name program wanted)
  run("" ${configure} -S ${examples}/${name} -B ${work}/${name})
  run("" ${CMAKE_COMMAND} --build ${work}/${name})
  run("${wanted}" ${work}/${name}/${program})
endfunction()

# ask(<what CMake says> <languages of the project> <arguments of find_package> [<lines before it>])
function(ask wanted languages arguments)
  file(WRITE ${work}/ask/CMakeLists.txt "cmake_minimum_required(VERSION 3.25)
    project(ask LANGUAGES ${languages})
    ${ARGN}
    find_package(Exactloss ${arguments})")
  run("${wanted}" ${configure} --fresh -S ${work}/ask -B ${work}/ask/build)
endfunction()

run("" ${CMAKE_COMMAND} --install ${BUILD} --component losses --prefix ${work}/prefix)
run_example(logistic_regression logistic_regression "step 100: loss 0[.]1.*the same bits; accuracy 0[.]9")
run_example(c huber "^loss 0[.]8125, gradient 0[.]5 -0[.]25")

# The program gates the losses of other projects, in C++ by CTest and in Python.
run("" ${CMAKE_COMMAND} --install ${BUILD} --component program --prefix ${work}/prefix)
run("" ${configure} -S ${examples}/gate_cpp -B ${work}/gate_cpp)
run("" ${CMAKE_COMMAND} --build ${work}/gate_cpp)
run("100% tests passed, 0 tests failed out of 2" ${CMAKE_CTEST_COMMAND} --test-dir ${work}/gate_cpp)
run("^.. -+ Ran 2 tests .*OK" ${CMAKE_COMMAND} -E env EXACTLOSS=${work}/prefix/bin/exactloss
  python3 ${examples}/gate_python/test_gate.py)

ask("" CXX "REQUIRED COMPONENTS losses program")
ask("" NONE "REQUIRED COMPONENTS program")
ask("" CXX "REQUIRED COMPONENTS losses OPTIONAL_COMPONENTS kernels")
set(status 1)
ask("there is no component 'kernels'; there are: losses, program" CXX "REQUIRED COMPONENTS kernels")
ask("no target 'nobody'; a host that is none has a COMMAND" NONE "REQUIRED COMPONENTS program)
    exactloss_add_gate(nobody LOSSES mse")
ask("exactloss_add_gate[(]a[)]: 'DTYPE;f32' is no argument" NONE "REQUIRED COMPONENTS program)
    exactloss_add_gate(a DTYPE f32 COMMAND true")
ask("the library is written in C[+][+]" C "REQUIRED")
ask("version \"99\"" CXX "99 REQUIRED")
ask("libmpfr is missing [(]Debian: libmpfr-dev[)]" CXX "REQUIRED" "set(CMAKE_FIND_LIBRARY_SUFFIXES .none)")
ask("Highway [0-9.]+ is missing [(]Debian: libhwy-dev[)]" CXX "REQUIRED" "set(CMAKE_DISABLE_FIND_PACKAGE_hwy ON)")
