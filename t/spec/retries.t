# SPDX-License-Identifier: Apache-2.0
# What happens when servers fail: who is asked next, how often, what the client gets, and what it is called.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: all fail: the client gets the last answer that there was
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; server 127.0.0.1:$TEST_NGINX_RAND_PORT_3; }
    server { listen $TEST_NGINX_RAND_PORT_1; add_header X-One yes always; return 503 "one is busy\n"; }
--- config
    location /t { proxy_next_upstream error http_503; proxy_pass http://u; add_header X-S $upstream_status always; add_header X-E $proxy_error always; }
--- request
GET /t
--- error_code: 503
--- response_body
one is busy
--- response_headers
X-One: yes
X-S: 503, 502, 502
X-E: bad_status, connect_refused, connect_refused
--- not_nginx: 502 of its own



=== TEST 2: the same with a body that comes slowly, and its connection is used again
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_ORIGIN_PORT max_fails=0; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2 backup; }
--- config
    location /t { proxy_next_upstream error http_500; proxy_pass http://u; }
--- origin
accept
head
send "HTTP/1.1 500 Oh\r\nContent-Length: 10\r\n\r\n12345"
sleep 0.2
send "67890"
head
send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
--- request eval
["GET /t", "GET /t"]
--- error_code eval
["500", "200"]
--- response_body eval
["1234567890", "ok"]
--- origin_connections: 1
--- not_nginx: 502 of its own



=== TEST 3: with several answers the last one counts
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; server 127.0.0.1:$TEST_NGINX_RAND_PORT_3; }
    server { listen $TEST_NGINX_RAND_PORT_1; return 500 "one\n"; }
    server { listen $TEST_NGINX_RAND_PORT_2; return 502 "two\n"; }
--- config
    location /t { proxy_next_upstream error http_500 http_502; proxy_pass http://u; }
--- request
GET /t
--- error_code: 502
--- response_body
two
--- not_nginx: 502 of its own



=== TEST 4: 403, 404 and 429 ask the next one too
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 404; } location /3 { return 403; } location /9 { return 429; } }
    server { listen $TEST_NGINX_RAND_PORT_2; return 200 "two\n"; }
--- config
    location / { proxy_next_upstream http_403 http_404 http_429; proxy_pass http://u; add_header X-S $upstream_status; }
--- request eval
["GET /3", "GET /3", "GET /4", "GET /4", "GET /9", "GET /9", "GET /9"]
--- response_headers eval
["X-S: 403, 200", "X-S: 200", "X-S: 404, 200", "X-S: 200", "X-S: 429, 200", "X-S: 200", "X-S: 200"]



=== TEST 5: invalid_header asks the next one
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_ORIGIN_PORT; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    server { listen $TEST_NGINX_RAND_PORT_2; return 200 "two\n"; }
--- config
    location /t { proxy_next_upstream invalid_header; proxy_pass http://u; add_header X-E $proxy_error; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"
close
--- request
GET /t
--- response_body
two
--- response_headers
X-E: header_invalid, -
--- not_nginx: $proxy_error is ours



=== TEST 6: $proxy_error: nothing when all is well
--- http_config
    log_format e "[$proxy_error]";
    server { listen $TEST_NGINX_RAND_PORT_2; access_log off; location / { return 200 "two\n"; } }
--- config
    access_log logs/access.log e;
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
--- request
GET /t
--- access_log_like: ^\[-\]
--- not_nginx: $proxy_error is ours



=== TEST 7: $proxy_error and the error log: refused
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_2; add_header X-E $proxy_error always; }
--- request
GET /t
--- error_code: 502
--- response_headers
X-E: connect_refused
--- error_log: host: "localhost", proxy_error: connect_refused
--- not_nginx: $proxy_error is ours



=== TEST 8: $proxy_error: closed, reset, too big, too slow
--- config
    proxy_read_timeout 200ms;
    proxy_buffer_size 1k;
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; add_header X-E $proxy_error always; }
--- origin
accept
head
close
accept
head
reset
accept
head
send "HTTP/1.1 200 OK\r\nA: " . "x" x 2000 . "\r\n\r\n"
close
accept
head
sleep 2
--- request eval
["GET /t", "GET /t", "GET /t", "GET /t"]
--- error_code eval
["502", "502", "502", "504"]
--- response_headers eval
["X-E: closed_early", "X-E: reset", "X-E: header_too_big", "X-E: read_timeout"]
--- not_nginx: $proxy_error is ours



=== TEST 9: $proxy_error of a body that is cut
--- http_config
    log_format e "$upstream_status $proxy_error";
--- config
    access_log logs/access.log e;
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n12345"
close
--- request
GET /t
--- cut_short
--- access_log_is
200 body_truncated
--- error_log: proxy_error: body_truncated
--- not_nginx: $proxy_error is ours



=== TEST 10: $proxy_error of a body that makes no sense
--- http_config
    log_format e "$upstream_status $proxy_error";
