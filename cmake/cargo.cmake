# Builds the two libraries into a directory of our own, one kind for each call of cargo: with several kinds in one
# call cargo passes no LTO. They are copied because the next call may replace what the last one left.

find_program(SARK_CARGO cargo REQUIRED)

set(sark_cargo_target "$ENV{CARGO_TARGET_DIR}")
if(NOT sark_cargo_target)
  set(sark_cargo_target "${PROJECT_SOURCE_DIR}/target")
endif()
get_filename_component(sark_cargo_target "${sark_cargo_target}" ABSOLUTE)

function(sark_build_with_cargo directory)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/*.rs")
  foreach(file Cargo.toml Cargo.lock build.rs rust-toolchain.toml)
    if(EXISTS "${PROJECT_SOURCE_DIR}/${file}")
      list(APPEND sources "${PROJECT_SOURCE_DIR}/${file}")
    endif()
  endforeach()

  set(cargo ${CMAKE_COMMAND} -E env "CARGO_TARGET_DIR=${sark_cargo_target}"
      ${SARK_CARGO} rustc --release --locked --lib)
  file(MAKE_DIRECTORY "${directory}")
  add_custom_command(
    OUTPUT "${directory}/libsark.so"
    COMMAND ${cargo} --crate-type cdylib -- --cfg sark_cdylib
    COMMAND ${CMAKE_COMMAND} -E copy "${sark_cargo_target}/release/libsark.so" "${directory}/libsark.so"
    DEPENDS ${sources}
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    COMMENT "cargo: libsark.so"
    VERBATIM USES_TERMINAL)
  # Depends on the other one, so that never two cargos wait for one another's lock.
  add_custom_command(
    OUTPUT "${directory}/libsark.a"
    COMMAND ${cargo} --crate-type staticlib
    COMMAND ${CMAKE_COMMAND} -E copy "${sark_cargo_target}/release/libsark.a" "${directory}/libsark.a"
    DEPENDS ${sources} "${directory}/libsark.so"
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    COMMENT "cargo: libsark.a"
    VERBATIM USES_TERMINAL)
  add_custom_target(sark_libraries ALL DEPENDS "${directory}/libsark.so" "${directory}/libsark.a")
endfunction()
