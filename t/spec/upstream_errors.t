# SPDX-License-Identifier: Apache-2.0
# An app that refuses, hangs, lies or talks nonsense.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: nobody listens
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- request
GET /t?q
--- error_code: 502
--- response_body_like: <center><h1>502 Bad Gateway</h1></center>
--- error_log eval
qr{\[error\] \d+#\d+: \*\d+ connect\(\) failed \(111: Connection refused\) while connecting to upstream, client: 127\.0\.0\.1, server: localhost, request: "GET /t\?q HTTP/1\.1", upstream: "http://127\.0\.0\.1:\d+/t\?q", host: "localhost"}



=== TEST 2: a unix socket that is not there
--- config
    location /t { proxy_pass http://unix:$TEST_NGINX_SERVER_ROOT/none.sock; }
--- request
GET /t
--- error_code: 502
--- error_log: failed (2: No such file or directory) while connecting to upstream



=== TEST 3: the app closes without a word
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
close
--- request
GET /t
--- error_code: 502
--- error_log: upstream prematurely closed connection while reading response header from upstream



=== TEST 4: the app resets the connection
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
reset
--- request
GET /t
--- error_code: 502
--- error_log: (104: Connection reset by peer) while reading response header from upstream



=== TEST 5: the app closes in the middle of the head
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Le"
close
--- request
GET /t
--- error_code: 502
--- error_log: upstream prematurely closed connection while reading response header



=== TEST 6: the app does not answer
--- config
    location /t { proxy_read_timeout 200ms; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
sleep 3
--- request
GET /t
--- error_code: 504
--- response_body_like: <center><h1>504 Gateway Time-out</h1></center>
--- error_log: upstream timed out (110: Connection timed out) while reading response header from upstream



=== TEST 7: the app stops in the middle of the body
--- config
    location /t { proxy_read_timeout 200ms; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc"
sleep 3
--- request
GET /t
--- cut_short
--- response_body_like: ^(abc)?$
--- error_log: upstream timed out (110: Connection timed out) while reading upstream



=== TEST 8: a body shorter than its length is cut, not completed
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc"
close
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\n\r\n"
--- cut_short
--- response_body: abc
--- error_log: upstream prematurely closed connection while reading upstream



=== TEST 9: chunks without an end are cut, not completed
--- config
    location /t { proxy_http_version 1.1; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
close
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\n\r\n"
--- cut_short
--- response_body: abc
--- error_log: upstream prematurely closed connection



=== TEST 10: broken chunks are cut
--- config
    location /t { proxy_buffering off; proxy_http_version 1.1; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
sleep 0.1
send "xyz\r\n"
sleep 0.1
close
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\n\r\n"
--- cut_short
--- response_body: abc
--- error_log: upstream sent invalid chunked response



=== TEST 11: an invalid header
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nA\x00B: 1\r\n\r\n"
close
--- request
GET /t
--- error_code: 502
--- error_log: upstream sent invalid header



=== TEST 12: a Content-Length that is no number
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nabc"
close
--- request
GET /t
--- error_code: 502
--- not_nginx: nginx before 1.23 ignores the value



=== TEST 13: two lengths that differ
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"
close
--- request
GET /t
--- error_code: 502
--- not_nginx: nginx before 1.23 takes the first



=== TEST 14: Content-Length and Transfer-Encoding together
--- config
    location /t { proxy_http_version 1.1; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
close
--- request
GET /t
--- error_code: 502
--- not_nginx: refused since 1.23



=== TEST 15: a head that is too big
--- config
    location /t { proxy_buffer_size 1k; proxy_buffers 4 1k; proxy_busy_buffers_size 1k; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nX: " . "a" x 2000 . "\r\nContent-Length: 2\r\n\r\nok"
close
--- request
GET /t
--- error_code: 502
--- error_log: upstream sent too big header while reading response header from upstream



=== TEST 16: a status line without a number
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 OK\r\nContent-Length: 2\r\n\r\nok"
close
--- request
GET /t
--- error_code: 502
--- not_nginx: nginx takes it for HTTP/0.9 and passes it on



=== TEST 17: an answer before the body was read
--- config
    location /t { proxy_request_buffering off; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"
sleep 0.2
--- raw_request eval
"POST /t HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc"
--- error_code: 403
--- response_body: no



=== TEST 18: refused: the next of the group is asked
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    server { listen $TEST_NGINX_RAND_PORT_2; return 200 "two\n"; }
--- config
    location /t { proxy_pass http://u; add_header X-S "$upstream_status | $upstream_addr"; }
--- request
GET /t
--- response_body
two
--- response_headers
X-S: 502, 200 | 127.0.0.1:$TEST_NGINX_RAND_PORT_1, 127.0.0.1:$TEST_NGINX_RAND_PORT_2



=== TEST 19: refused: a POST goes on too, the app has seen nothing of it
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    server { listen $TEST_NGINX_RAND_PORT_2; return 200 "two $content_length\n"; }
--- config
    location /t { proxy_pass http://u; }
--- request
POST /t
abc
--- response_body
two 3



=== TEST 20: closed after the request: a GET goes on to the next
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_ORIGIN_PORT; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    server { listen $TEST_NGINX_RAND_PORT_2; return 200 "two\n"; }
--- config
    location /t { proxy_pass http://u; }
--- origin
accept
head
close
--- request
GET /t
--- response_body
two



=== TEST 21: closed after the request: a POST is not repeated
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_ORIGIN_PORT; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    server { listen $TEST_NGINX_RAND_PORT_2; return 200 "two\n"; }
--- config
    location /t { proxy_pass http://u; }
--- origin
accept
head
close
--- request
POST /t
abc
--- error_code: 502



=== TEST 22: non_idempotent: a POST is repeated
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_ORIGIN_PORT; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    server { listen $TEST_NGINX_RAND_PORT_2; return 200 "two $content_length\n"; }
--- config
    location /t { proxy_next_upstream error timeout non_idempotent; proxy_pass http://u; }
--- origin
accept
head
read 3
close
--- request
POST /t
abc
--- response_body
two 3



=== TEST 23: a 500 is an answer
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    server { listen $TEST_NGINX_RAND_PORT_1; return 500 "one\n"; }
    server { listen $TEST_NGINX_RAND_PORT_2; return 200 "two\n"; }
--- config
    location /t { proxy_pass http://u; }
--- request
GET /t
--- error_code: 500
--- response_body
one



=== TEST 24: http_500, http_503 and http_404 ask the next
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1 max_fails=0; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2 max_fails=0 backup; }
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 500; } location /3 { return 503; } location /4 { return 404; } location /2 { return 502 "one\n"; } }
    server { listen $TEST_NGINX_RAND_PORT_2; return 200 "two\n"; }
--- config
    location / { proxy_next_upstream http_500 http_503 http_404; proxy_pass http://u; }
--- request eval
["GET /5", "GET /3", "GET /4", "GET /2"]
--- error_code eval
["200", "200", "200", "502"]



=== TEST 25: the last one's own answer is passed on
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    server { listen $TEST_NGINX_RAND_PORT_1; return 500 "one\n"; }
    server { listen $TEST_NGINX_RAND_PORT_2; return 500 "two\n"; }
--- config
    location /t { proxy_next_upstream http_500; proxy_pass http://u; }
--- request
GET /t
--- error_code: 500
--- response_body
two



=== TEST 26: proxy_next_upstream off
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    server { listen $TEST_NGINX_RAND_PORT_2; return 200 "two\n"; }
--- config
    location /t { proxy_next_upstream off; proxy_pass http://u; }
--- request
GET /t
--- error_code: 502



=== TEST 27: proxy_next_upstream_tries
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; server 127.0.0.1:$TEST_NGINX_RAND_PORT_3; }
    server { listen $TEST_NGINX_RAND_PORT_3; return 200 "three\n"; }
--- config
    location /t { proxy_next_upstream_tries 2; proxy_pass http://u; add_header X-S $upstream_status always; }
--- request
GET /t
--- error_code: 502
--- response_headers
X-S: 502, 502



=== TEST 28: a timeout asks the next
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_ORIGIN_PORT; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    server { listen $TEST_NGINX_RAND_PORT_2; return 200 "two\n"; }
--- config
    location /t { proxy_read_timeout 200ms; proxy_pass http://u; add_header X-S $upstream_status; }
--- origin
accept
head
sleep 3
--- request
GET /t
--- response_body
two
--- response_headers
X-S: 504, 200



=== TEST 29: all are down
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1 down; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2 down; }
--- config
    location /t { proxy_pass http://u; }
--- request
GET /t
--- error_code: 502
--- error_log: no live upstreams while connecting to upstream



=== TEST 30: a program's interim status is no answer
--- config
    early_hints 1;
    location /t { scgi_pass 127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
some
send "Status: 103 Early Hints\r\nLink: </a>\r\n\r\nhello"
--- request
GET /t
--- error_code: 502
--- error_log: upstream sent invalid status "103 Early Hints"
--- not_nginx: it passes it on as the answer



=== TEST 31: nor can it switch protocols
--- config
    location /t { scgi_pass 127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
some
send "Status: 101 Switching Protocols\r\nUpgrade: x\r\n\r\nhello"
--- request
GET /t
--- error_code: 502
--- error_log: upstream sent invalid status "101 Switching Protocols"
--- not_nginx: it passes it on



=== TEST 32: a program's status line holds no controls
--- config
    location /t { scgi_pass 127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
some
send "HTTP/1.1 200 OK\rX-Y: 1\r\nContent-Length: 2\r\n\r\nok"
--- request
GET /t
--- error_code: 502
--- error_log: upstream sent invalid status line
--- not_nginx: it says 200 OK