--- config
    access_log logs/access.log e;
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n"
sleep 0.2
send "zz\r\n"
sleep 0.1
close
--- request
GET /t
--- cut_short
--- access_log_is
200 body_invalid
--- error_log: invalid chunk size while reading upstream
--- not_nginx: $proxy_error is ours



=== TEST 11: $proxy_error of a kept connection that had been closed, and nothing counts against the server
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_ORIGIN_PORT; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2 backup; }
--- config
    location /t { proxy_pass http://u; add_header X-E $proxy_error always; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1"
head
close
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2"
--- request eval
["GET /t", "GET /t"]
--- response_body eval
["1", "2"]
--- response_headers eval
["!X-E", "X-E: closed_reused, -"]
--- not_nginx: $proxy_error is ours



=== TEST 12: retry_budget: what is spent is spent
--- http_config
    upstream u { retry_budget 50% burst=1; server 127.0.0.1:$TEST_NGINX_RAND_PORT_1 max_fails=0; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2 max_fails=0 backup; }
    server { listen $TEST_NGINX_RAND_PORT_2; return 200 "two"; }
--- config
    location /t { proxy_pass http://u; add_header X-S $upstream_status always; }
--- request eval
["GET /t", "GET /t", "GET /t", "GET /t", "GET /t"]
--- error_code eval
["200", "502", "200", "502", "200"]
--- response_headers eval
["X-S: 502, 200", "X-S: 502", "X-S: 502, 200", "X-S: 502", "X-S: 502, 200"]
--- not_nginx: our directive



=== TEST 13: retry_budget of nothing but its burst; an answer is passed on when it is spent
--- http_config
    upstream u { retry_budget 0% burst=1; server 127.0.0.1:$TEST_NGINX_RAND_PORT_1 max_fails=0; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2 max_fails=0 backup; }
    server { listen $TEST_NGINX_RAND_PORT_1; return 500 "one"; }
    server { listen $TEST_NGINX_RAND_PORT_2; return 200 "two"; }
--- config
    location /t { proxy_next_upstream http_500; proxy_pass http://u; }
--- request eval
["GET /t", "GET /t"]
--- error_code eval
["200", "500"]
--- response_body eval
["two", "one"]
--- not_nginx: our directive



=== TEST 14: retry_budget wants a part
--- http_config
    upstream u { retry_budget 20; server 127.0.0.1:1; }
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*invalid value "20" in/
--- not_nginx: our directive



=== TEST 15: proxy_hold: who is away for a moment is waited for
--- config
    location /t { proxy_hold 5s; proxy_pass http://unix:$TEST_NGINX_SERVER_ROOT/app.sock; }
    location /late { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- request
GET /t
--- abort
--- timeout: 0.5
--- ignore_response
--- error_log: no upstream server can be reached, the request is held
--- not_nginx: our directive



=== TEST 16: proxy_hold: not for ever
--- config
    location /t { proxy_hold 400ms; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; add_header X-T "$request_time $proxy_error" always; }
--- request
GET /t
--- error_code: 502
--- response_headers_like
X-T: 0\.[4-6]\d\d connect_refused
--- not_nginx: our directive



=== TEST 17: proxy_hold: what was acted on is not repeated
--- config
    location /t { proxy_hold 5s; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
read 3
close
--- request
POST /t
abc
--- error_code: 502
--- origin_connections: 1
--- not_nginx: our directive



=== TEST 18: proxy_hold: a GET that was reset is
--- config
    location /t { proxy_hold 5s; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
reset
accept
head
close
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n3"
--- request
GET /t
--- response_body: 3
--- not_nginx: our directive



=== TEST 19: queue: who finds no room waits for it
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1 max_conns=1; queue 1 timeout=300ms; }
    # Asks the group again, where its own request takes the only place.
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 200 "1"; } location /busy { proxy_pass http://u/in; proxy_intercept_errors off; } }
--- config
    location / { proxy_pass http://u; add_header X-E $proxy_error always; }
--- request eval
["GET /t", "GET /busy", "GET /t"]
--- error_code eval
["200", "502", "200"]
--- error_log: queued for too long while connecting to upstream
--- not_nginx: sold with NGINX Plus



=== TEST 20: queue wants a number
--- http_config
    upstream u { server 127.0.0.1:1; queue many; }
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*invalid value "many" in/
--- not_nginx: sold with NGINX Plus



=== TEST 21: zone: what nginx refuses
--- http_config
    upstream u { zone a 1k; server 127.0.0.1:1; }
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*zone "a" is too small in/



=== TEST 22: zone: of another use
--- http_config
    limit_req_zone $uri zone=a:64k rate=1r/s;
    upstream u { server 127.0.0.1:1; zone a 64k; }
--- config
--- must_die
--- error_log: the shared memory zone "a" is already declared for a different use



=== TEST 23: zone: of two groups
--- http_config
    upstream u { zone a 64k; server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    upstream v { zone a; server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "ok"; }
--- config
    location /u { proxy_pass http://u; }
    location /v { proxy_pass http://v; }
--- request eval
["GET /u", "GET /v"]
--- response_body eval
["ok", "ok"]
