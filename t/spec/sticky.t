# SPDX-License-Identifier: Apache-2.0
# sticky: clients that go to the same server again.
use Test::Nginx::Socket 'no_plan';

our $Two = 'server { listen $TEST_NGINX_RAND_PORT_1; return 200 "1\n"; } server { listen $TEST_NGINX_RAND_PORT_2; return 200 "2\n"; }';

run_tests();

__DATA__

=== TEST 1: cookie: it is set, with the route as its value
--- http_config eval
"upstream u { server 127.0.0.1:\$TEST_NGINX_RAND_PORT_1 route=one; server 127.0.0.1:\$TEST_NGINX_RAND_PORT_2 route=two; sticky cookie srv; } $::Two"
--- config
    location /t { proxy_pass http://u; }
--- request eval
["GET /t", "GET /t"]
--- response_headers eval
["Set-Cookie: srv=one", "Set-Cookie: srv=two"]
--- not_nginx: since 1.29.6



=== TEST 2: cookie: who brings it goes to his server, and gets no other
--- http_config eval
"upstream u { server 127.0.0.1:\$TEST_NGINX_RAND_PORT_1 route=one; server 127.0.0.1:\$TEST_NGINX_RAND_PORT_2 route=two; sticky cookie srv; } $::Two"
--- config
    location /t { proxy_pass http://u; }
--- more_headers
Cookie: a=b; srv=two
--- request eval
["GET /t", "GET /t", "GET /t"]
--- response_body eval
["2\n", "2\n", "2\n"]
--- response_headers eval
["!Set-Cookie", "!Set-Cookie", "!Set-Cookie"]
--- not_nginx: since 1.29.6



=== TEST 3: cookie: of a server that is gone: another one, and its cookie
--- http_config eval
"upstream u { server 127.0.0.1:\$TEST_NGINX_RAND_PORT_3 route=gone; server 127.0.0.1:\$TEST_NGINX_RAND_PORT_2 route=two; sticky cookie srv; } $::Two"
--- config
    location /t { proxy_pass http://u; }
--- more_headers
Cookie: srv=gone
--- request eval
["GET /t", "GET /t"]
--- response_body eval
["2\n", "2\n"]
--- response_headers eval
["Set-Cookie: srv=two", "Set-Cookie: srv=two"]
--- not_nginx: since 1.29.6



=== TEST 4: cookie: a drained server serves those who are bound to it
--- http_config eval
"upstream u { server 127.0.0.1:\$TEST_NGINX_RAND_PORT_1 route=one drain; server 127.0.0.1:\$TEST_NGINX_RAND_PORT_2 route=two; sticky cookie srv; } $::Two"
--- config
    location /t { proxy_pass http://u; }
--- more_headers
Cookie: srv=one
--- request eval
["GET /t", "GET /t"]
--- response_body eval
["1\n", "1\n"]
--- not_nginx: since 1.29.6



=== TEST 5: cookie: all attributes
--- http_config eval
"upstream u { server 127.0.0.1:\$TEST_NGINX_RAND_PORT_1 route=one; sticky cookie srv expires=1h domain=.a.example httponly samesite=lax secure path=\$uri; } $::Two"
--- config
    location /t { proxy_pass http://u; }
--- request
GET /t
--- response_headers_like
Set-Cookie: srv=one; expires=\w\w\w, \d\d \w\w\w \d{4} \d\d:\d\d:\d\d GMT; max-age=3600; domain=\.a\.example; httponly; samesite=lax; secure; path=/t
--- not_nginx: since 1.29.6



=== TEST 6: cookie: for ever; without a route it is the MD5 of the address
--- http_config
    upstream u { server unix:$TEST_NGINX_SERVER_ROOT/a.sock; sticky cookie srv expires=max; }
    server { listen unix:$TEST_NGINX_SERVER_ROOT/a.sock; return 200 "sock\n"; }
--- config
    location /t { proxy_pass http://u; }
--- request
GET /t
--- response_headers_like
Set-Cookie: srv=[0-9a-f]{32}; expires=Thu, 31-Dec-37 23:55:55 GMT; max-age=315360000
--- not_nginx: since 1.29.6



=== TEST 7: route
--- http_config eval
"upstream u { server 127.0.0.1:\$TEST_NGINX_RAND_PORT_1 route=one; server 127.0.0.1:\$TEST_NGINX_RAND_PORT_2 route=two; sticky route \$arg_a \$arg_b; } $::Two"
--- config
    location /t { proxy_pass http://u; }
--- request eval
["GET /t?a=two", "GET /t?b=two", "GET /t?a=two&b=one", "GET /t?a=none", "GET /t?a=one"]
--- response_body eval
["2\n", "2\n", "2\n", "1\n", "1\n"]
--- not_nginx: since 1.29.6



=== TEST 8: learn: the server's own session
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2;
                 sticky learn create=$upstream_cookie_sid lookup=$cookie_sid zone=s:64k; }
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 200 "1\n"; } location /login { add_header Set-Cookie "sid=$arg_u; path=/"; return 200 "in 1\n"; } }
    server { listen $TEST_NGINX_RAND_PORT_2; location / { return 200 "2\n"; } location /login { add_header Set-Cookie "sid=$arg_u; path=/"; return 200 "in 2\n"; } }
--- config
    location / { proxy_pass http://u; }
--- request eval
["GET /login?u=x", "GET /login?u=y", "GET /t", "GET /t", "GET /t", "GET /t"]
--- more_headers eval
["", "", "Cookie: sid=y", "Cookie: sid=y", "Cookie: sid=x", "Cookie: sid=x"]
--- response_body eval
["in 1\n", "in 2\n", "2\n", "2\n", "1\n", "1\n"]
--- not_nginx: since 1.29.6



=== TEST 9: learn must know what
--- http_config
    upstream u { server 127.0.0.1:1; sticky learn create=$upstream_cookie_sid zone=s:64k; }
--- config
--- must_die
--- error_log: "sticky learn" must have "lookup" parameter
--- not_nginx: since 1.29.6



=== TEST 10: once
--- http_config
    upstream u { server 127.0.0.1:1; sticky cookie a; sticky cookie b; }
--- config
--- must_die
--- error_log: "sticky" directive is duplicate
--- not_nginx: since 1.29.6



=== TEST 11: unknown words
--- http_config
    upstream u { server 127.0.0.1:1; sticky cookie a colour=red; }
--- config
--- must_die
--- error_log: invalid parameter "colour=red"
--- not_nginx: since 1.29.6



=== TEST 12: another way
--- http_config
    upstream u { server 127.0.0.1:1; sticky glue a; }
--- config
--- must_die
--- error_log: invalid parameter "glue"
--- not_nginx: since 1.29.6



=== TEST 13: a path of variables stays in its line
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; sticky cookie a path=$uri; }
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "ok\n"; }
--- config
    location / { proxy_pass http://u; }
--- request
GET /t%0d%0aX-Y:%20z
--- raw_response_headers_like: Set-Cookie: a=[0-9a-f]{32}; path=/t  X-Y: z\r\n
--- raw_response_headers_unlike: \nX-Y
--- not_nginx: since 1.29.6
