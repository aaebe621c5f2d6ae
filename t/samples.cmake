# SPDX-License-Identifier: Apache-2.0
# Every configuration that we ship is parsed by the program: conf/*.conf and each module's sample.
#   included by t/CMakeLists.txt: adds the tests;   cmake -P: runs one of them
if(CMAKE_SCRIPT_MODE_FILE)
  # -DPROGRAM= -DSAMPLE= -DSCRATCH=: a prefix of its own, so that logs and relative paths have a home.
  file(REMOVE_RECURSE ${SCRATCH})
  file(MAKE_DIRECTORY ${SCRATCH}/logs)
  get_filename_component(name ${SAMPLE} NAME)
  get_filename_component(folder ${SAMPLE} DIRECTORY)
  # Files that it includes lie beside it.
  file(GLOB beside ${folder}/*.conf ${folder}/mime.types ${CMAKE_CURRENT_LIST_DIR}/../conf/*_params)
  file(COPY ${beside} DESTINATION ${SCRATCH}/conf)
  # Certificates of TLS servers: example.pem and example.key.
  file(READ ${SAMPLE} text)
  if(text MATCHES "ssl_certificate ")
    execute_process(COMMAND openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2
                            -subj /CN=example.com -keyout ${SCRATCH}/conf/example.key
                            -out ${SCRATCH}/conf/example.pem
                    RESULT_VARIABLE rc ERROR_VARIABLE said)
    if(NOT rc EQUAL 0)
      message(FATAL_ERROR "openssl: ${said}")
    endif()
  endif()
  execute_process(COMMAND ${PROGRAM} -t -p ${SCRATCH}/ -e stderr -c ${SCRATCH}/conf/${name}
                  RESULT_VARIABLE rc OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(NOT rc EQUAL 0 OR NOT said MATCHES "test is successful" OR said MATCHES "\\[(emerg|alert|error)\\]")
    message(FATAL_ERROR "${SAMPLE}: exit code ${rc}\n${said}")
  endif()
  file(REMOVE_RECURSE ${SCRATCH})
  return()
endif()

file(GLOB samples CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/conf/*.conf ${CMAKE_SOURCE_DIR}/modules/*/*.conf)
foreach(sample IN LISTS samples)
  file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR} ${sample})
  string(REGEX REPLACE "^modules/[^/]*/" "modules/" name ${name})
  string(REPLACE ".conf" "" name ${name})
  add_test(NAME sample.${name}
           COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:sluice> -DSAMPLE=${sample}
                   -DSCRATCH=${CMAKE_BINARY_DIR}/samples/${name} -P ${CMAKE_CURRENT_LIST_FILE})
  set_tests_properties(sample.${name} PROPERTIES LABELS sample TIMEOUT 20)
endforeach()
