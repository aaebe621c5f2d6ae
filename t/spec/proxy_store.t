# SPDX-License-Identifier: Apache-2.0
# proxy_store, proxy_store_access.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: on: where the root is, served from there the next time
--- config
    location /t/ { root html; error_page 404 = @app; log_not_found off; }
    location @app { root html; proxy_store on; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { add_header Last-Modified "Sun, 06 Nov 1994 08:49:37 GMT"; return 200 "app\n"; } }
--- request eval
["GET /t/a/b.txt", "GET /t/a/b.txt"]
--- response_headers eval
["Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT", "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\nAccept-Ranges: bytes"]
--- response_body eval
["app\n", "app\n"]
--- files_are
>>> html/t/a/b.txt
app



=== TEST 2: a path with variables
--- config
    location /t/ { proxy_store $TEST_NGINX_SERVER_ROOT/copies/$arg_name; proxy_store_access user:rw group:r all:r; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 200 "app\n"; } location /t/missing { return 404 "no\n"; } }
--- request eval
["GET /t/x?name=one", "GET /t/missing?name=two"]
--- error_code eval
[200, 404]
--- files_are
>>> copies/one
app



=== TEST 3: a wrong right
--- config
    location /t/ { proxy_store_access user:x; proxy_store on; proxy_pass http://127.0.0.1:1; }
--- must_die
--- stderr_like: invalid value "user:x"



=== TEST 4: an answer that is cut is not stored
--- config
    location /t/ { proxy_store $TEST_NGINX_SERVER_ROOT/html/copy; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
    location /look { alias $TEST_NGINX_SERVER_ROOT/html/copy; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\napp"
close
--- raw_request eval
"GET /t/ HTTP/1.1\r\nHost: a\r\n\r\n"
--- cut_short
--- ignore_response
--- error_log: upstream prematurely closed connection while reading upstream
--- no_error_log
[crit]



=== TEST 5: a large answer in chunks, and one that ends with its connection
--- config
    location /t/ { proxy_store $TEST_NGINX_SERVER_ROOT/copies/$arg_name; proxy_http_version 1.1; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n1389\r\n" . ("abcde" x 1000) . "\n\r\n0\r\n\r\n"
close
accept
head
send "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" . ("12345" x 1000) . "\n"
close
--- request eval
["GET /t/x?name=chunked", "GET /t/x?name=closed"]
--- response_body eval
[("abcde" x 1000) . "\n", ("12345" x 1000) . "\n"]
--- files_are eval
">>> copies/chunked\n" . ("abcde" x 1000) . "\n>>> copies/closed\n" . ("12345" x 1000) . "\n"



=== TEST 6: off inside on; other methods are not stored
--- config
    proxy_store $TEST_NGINX_SERVER_ROOT/copies$uri;
    location /a { proxy_store off; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location /b { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location /look/ { alias $TEST_NGINX_SERVER_ROOT/copies/; log_not_found off; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 200 "app\n"; } }
--- request eval
["GET /a", "HEAD /b", "GET /look/a", "GET /look/b"]
--- error_code eval
[200, 200, 404, 404]
