# SPDX-License-Identifier: Apache-2.0
# allow, deny, satisfy. Clients come from 127.0.0.1.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: the first rule that fits counts
--- config
    location /a { allow 127.0.0.1; deny all; alias $TEST_NGINX_HTML_DIR/a.txt; }
    location /b { deny 127.0.0.1; allow all; alias $TEST_NGINX_HTML_DIR/a.txt; }
    location /c { deny 10.0.0.0/8; allow 127.0.0.0/8; deny all; alias $TEST_NGINX_HTML_DIR/a.txt; }
    location /d { allow 127.0.0.2; deny 127.0.0.0/30; alias $TEST_NGINX_HTML_DIR/a.txt; }
    location /e { deny 127.0.0.2; deny 126.0.0.0/8; deny ::1; deny unix:; alias $TEST_NGINX_HTML_DIR/a.txt; }
    location /f { allow ::/0; allow unix:; deny all; alias $TEST_NGINX_HTML_DIR/a.txt; }
    location /g { deny 0.0.0.0/0; alias $TEST_NGINX_HTML_DIR/a.txt; }
--- user_files
>>> a.txt
in
--- request eval
["GET /a", "GET /b", "GET /c", "GET /d", "GET /e", "GET /f", "GET /g"]
--- error_code eval
[200, 403, 200, 403, 200, 403, 403]
--- response_body_like eval
["^in\n", "403 Forbidden", "^in\n", "403 Forbidden", "^in\n", "403 Forbidden", "403 Forbidden"]
--- error_log
access forbidden by rule



=== TEST 2: rules are inherited, unless there are own ones
--- http_config
    deny all;
--- config
    location /a { alias $TEST_NGINX_HTML_DIR/a.txt; }
    location /b { allow 127.0.0.1; alias $TEST_NGINX_HTML_DIR/a.txt; location /b/c { deny 127.0.0.1; } location /b/d { alias $TEST_NGINX_HTML_DIR/a.txt; } }
--- user_files
>>> a.txt
in
--- request eval
["GET /a", "GET /b", "GET /b/c", "GET /b/d"]
--- error_code eval
[403, 200, 403, 200]



=== TEST 3: the address decides before an internal redirect, and behind it again
--- config
    location /a { error_page 404 = /b; allow all; alias $TEST_NGINX_HTML_DIR/none; }
    location /b { deny all; alias $TEST_NGINX_HTML_DIR/a.txt; }
--- user_files
>>> a.txt
in
--- request
GET /a
--- error_code: 403



=== TEST 4: a page of its own for 403
--- config
    location /c { error_page 403 = @d; deny all; }
    location @d { return 200 "instead\n"; }
--- request
GET /c
--- response_body
instead



=== TEST 5: satisfy
--- config
    location /all1 { satisfy all; allow 127.0.0.1; auth_request /yes; alias $TEST_NGINX_HTML_DIR/a.txt; }
    location /all2 { satisfy all; allow 127.0.0.1; auth_request /no; alias $TEST_NGINX_HTML_DIR/a.txt; }
    location /all3 { satisfy all; deny all; auth_request /yes; alias $TEST_NGINX_HTML_DIR/a.txt; }
    location /any1 { satisfy any; allow 127.0.0.1; auth_request /no; alias $TEST_NGINX_HTML_DIR/a.txt; }
    location /any2 { satisfy any; deny all; auth_request /yes; alias $TEST_NGINX_HTML_DIR/a.txt; }
    location /any3 { satisfy any; deny all; auth_request /no; alias $TEST_NGINX_HTML_DIR/a.txt; }
    location = /yes { return 204; }
    location = /no { return 401; }
--- user_files
>>> a.txt
in
--- request eval
["GET /all1", "GET /all2", "GET /all3", "GET /any1", "GET /any2", "GET /any3"]
--- error_code eval
[200, 401, 403, 200, 200, 401]



=== TEST 6: a return in the rewrite phase comes first
--- config
    location /t { deny all; return 200 "before\n"; }
--- request
GET /t
--- response_body
before



=== TEST 7: clients of a unix socket
--- http_config
    server { listen unix:$TEST_NGINX_HTML_DIR/s; location /a { deny unix:; } location /b { allow unix:; deny all; alias $TEST_NGINX_HTML_DIR/a.txt; } location /c { allow 0.0.0.0/0; allow ::/0; deny all; } location /d { deny all; } }
--- config
    location / { proxy_pass http://unix:$TEST_NGINX_HTML_DIR/s; }
--- user_files
>>> a.txt
in
--- request eval
["GET /a", "GET /b", "GET /c", "GET /d"]
--- error_code eval
[403, 200, 403, 403]



=== TEST 8: IPv4 rules for IPv4 addresses within IPv6
--- http_config
    server { listen [::]:$TEST_NGINX_RAND_PORT_1 ipv6only=off; location / { allow 127.0.0.1; deny all; root $TEST_NGINX_HTML_DIR; } }
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- user_files
>>> a.txt
in
--- request
GET /a.txt
--- response_body
in



=== TEST 9: what is no address
--- config
    allow 300.0.0.1;
--- must_die
--- stderr_like: \[emerg\] .*invalid parameter "300\.0\.0\.1" in \S+nginx\.conf:\d+\n



=== TEST 10: too long a prefix
--- config
    deny 10.0.0.0/33;
--- must_die
--- stderr_like: \[emerg\] .*invalid parameter "10\.0\.0\.0/33" in \S+nginx\.conf:\d+\n



=== TEST 11: bits behind the prefix are a warning
--- config
    location /t { deny 127.1.2.3/8; alias $TEST_NGINX_HTML_DIR/a.txt; }
--- request
GET /t
--- error_code: 403
--- error_log eval: qr/\[warn\] .*low address bits of 127\.1\.2\.3\/8 are meaningless in \S+nginx\.conf:\d+/
