# SPDX-License-Identifier: Apache-2.0
# Request headers: limits, bad ones, duplicates.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: a request line that is too long
--- config
    client_header_buffer_size 128;
    large_client_header_buffers 2 512;
--- request eval
"GET /" . "a" x 600
--- error_code: 414
--- response_body_like: <center><h1>414 Request-URI Too Large</h1></center>
--- error_log: client sent too long URI while reading client request line



=== TEST 2: a header that is too long
--- config
    client_header_buffer_size 128;
    large_client_header_buffers 2 512;
--- request
GET /
--- more_headers eval
"X: " . "a" x 600
--- error_code: 400
--- response_body_like: <title>400 Request Header Or Cookie Too Large</title>.*<center>Request Header Or Cookie Too Large</center>
--- error_log: client sent too long header line



=== TEST 3: too many headers for all buffers together
--- config
    client_header_buffer_size 128;
    large_client_header_buffers 2 512;
--- request
GET /
--- more_headers eval
"A: " . "a" x 400 . "\nB: " . "b" x 400 . "\nC: " . "c" x 400
--- error_code: 400
--- response_body_like: Request Header Or Cookie Too Large



=== TEST 4: a header of the largest size passes
--- config
    client_header_buffer_size 128;
    large_client_header_buffers 2 512;
    location / { return 200 "$http_x"; }
--- request
GET /
--- more_headers eval
"X: " . "a" x 400
--- response_body eval
"a" x 400



=== TEST 5: large headers take the large buffers
--- config
    location / { return 200 "$http_x"; }
--- request
GET /
--- more_headers eval
"X: " . "a" x 7000
--- response_body eval
"a" x 7000



=== TEST 6: max_headers
--- config
    max_headers 3;
    location / { return 200 "ok\n"; }
--- request
GET /
--- more_headers
A: 1
B: 2
C: 3
--- error_code: 400



=== TEST 7: underscores are not for header names
--- config
    location /t { return 200 "[$http_a_b]\n"; }
--- request
GET /t
--- more_headers
a_b: 1
--- response_body
[]
--- error_log: client sent invalid header line: "a_b: 1"



=== TEST 8: underscores_in_headers on
--- http_config
    underscores_in_headers on;
--- config
    location /t { return 200 "[$http_a_b]\n"; }
--- request
GET /t
--- more_headers
a_b: 1
--- response_body
[1]



=== TEST 9: a dash of a name is an underscore of the variable
--- config
    location /t { return 200 "$http_x_some_name\n"; }
--- request
GET /t
--- more_headers
X-Some-Name: v
--- response_body
v



=== TEST 10: an invalid name is ignored
--- config
    location /t { return 200 "$http_b\n"; }
--- request
GET /t
--- more_headers
x!(y): 1
B: 2
--- response_body
2
--- error_log: client sent invalid header line: "x!(y): 1"



=== TEST 11: ignore_invalid_headers off refuses them
--- http_config
    ignore_invalid_headers off;
--- config
    location /t { return 200 "ok\n"; }
--- request
GET /t
--- more_headers eval
"a b: 1"
--- error_code: 400



=== TEST 12: a space before the colon
--- config
    location /t { return 200 "[$http_a]\n"; }
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\nA : 1\r\nConnection: close\r\n\r\n"
--- error_code: 400



=== TEST 13: a line that starts with a space does not go on
--- config
    location /t { return 200 "[$http_a]\n"; }
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\nA: 1\r\n 2\r\nConnection: close\r\n\r\n"
--- error_code: 400



=== TEST 14: a null byte in a value
--- config
    location /t { return 200 "ok\n"; }
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\nA: 1\x002\r\nConnection: close\r\n\r\n"
--- error_code: 400



=== TEST 15: spaces around a value are dropped
--- config
    location /t { return 200 "[$http_a]\n"; }
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\nA:   b c  \r\nConnection: close\r\n\r\n"
--- response_body
[b c]



