# SPDX-License-Identifier: Apache-2.0
# cmake -DCOMPILER=g++ -DFLAGS=… -DSOURCE=x.cc -P check.cmake: passes when x.cc does not compile and the
# compiler says what the file's `// refused:` line expects; accepted.cc has none and must compile.
file(STRINGS ${SOURCE} expected REGEX "^// refused: " LIMIT_COUNT 1)
string(REGEX REPLACE "^// refused: *" "" expected "${expected}")
execute_process(COMMAND ${COMPILER} -std=c++20 ${FLAGS} -fsyntax-only ${SOURCE}
                RESULT_VARIABLE rc OUTPUT_VARIABLE said ERROR_VARIABLE said)
if(expected STREQUAL "")
  if(NOT rc EQUAL 0)
    message(FATAL_ERROR "${SOURCE} must compile:\n${said}")
  endif()
elseif(rc EQUAL 0)
  message(FATAL_ERROR "${SOURCE} must not compile, but it does")
elseif(NOT said MATCHES "${expected}")
  message(FATAL_ERROR "${SOURCE} is refused for another reason than '${expected}':\n${said}")
endif()
