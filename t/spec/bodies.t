# SPDX-License-Identifier: Apache-2.0
# Request bodies: lengths, chunks, limits, Expect. The second location plays the app.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: a body reaches the app
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
read 5
send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
--- request
POST /t
hello
--- response_body: ok
--- origin_query_like: Content-Length: 5\r\n(.*\r\n)?\r\nhello$



=== TEST 2: a body over the limit is refused by its length
--- config
    client_max_body_size 10;
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- request eval
"POST /t\n" . "a" x 11
--- error_code: 413
--- response_body_like: <center><h1>413 Request Entity Too Large</h1></center>
--- error_log: client intended to send too large body: 11 bytes
--- no_error_log: connect() failed



=== TEST 3: a body of exactly the limit
--- config
    client_max_body_size 10;
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/app; }
    location /app { return 200 "$content_length\n"; }
--- request eval
"POST /t\n" . "a" x 10
--- response_body
10



=== TEST 4: client_max_body_size 0 is no limit
--- config
    client_max_body_size 0;
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/app; }
    location /app { client_max_body_size 0; return 200 "$content_length\n"; }
--- request eval
"POST /t\n" . "a" x 40000
--- response_body
40000



=== TEST 5: the limit is the location's
--- config
    client_max_body_size 1;
    location /big { client_max_body_size 1k; return 200 "ok\n"; }
    location /small { return 200 "ok\n"; }
--- request eval
["POST /big\nabcdef", "POST /small\nabcdef"]
--- error_code eval
["200", "413"]



=== TEST 6: chunks over the limit are refused on the way
--- config
    client_max_body_size 4;
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- raw_request eval
"POST /t HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"
--- error_code: 413
--- error_log: client intended to send too large chunked body



=== TEST 7: buffered chunks reach the app with a length
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
read 6
send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
--- raw_request eval
"POST /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"
--- response_body: ok
--- origin_query_like: ^(?!.*Transfer-Encoding).*Content-Length: 6\r\n(.*\r\n)?\r\nabcdef$



=== TEST 8: chunks in pieces, with extensions and trailers
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
read 6
send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
--- raw_request eval
["POST /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0", "3;x=\"y\"\r", "\na", "bc\r\n3\r\ndef\r\n0\r\nT: v", "\r\n\r\n"]
--- raw_request_middle_delay: 0.01
--- response_body: ok
--- origin_query_like: \r\n\r\nabcdef$



=== TEST 9: unbuffered chunks stay chunks
--- config
    location /t {
        proxy_http_version 1.1;
        proxy_request_buffering off;
        proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT;
    }
--- origin
accept
head
read 13
send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
--- raw_request eval
["POST /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n", "3\r\nabc\r\n0\r\n\r\n"]
--- raw_request_middle_delay: 0.1
--- response_body: ok
--- origin_query_like: Transfer-Encoding: chunked\r\n(.*\r\n)?\r\n3\r\nabc\r\n0\r\n\r\n$



=== TEST 10: unbuffered bodies flow before they are complete
--- config
    location /t {
        proxy_request_buffering off;
        proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT;
    }
--- origin
accept
head
read 3
send "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly"
--- raw_request eval
"POST /t HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc"
--- response_body: early



=== TEST 11: a chunk size that is no number
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- raw_request eval
"POST /t HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n0\r\n\r\n"
--- error_code: 400
--- error_log: client sent invalid chunked body



=== TEST 12: a chunk longer than it says
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- raw_request eval
"POST /t HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n"
--- error_code: 400



=== TEST 13: a chunk size beyond all numbers
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- raw_request eval
"POST /t HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc"
--- error_code: 400



=== TEST 14: a bare line feed ends no chunk
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- raw_request eval
"POST /t HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n"
--- error_code: 400
--- not_nginx: bare LF in chunks is an error since 1.29.4



=== TEST 15: Expect: 100-continue is answered when the body is wanted
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/app; }
    location /app { return 200 "got $content_length\n"; }
--- raw_request eval
["POST /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", "abc"]
--- raw_request_middle_delay: 0.1
--- response_raw_like: ^HTTP/1\.1 100 Continue\r\n\r\nHTTP/1\.1 200 OK\r\n.*\r\n\r\ngot 3\n$



=== TEST 16: no 100 Continue for a body that is too large
--- config
    client_max_body_size 2;
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- raw_request eval
"POST /t HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
--- shutdown
--- response_raw_like: ^HTTP/1\.1 413 



=== TEST 17: the app does not see Expect
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/app; }
    location /app { return 200 "[$http_expect]\n"; }
--- raw_request eval
"POST /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc"
--- response_raw_like: \r\n\r\n\[\]\n$



=== TEST 18: HTTP/1.0 gets no 100 Continue
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/app; }
    location /app { return 200 "ok\n"; }
--- raw_request eval
"POST /t HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc"
--- response_raw_like: ^HTTP/1\.1 200 OK



=== TEST 19: a client that leaves in the body
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    access_log logs/access.log s;
--- http_config
    log_format s '$status $request_method';
--- raw_request eval
"POST /t HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"
--- shutdown
--- ignore_response
--- access_log_is
400 POST
--- error_log: client prematurely closed connection



=== TEST 20: a body that does not come
--- config
    client_body_timeout 200ms;
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    access_log logs/access.log s;
--- http_config
    log_format s '$status $request_method';
--- raw_request eval
"POST /t HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"
--- response_raw_like: ^(HTTP/1\.1 408 .*)?$
--- access_log_is
408 POST



=== TEST 21: a body on disk
--- config
    client_body_buffer_size 1k;
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/app; }
    location /app { return 200 "$content_length\n"; }
--- request eval
"POST /t\n" . "a" x 100000
--- response_body
100000



=== TEST 22: $request_body of a small proxied body
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/app; add_header X-Body $request_body; }
    location /app { return 200 "ok\n"; }
--- request
POST /t
a=b
--- response_headers
X-Body: a=b



=== TEST 23: GET may have a body
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/app; }
    location /app { return 200 "$request_method $content_length\n"; }
--- request
GET /t
abc
--- response_body
GET 3
