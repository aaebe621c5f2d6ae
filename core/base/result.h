// SPDX-License-Identifier: Apache-2.0
// Result<T, E>: a value or the reason why there is none. Errors are data; nothing on the data path
// throws. Dereferencing an errored Result is a programming error (caught by _GLIBCXX_ASSERTIONS).
#pragma once

#include <tl/expected.hpp>

namespace sluice {

template <class T, class E>
using Result = tl::expected<T, E>;

/// `return fail(Error{...});` from a function that returns Result<T, Error>.
template <class E>
tl::unexpected<std::decay_t<E>> fail(E&& error)
{
    return tl::unexpected<std::decay_t<E>>(std::forward<E>(error));
}

}  // namespace sluice
