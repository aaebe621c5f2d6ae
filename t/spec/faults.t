# SPDX-License-Identifier: Apache-2.0
# Where two streams meet: early answers, bodies in flight, pipelines, tunnels, clients that go.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: nonsense while the body still comes: 502, not silence
--- config
    location /t { proxy_request_buffering off; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "nonsense\r\n\r\n"
sleep 0.3
--- raw_request eval
"POST /t HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc"
--- error_code: 502
--- response_body_like: 502 Bad Gateway
--- not_nginx: nginx takes it for HTTP/0.9 and passes it on



=== TEST 2: closed while the body still comes: 502, not silence
--- config
    location /t { proxy_request_buffering off; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
read 3
close
--- raw_request eval
"POST /t HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc"
--- error_code: 502
--- response_body_like: 502 Bad Gateway
--- error_log: upstream prematurely closed connection while reading response header from upstream



=== TEST 3: an early answer whose error page is elsewhere
--- config
    location /t {
        proxy_request_buffering off;
        proxy_intercept_errors on;
        error_page 403 /sorry;
        proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT;
    }
    location = /sorry { return 200 "sorry\n"; }
--- origin
accept
head
read 3
send "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"
sleep 0.3
--- raw_request eval
"POST /t HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc"
--- error_code: 403
--- response_body
sorry



=== TEST 4: an early answer, the rest of the body, and the next request on the same connection
--- config
    location /t { proxy_request_buffering off; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
    location /next { return 200 "next\n"; }
--- origin
accept
head
read 3
send "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"
sleep 0.5
--- raw_request eval
["POST /t HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nabc", "defghGET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"]
--- raw_request_middle_delay: 0.3
--- response_raw_like: (?s)^HTTP/1.1 403 .*\r\n\r\nnoHTTP/1.1 200 .*\r\n\r\nnext\n$
--- not_nginx: it loses the request behind the discarded body



=== TEST 5: what follows a buffered body does not touch its head
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
    location /next { return 200 "next\n"; }
--- origin
accept
head
read 3
send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
sleep 0.5
--- raw_request eval
["POST /t HTTP/1.1\r\nHost: a\r\nX-One: one\r\nContent-Length: 3\r\n\r\n", "abcGET /next HTTP/1.1\r\nHost: bbbbbbbbbbbbbbbbbbbbbbbbb\r\nConnection: close\r\n\r\n"]
--- raw_request_middle_delay: 0.2
--- response_raw_like: (?s)^HTTP/1.1 200 .*\r\n\r\nokHTTP/1.1 200 .*\r\n\r\nnext\n$
--- origin_query_like: (?s)^POST /t HTTP/1.[01]\r\n.*X-One: one\r\n.*\r\nabc$



=== TEST 6: an unbuffered body cannot be sent a second time
--- config
    location /t {
        proxy_request_buffering off;
        proxy_intercept_errors on;
        error_page 503 = @other;
        proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT;
    }
    location @other { proxy_request_buffering on; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_3; }
--- origin
accept
head
read 6
send "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"
sleep 0.3
--- raw_request eval
"POST /t HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabcdef"
--- timeout: 2
--- error_code: 502
--- error_log: the request body has been sent already
--- not_nginx: it sends a head that promises the body, and then only what it still has



=== TEST 7: a tunnel lives while one side talks
--- config
    location /t {
        proxy_read_timeout 350ms;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection upgrade;
        proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT;
    }
--- origin
accept
head
send "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
send "a"
sleep 0.15
send "b"
sleep 0.15
send "c"
sleep 0.15
send "d"
sleep 0.15
send "e"
sleep 0.15
send "f"
close
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
--- response_raw_like: (?s)^HTTP/1.1 101 .*\r\n\r\nabcdef$



=== TEST 8: chunks from the client, unbuffered, to an HTTP/1.0 app: buffered after all
--- config
    location /t { proxy_request_buffering off; proxy_http_version 1.0; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
read 3
send "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"
close
--- raw_request eval
"POST /t HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
--- response_body: ok
--- origin_query_like: (?s)^POST /t HTTP/1.0\r\n.*Content-Length: 3\r\n.*\r\nabc$



=== TEST 9: interim answers without end are not waited for
--- config
    location /t { proxy_buffer_size 4k; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 102 Processing\r\n\r\n" x 10000
send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
sleep 0.3
--- request
GET /t
--- error_code: 502
--- error_log: upstream sent too big header while reading response header from upstream
--- not_nginx: nginx takes the first for the answer



=== TEST 10: a client that leaves before the answer: 499, and the app's connection ends
--- config
    location /t { access_log logs/access.log; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
eof
--- request
GET /t
--- abort
--- timeout: 0.2
--- ignore_response
--- wait: 0.3
--- access_log
" 499 0 "
--- error_log
client prematurely closed connection



=== TEST 11: a client that leaves in the middle of the answer keeps its status
--- config
    location /t { proxy_buffering off; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc"
eof
--- request
GET /t
--- abort
--- timeout: 0.2
--- ignore_response
--- wait: 0.3
--- access_log
" 200 3 "



=== TEST 12: a client that half-closes behind its request of HTTP/1.0 has left: nothing can ask it
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
sleep 0.3
send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
close
--- raw_request eval
"GET /t HTTP/1.0\r\nHost: a\r\n\r\n"
--- shutdown
--- ignore_response
--- wait: 0.2
--- access_log
" 499 0 "



=== TEST 13: proxy_ignore_client_abort: a half-closed client gets its answer
--- config
    location /t { proxy_ignore_client_abort on; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
sleep 0.2
send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
close
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\n\r\n"
--- shutdown
--- response_body: ok



=== TEST 14: a chunk extension longer than any buffer is refused
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;" . "x" x 100000 . "\r\nabc\r\n0\r\n\r\n"
sleep 0.3
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\n\r\n"
--- error_code: 502
--- error_log: too long chunk extension
--- not_nginx: nginx skips extensions of any length



=== TEST 15: 204, 304 and HEAD with bytes behind: dropped, and the connection with them
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 204 No Content\r\n\r\nabc"
head
close
accept
head
send "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\nabc"
head
close
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
close
--- pipelined_requests eval
["GET /t/1", "GET /t/2", "GET /t/3"]
--- error_code eval
[204, 304, 200]
--- origin_connections: 3
--- not_nginx: 1.22 keeps no connections by default



=== TEST 16: the answer comes in one piece with the end of a kept connection
--- not_nginx: nginx may take the connection from its cache before it has seen the close
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_ORIGIN_PORT; keepalive 4; }
--- config
    location /t { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://u; }
--- origin
accept
head
send_end "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
accept
head
send_end "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
repeat
--- pipelined_requests eval
["GET /t/1", "POST /t/2\nabc", "POST /t/3\nabc"]
--- error_code eval
[200, 200, 200]



=== TEST 17: a client of HTTP/1.1 that half-closes is asked by an interim head, and gets its answer
--- not_nginx: 499
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
sleep 0.2
send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
close
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\n\r\n"
--- shutdown
--- response_raw_like: ^HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n(.*\r\n)+\r\nok$
--- error_code: 100
--- wait: 0.1
--- access_log
" 200 2 "
