// SPDX-License-Identifier: Apache-2.0
// What this program is called. SLUICE_NGINX_VERSION is the nginx whose behaviour is the target:
// tools that drive nginx read it from -v.
#pragma once

#define SLUICE_VERSION "0.1.0"
#define SLUICE_NGINX_VERSION "1.31.4"
