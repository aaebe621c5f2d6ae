# SPDX-License-Identifier: Apache-2.0
# Reads auto/modules, the ordered list, and generates modules.gen.cc with the table of what is built in.
#   -DWITHOUT="map;headers"      leaves modules of the list out
#   -DADD="/path/to/folder"      adds third-party modules: folder NAME holds NAME.cc, namespace sluice::NAME
set(WITHOUT "" CACHE STRING "Modules of auto/modules to leave out")
set(ADD "" CACHE STRING "Folders of third-party modules to add")

set(module_names "")
set(module_sources "")
if(EXISTS ${CMAKE_SOURCE_DIR}/auto/modules)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/auto/modules)
  file(STRINGS ${CMAKE_SOURCE_DIR}/auto/modules module_lines)
  foreach(line IN LISTS module_lines)
    string(REGEX REPLACE "#.*" "" name "${line}")
    string(STRIP "${name}" name)
    if(name STREQUAL "" OR name IN_LIST WITHOUT)
      continue()
    endif()
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/modules/${name}/*.cc)
    if(NOT sources)
      message(FATAL_ERROR "auto/modules names '${name}' but modules/${name}/ holds no .cc file")
    endif()
    list(APPEND module_names ${name})
    list(APPEND module_sources ${sources})
  endforeach()
endif()
file(GLOB shared_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/modules/lib/*.cc)
list(APPEND module_sources ${shared_sources})
foreach(folder IN LISTS ADD)
  get_filename_component(name ${folder} NAME)
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cc)
  if(NOT sources)
    message(FATAL_ERROR "-DADD=${folder}: no .cc file there")
  endif()
  list(APPEND module_names ${name})
  list(APPEND module_sources ${sources})
endforeach()

set(declarations "")
set(rows "")
foreach(name IN LISTS module_names)
  if(name MATCHES "^(return|static|if|upstream|auto|default|switch|namespace)$")
    string(APPEND name "_")  # a word of C++, or of the engine: an underscore behind it
  endif()
  string(APPEND declarations "namespace sluice::${name} { extern const Module module; }\n")
  string(APPEND rows "    &sluice::${name}::module,\n")
endforeach()
set(generated ${CMAKE_BINARY_DIR}/generated/modules.gen.cc)
file(CONFIGURE OUTPUT ${generated} @ONLY CONTENT
"// Generated from auto/modules; do not edit.
#include \"core/http/module.h\"

@declarations@
namespace sluice {
namespace {
const Module* const table[] = {
@rows@};
}  // namespace
std::span<const Module* const> built_in_modules() { return table; }
}  // namespace sluice
")
list(APPEND module_sources ${generated})
