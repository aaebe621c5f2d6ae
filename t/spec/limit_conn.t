# SPDX-License-Identifier: Apache-2.0
# limit_conn: requests at a time per key. A request is held by forwarding it to this server itself.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: the second at a time is refused
--- http_config
    limit_conn_zone $arg_k zone=one:1m;
--- config
    limit_conn one 1;
    location /outer { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/index.html; }
--- request eval
["GET /outer?k=a", "GET /index.html?k=a"]
--- error_code eval
[503, 200]
--- error_log eval
qr/\[error\] \d+#\d+: \*\d+ limiting connections by zone "one", client: 127\.0\.0\.1, server: \S+, request: "GET \/index\.html\?k=a HTTP\/1\.[01]", host: /



=== TEST 2: two are allowed
--- http_config
    limit_conn_zone $arg_k zone=one:1m;
--- config
    limit_conn one 2;
    location /outer { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/index.html; }
    location /three { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/outer; }
--- request eval
["GET /outer?k=a", "GET /three?k=a", "GET /outer?k=b"]
--- error_code eval
[200, 503, 200]



=== TEST 3: an empty key is not counted
--- http_config
    limit_conn_zone $arg_k zone=one:1m;
--- config
    limit_conn one 1;
    location /outer { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/index.html; }
--- request eval
["GET /outer", "GET /outer?k="]
--- error_code eval
[200, 200]



=== TEST 4: other keys do not matter
--- http_config
    limit_conn_zone $uri zone=one:1m;
--- config
    limit_conn one 1;
    location /outer { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/index.html; }
--- request
GET /outer
--- error_code: 200



=== TEST 5: status, level and variable
--- http_config
    limit_conn_zone $server_name zone=one:1m;
    log_format l "$uri $limit_conn_status";
--- config
    access_log logs/access.log l;
    limit_conn one 1;
    limit_conn_status 429;
    limit_conn_log_level notice;
    location /outer { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/index.html; }
--- request
GET /outer
--- error_code: 429
--- access_log_is
/index.html REJECTED
/outer PASSED
--- error_log eval
qr/\[notice\] \d+#\d+: \*\d+ limiting connections by zone "one"/



=== TEST 6: a dry run refuses nobody
--- http_config
    limit_conn_zone $server_name zone=one:1m;
    log_format l "$uri $limit_conn_status";
--- config
    access_log logs/access.log l;
    limit_conn one 1;
    limit_conn_dry_run on;
    location /outer { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/index.html; }
--- request
GET /outer
--- error_code: 200
--- access_log_is
/index.html REJECTED_DRY_RUN
/outer PASSED
--- error_log
limiting connections, dry run, by zone "one"



=== TEST 7: several limits, who is refused by one is not counted by another
--- http_config
    limit_conn_zone $server_name zone=all:1m;
    limit_conn_zone $arg_k zone=one:1m;
--- config
    limit_conn all 2;
    limit_conn one 1;
    error_page 503 = /again/;
    location /outer { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/index.html; }
    location /again/ { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/free; }
    location = /free { limit_conn all 2; alias html/index.html; }
--- request
GET /outer?k=a
--- error_code: 200
--- error_log
limiting connections by zone "one"
--- no_error_log
by zone "all"



=== TEST 8: inherited as a whole, replaced as a whole
--- http_config
    limit_conn_zone $server_name zone=one:1m;
    limit_conn_zone $server_name zone=two:1m;
    limit_conn one 1;
--- config
    location /outer { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/index.html; }
    location /other { limit_conn two 1; proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/index.html; }
--- request eval
["GET /outer", "GET /other"]
--- error_code eval
[503, 200]



=== TEST 9: an internal redirect is not a second request
--- http_config
    limit_conn_zone $server_name zone=one:1m;
    limit_conn one 1;
--- config
    location /a { error_page 404 = /index.html; alias html/none/; }
--- request
GET /a/x
--- error_code: 200



=== TEST 10: the page of the refusal is not refused
--- http_config
    limit_conn_zone $server_name zone=one:1m;
    limit_conn one 1;
--- config
    error_page 503 /busy.html;
    location /outer { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/index.html; }
--- user_files
>>> busy.html
busy
--- request
GET /outer
--- error_code: 503
--- response_body
busy



=== TEST 11: a client that leaves gives its place back
--- http_config
    limit_conn_zone $server_name zone=one:1m;
--- config
    location / { limit_conn one 1; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
    location /after { limit_conn one 1; alias html/; }
--- origin
accept
head
hold
--- request eval
["GET /", "GET /after/index.html"]
--- timeout: 0.3
--- abort
--- ignore_response
--- access_log eval
[qr/"GET \/ HTTP\/1\.1" 499/, qr/"GET \/after\/index\.html HTTP\/1\.1" 200/]



=== TEST 12: a long key is told and not counted
--- http_config
    limit_conn_zone $arg_k zone=one:1m;
--- config
    limit_conn one 1;
    location /outer { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/index.html; }
--- request eval
["GET /outer?k=" . ("a" x 255), "GET /outer?k=" . ("a" x 256)]
--- error_code eval
[503, 200]
--- error_log eval
qr/\[error\] .*the value of the "\$arg_k" key is more than 255 bytes: "a{256}"/



=== TEST 13: how many
--- http_config
    limit_conn_zone $arg_k zone=one:1m;
--- config
    limit_conn one 0;
--- must_die
--- error_log eval
qr/\[emerg\] .*invalid number of connections "0" in \S+nginx\.conf:\d+/



=== TEST 14: how many at most
--- http_config
    limit_conn_zone $arg_k zone=one:1m;
--- config
    limit_conn one 65536;
--- must_die
--- error_log eval
qr/\[emerg\] .*connection limit must be less 65536 in \S+nginx\.conf:\d+/



=== TEST 15: the same limit twice
--- http_config
    limit_conn_zone $arg_k zone=one:1m;
--- config
    limit_conn one 1;
    limit_conn one 2;
--- must_die
--- error_log eval
qr/\[emerg\] .*"limit_conn" directive is duplicate in \S+nginx\.conf:\d+/



=== TEST 16: a zone that nobody declared
--- config
    limit_conn none 1;
--- must_die
--- error_log eval
qr/\[emerg\] .*zero size shared memory zone "none"/



=== TEST 17: a zone twice
--- http_config
    limit_conn_zone $arg_a zone=one:1m;
    limit_conn_zone $arg_b zone=one:1m;
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*limit_conn_zone "one" is already bound to key "\$arg_a" in \S+nginx\.conf:\d+/



=== TEST 18: not a zone
--- http_config
    limit_conn_zone $arg_a foo;
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*invalid parameter "foo" in \S+nginx\.conf:\d+/



=== TEST 19: a zone that is too small
--- http_config
    limit_conn_zone $arg_a zone=one:16k;
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*zone "zone=one:16k" is too small in \S+nginx\.conf:\d+/



=== TEST 20: a status that is no error
--- config
    limit_conn_status 600;
--- must_die
--- error_log eval
qr/\[emerg\] .*value must be between 400 and 599 in \S+nginx\.conf:\d+/
