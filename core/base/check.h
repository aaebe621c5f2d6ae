// SPDX-License-Identifier: Apache-2.0
// Three levels of assertion.
//   SLUICE_CHECK(x)  always on: a broken invariant that would corrupt data. Aborts; the master
//   replaces
//                    the worker.
//   SLUICE_DCHECK(x) on in debug and sanitizer builds: a caller's mistake that tests must meet.
//   Everything that outside bytes can cause is an error value, never a check.
#pragma once

namespace sluice {

[[noreturn, gnu::cold]] void check_failed(const char* what, const char* file, int line);

}  // namespace sluice

#define SLUICE_CHECK(x) ((x) ? (void)0 : ::sluice::check_failed(#x, __FILE__, __LINE__))
#ifdef NDEBUG
#define SLUICE_DCHECK(x) ((void)sizeof(!(x)))
#else
#define SLUICE_DCHECK(x) SLUICE_CHECK(x)
#endif
