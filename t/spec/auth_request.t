# SPDX-License-Identifier: Apache-2.0
# auth_request, auth_request_set.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: by the status of the other location
--- config
    location /ok { auth_request /a200; alias $TEST_NGINX_HTML_DIR/a.txt; }
    location /ok2 { auth_request /a204; alias $TEST_NGINX_HTML_DIR/a.txt; }
    location /no { auth_request /a401; alias $TEST_NGINX_HTML_DIR/a.txt; }
    location /never { auth_request /a403; alias $TEST_NGINX_HTML_DIR/a.txt; }
    location /odd { auth_request /a404; alias $TEST_NGINX_HTML_DIR/a.txt; }
    location /moved { auth_request /a302; alias $TEST_NGINX_HTML_DIR/a.txt; }
    location /gone { auth_request /a444; alias $TEST_NGINX_HTML_DIR/a.txt; }
    location /a200 { return 200 hidden; }
    location /a204 { return 204; }
    location /a401 { add_header X-A 1 always; return 401; }
    location /a403 { return 403; }
    location /a404 { return 404; }
    location /a302 { return 302 /x; }
    location /a444 { return 500; }
--- user_files
>>> a.txt
inside
--- request eval
["GET /ok", "GET /ok2", "GET /no", "GET /never", "GET /odd", "GET /moved", "GET /gone"]
--- error_code eval
[200, 200, 401, 403, 500, 500, 500]
--- response_headers eval
["!X-A", "!X-A", "!X-A", "!X-A", "!X-A", "!Location", "!X-A"]
--- response_body_like eval
["^inside\n", "^inside\n", "401 Authorization", "403 Forbidden", "500 Internal", "500 Internal", "500 Internal"]
--- error_log
auth request unexpected status: 404
auth request unexpected status: 302



=== TEST 2: the head goes along, the body does not; variables come back
--- config
    location /t { auth_request /auth; auth_request_set $seen $upstream_http_x_seen; auth_request_set $code $upstream_status; add_header X-Seen $seen; add_header X-Code $code; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/app; }
    location = /auth { internal; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/auth?x=$args; proxy_pass_request_body off; proxy_set_header Content-Length ""; proxy_set_header X-Original $request_uri; proxy_set_header X-Method $request_method; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1;
        location /auth { add_header X-Seen "$request_method $request_uri [$http_content_length] $http_cookie $http_x_original $http_x_method"; return 204; }
        location /app { return 200 "$request_method $http_content_length\n"; }
    }
--- request
POST /t?a=b
hello
--- more_headers
Cookie: c=d
--- response_headers
X-Seen: GET /auth?x= [] c=d /t?a=b POST
X-Code: 204
--- response_body
POST 5



=== TEST 3: an internal location, and the URI of the other location without one in proxy_pass
--- config
    location /t { auth_request /auth; auth_request_set $seen $upstream_http_x_seen; add_header X-Seen $seen always; alias $TEST_NGINX_HTML_DIR/a.txt; }
    location = /auth { internal; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { add_header X-Seen "$request_uri"; return 200 ok; } }
--- user_files
>>> a.txt
inside
--- request eval
["GET /t?a=b", "GET /auth"]
--- error_code eval
[200, 404]
--- response_headers eval
["X-Seen: /auth", "!X-Seen"]



=== TEST 4: the challenge of a 401
--- config
    location /t { auth_request /auth; alias $TEST_NGINX_HTML_DIR/a.txt; }
    location /u { auth_request /auth; error_page 401 = /login; alias $TEST_NGINX_HTML_DIR/a.txt; }
    location /login { return 200 "login\n"; }
    location = /auth { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { add_header WWW-Authenticate 'Bearer x' always; return 401 no; } }
--- request eval
["GET /t", "GET /u"]
--- error_code eval
[401, 200]
--- response_headers
WWW-Authenticate: Bearer x
--- response_body_like eval
["401 Authorization", "^login\n"]



=== TEST 5: the proxy behind it, keep-alive, and the log of one request
--- config
    location /t { auth_request /auth; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location = /auth { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/auth; }
    access_log logs/access.log short;
--- http_config
    log_format short "$request_uri $uri $status $upstream_addr $body_bytes_sent";
    server { listen $TEST_NGINX_RAND_PORT_1; access_log off; location / { return 200 "app\n"; } location /auth { return 200 "a long body of the other location\n"; } }
--- pipelined_requests eval
["GET /t", "GET /t"]
--- response_body eval
["app\n", "app\n"]
--- access_log_like: ^(/t /t 200 127.0.0.1:\d+ 4\n){2}$



=== TEST 6: log_subrequest on
--- config
    location /t { auth_request /auth; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location = /auth { log_subrequest on; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/auth; }
    access_log logs/access.log short;
--- http_config
    log_format short "$request_uri $uri $status";
    server { listen $TEST_NGINX_RAND_PORT_1; access_log off; location / { return 200 "app\n"; } }
--- request
GET /t
--- access_log_is
/t /auth 200
/t /t 200



=== TEST 7: off, and inherited
--- http_config
    auth_request /auth;
    server { listen $TEST_NGINX_RAND_PORT_1; auth_request off; location / { return 200 "app\n"; } location /auth { return 403; } }
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location /open { auth_request off; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location = /auth { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- request eval
["GET /t", "GET /open"]
--- error_code eval
[403, 200]



=== TEST 8: pages of errors in the other location count
--- config
    location /t { auth_request /auth; alias $TEST_NGINX_HTML_DIR/a.txt; }
    location = /auth { error_page 401 =200 /fine; return 401; }
    location /fine { return 200 fine; }
--- user_files
>>> a.txt
inside
--- request
GET /t
--- response_body
inside



=== TEST 9: an upstream that is down
--- config
    location /t { auth_request /auth; alias $TEST_NGINX_HTML_DIR/a.txt; }
    location = /auth { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
--- request
GET /t
--- error_code: 500
--- error_log
, subrequest: "/auth"
auth request unexpected status: 502



=== TEST 10: a stored body is still there behind it
--- config
    location /t { auth_request /auth; client_body_buffer_size 1k; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location = /auth { proxy_pass_request_body off; proxy_set_header Content-Length ""; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/auth; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 200 "$http_content_length\n"; } }
--- request eval
"POST /t\r\n" . ("0123456789" x 1000)
--- response_body
10000



=== TEST 11: a wrong variable
--- config
    location /t { auth_request_set seen 1; }
--- must_die
--- stderr_like: invalid variable name "seen"



=== TEST 12: auth_request_set of a status that refuses
--- config
    location /t { auth_request /auth; auth_request_set $why $upstream_http_x_why; error_page 403 /why; alias $TEST_NGINX_HTML_DIR/a.txt; }
    location = /why { return 200 "because $why\n"; }
    location = /auth { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/auth; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { add_header X-Why late always; return 403; } }
--- request
GET /t
--- error_code: 403
--- response_body
because late



=== TEST 13: the client leaves while it is asked
--- http_config
    log_format s '$status $uri';
--- config
    access_log logs/access.log s;
    location /t { auth_request /auth; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
    location = /auth { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
sleep 3
--- request
GET /t
--- timeout: 0.2
--- abort
--- access_log_is
499 /t



=== TEST 14: the client leaves in the middle of the other location's answer
--- http_config
    log_format s '$status $uri';
--- config
    access_log logs/access.log s;
    location /t { auth_request /auth; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
    location = /auth { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"
sleep 3
--- request
GET /t
--- timeout: 0.2
--- abort
--- access_log_is
499 /t
