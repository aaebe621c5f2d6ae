# SPDX-License-Identifier: Apache-2.0
# How everything is compiled: warnings, hardening, sanitizers. Targets link to sluice_options.
# For an executable at any address: -fPIE, not CMake's -fPIC of libraries, under which functions
# could be replaced by others at load time and are not inlined (3 to 4 % more instructions a request).
add_library(sluice_options INTERFACE)
target_compile_options(sluice_options INTERFACE
  -Wall -Wextra -Wshadow -Wno-unused-parameter -Wno-missing-field-initializers -Werror=return-type
  -Werror=unused-result -fno-strict-aliasing -fstack-protector-strong -fPIE)
target_compile_definitions(sluice_options INTERFACE _GLIBCXX_ASSERTIONS)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(sluice_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fcoroutines>
                         -Wno-mismatched-new-delete)
else()
  # Clang 14 knows libstdc++'s <coroutine> in C++20 mode.
  target_compile_options(sluice_options INTERFACE -Wno-unused-private-field)
endif()
if(SLUICE_SANITIZE)
  # Not vptr: its check opens a pipe to look at memory, and reports an object as invalid where
  # descriptors have run out, which tests do on purpose.
  target_compile_options(sluice_options INTERFACE -fsanitize=address,undefined -fno-sanitize=vptr
                         -fno-omit-frame-pointer
                         -fno-sanitize-recover=undefined)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Clang 14 cannot put that check's data before the parts of a coroutine.
    target_compile_options(sluice_options INTERFACE -fno-sanitize=function)
    target_compile_definitions(sluice_options INTERFACE __SANITIZE_ADDRESS__=1)  # as GCC does
  endif()
  target_link_options(sluice_options INTERFACE -fsanitize=address,undefined)
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_definitions(sluice_options INTERFACE _FORTIFY_SOURCE=2)
endif()
target_link_options(sluice_options INTERFACE -pie -Wl,-z,relro,-z,now)

# Where things are after installation, and who workers run as: nginx's configure options. Empty: the
# defaults in core/process/command_line.cc. Paths that do not begin with / are below the prefix.
foreach(name PREFIX SBIN_PATH CONF_PATH ERROR_LOG_PATH HTTP_LOG_PATH PID_PATH LOCK_PATH USER GROUP)
  set(SLUICE_${name} "" CACHE STRING "See core/process/command_line.cc")
  if(NOT SLUICE_${name} STREQUAL "")
    set_property(SOURCE ${CMAKE_SOURCE_DIR}/core/process/command_line.cc APPEND PROPERTY
                 COMPILE_DEFINITIONS "SLUICE_${name}=\"${SLUICE_${name}}\"")
  endif()
endforeach()
set_property(SOURCE ${CMAKE_SOURCE_DIR}/core/process/command_line.cc APPEND PROPERTY
             COMPILE_DEFINITIONS "SLUICE_VERSION=\"${PROJECT_VERSION}\"")
