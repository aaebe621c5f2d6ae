# SPDX-License-Identifier: Apache-2.0
# proxy_cookie_domain, proxy_cookie_path, proxy_cookie_flags.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: a domain, without case, and a dot in front means nothing
--- config
    location /t { proxy_cookie_domain localhost example.org; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { add_header Set-Cookie $arg_c; return 200 ok; } }
--- request eval
["GET /t?c=a=b;Domain=.LocalHost;path=/;Secure", "GET /t?c=a=b;domain=localhost", "GET /t?c=a=b;domain=other"]
--- raw_response_headers_like eval
["Set-Cookie: a=b; Domain=.example.org; path=/; Secure\r\n", "Set-Cookie: a=b; domain=example.org\r\n", "Set-Cookie: a=b;domain=other\r\n"]



=== TEST 2: a domain by pattern, with variables
--- config
    location /t {
        proxy_cookie_domain ~\.(\w+)\.local$ .$1.$host;
        proxy_cookie_domain $host other.$host;
        proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { add_header Set-Cookie $arg_c; return 200 ok; } }
--- request eval
["GET /t?c=a=b;Domain=x.APP.local;x=y", "GET /t?c=a=b;domain=localhost", "GET /t?c=domain=localhost"]
--- raw_response_headers_like eval
["Set-Cookie: a=b; Domain=.APP.localhost; x=y\r\n", "Set-Cookie: a=b; domain=other.localhost\r\n", "Set-Cookie: domain=localhost\r\n"]



=== TEST 3: a path by prefix and by pattern
--- config
    location /t {
        proxy_cookie_path /two/ /;
        proxy_cookie_path ~*^/user/([^/]+) /u/$1;
        proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { add_header Set-Cookie $arg_c; return 200 ok; } }
--- request eval
["GET /t?c=a=b;path=/two/x", "GET /t?c=a=b;Path=/USER/me/x;HttpOnly", "GET /t?c=a=b;path=/TWO/"]
--- raw_response_headers_like eval
["Set-Cookie: a=b; path=/x\r\n", "Set-Cookie: a=b; Path=/u/me; HttpOnly\r\n", "Set-Cookie: a=b;path=/TWO/\r\n"]



=== TEST 4: off ends what was inherited
--- http_config
    proxy_cookie_path / /p/;
    proxy_cookie_domain localhost x;
    proxy_cookie_flags ~ secure;
    server { listen $TEST_NGINX_RAND_PORT_1; location / { add_header Set-Cookie "a=b;path=/;domain=localhost"; return 200 ok; } }
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location /u { proxy_cookie_path off; proxy_cookie_domain off; proxy_cookie_flags off; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- request eval
["GET /t", "GET /u"]
--- raw_response_headers_like eval
["Set-Cookie: a=b; path=/p/; domain=x; Secure\r\n", "Set-Cookie: a=b;path=/;domain=localhost\r\n"]



=== TEST 5: flags are set and cleared; the first that names the cookie counts
--- config
    location /t {
        proxy_cookie_flags one httponly secure samesite=strict;
        proxy_cookie_flags ~^t nosecure nohttponly nosamesite;
        proxy_cookie_flags $arg_n samesite=none;
        proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { add_header Set-Cookie $arg_c; return 200 ok; } }
--- request eval
["GET /t?c=one=1;path=/;samesite=Lax;path=/x", "GET /t?c=two=2;Secure;HttpOnly;SameSite=Lax;a=b", "GET /t?c=Four=2;n=2&n=Four", "GET /t?c=five=;n"]
--- raw_response_headers_like eval
["Set-Cookie: one=1; path=/; SameSite=Strict; path=/x; Secure; HttpOnly\r\n", "Set-Cookie: two=2; a=b\r\n", "Set-Cookie: Four=2; n=2; SameSite=None\r\n", "Set-Cookie: five=;n\r\n"]



=== TEST 6: flags from variables; what is none does nothing
--- config
    location /t { proxy_cookie_flags a $arg_f samesite=$arg_s secured; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { add_header Set-Cookie "a=1"; return 200 ok; } }
--- request
GET /t?f=SECURE&s=lax
--- raw_response_headers_like: Set-Cookie: a=1; Secure; SameSite=Lax\r\n



=== TEST 7: all of several cookies
--- config
    location /t { proxy_cookie_path / /p/; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { add_header Set-Cookie "a=1;path=/"; add_header Set-Cookie "b=2; path=/b"; return 200 ok; } }
--- request
GET /t
--- raw_response_headers_like: Set-Cookie: a=1; path=/p/\r\nSet-Cookie: b=2; path=/p/b\r\n