=== TEST 16: an empty value
--- config
    location /t { return 200 "[$http_a]\n"; }
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\nA:\r\nConnection: close\r\n\r\n"
--- response_body
[]



=== TEST 17: two Host headers
--- config
--- raw_request eval
"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n"
--- error_code: 400
--- error_log: client sent duplicate host header: "Host: b", previous value: "Host: a"



=== TEST 18: a Host with a slash
--- config
--- raw_request eval
"GET / HTTP/1.1\r\nHost: a/b\r\nConnection: close\r\n\r\n"
--- error_code: 400
--- error_log: client sent invalid host header



=== TEST 19: a Host with two dots in a row
--- config
--- raw_request eval
"GET / HTTP/1.1\r\nHost: a..b\r\nConnection: close\r\n\r\n"
--- error_code: 400



=== TEST 20: a Host with a character outside of RFC 3986
--- config
    location / { return 200; }
--- raw_request eval
"GET / HTTP/1.1\r\nHost: a\"<b\r\nConnection: close\r\n\r\n"
--- error_code: 400
--- not_nginx: the host is validated by RFC 3986 since 1.29.4



=== TEST 21: two Content-Length headers
--- config
--- raw_request eval
"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\nConnection: close\r\n\r\na"
--- error_code: 400
--- error_log: client sent duplicate header line: "Content-Length: 1"



=== TEST 22: a Content-Length that is no number
--- config
    location / { return 200; }
--- request eval
["GET /", "GET /", "GET /", "GET /"]
--- more_headers eval
["Content-Length: -1", "Content-Length: +1", "Content-Length: 1a", "Content-Length: 1,1"]
--- error_code eval
["400", "400", "400", "400"]
--- error_log: client sent invalid "Content-Length" header



=== TEST 23: a Content-Length beyond all numbers
--- config
    location / { return 200; }
--- request
GET /
--- more_headers
Content-Length: 99999999999999999999
--- error_code: 400



=== TEST 24: Content-Length and Transfer-Encoding together
--- config
    location / { return 200; }
--- raw_request eval
"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
--- error_code: 400
--- error_log: client sent "Content-Length" and "Transfer-Encoding" headers at the same time



=== TEST 25: Transfer-Encoding in HTTP/1.0
--- config
    location / { return 200; }
--- raw_request eval
"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
--- error_code: 400
--- error_log: client sent HTTP/1.0 request with "Transfer-Encoding" header



=== TEST 26: an unknown Transfer-Encoding
--- config
    location / { return 200; }
--- request
POST /
--- more_headers
Transfer-Encoding: gzip
--- error_code: 501
--- response_body_like: <center><h1>501 Not Implemented</h1></center>
--- error_log: client sent unknown "Transfer-Encoding": "gzip"



=== TEST 27: chunked twice
--- config
    location / { return 200; }
--- request
POST /
--- more_headers
Transfer-Encoding: chunked, chunked
--- error_code: 501



=== TEST 28: two Transfer-Encoding headers
--- config
    location / { return 200; }
--- raw_request eval
"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"
--- error_code: 400
--- error_log: client sent duplicate header line: "Transfer-Encoding: identity"



=== TEST 29: chunked in another case
--- config
    location / { return 200 "ok\n"; }
--- raw_request eval
"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\nConnection: close\r\n\r\n0\r\n\r\n"
--- response_body
ok



=== TEST 30: an unfinished header times out without an answer
--- config
    client_header_timeout 200ms;
--- raw_request eval
"GET / HTTP/1.1\r\nHost: a\r\n"
--- response_raw:



=== TEST 31: a header timeout is logged
--- http_config
    log_format s '$status [$request]';
    server { listen $TEST_NGINX_RAND_PORT_1; client_header_timeout 200ms; access_log logs/access.log s; }
--- config
--- connect: $TEST_NGINX_RAND_PORT_1
--- raw_request eval
"GET / HTTP/1.1\r\nHost: a\r\n"
--- response_raw:
--- access_log_is
408 [GET / HTTP/1.1]
--- error_log: client timed out (110: Connection timed out) while reading client request headers
