# SPDX-License-Identifier: Apache-2.0
# fastcgi_*: the protocol, with an origin that plays the program. t/apps/run asks real programs.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: records in pieces, padding, an empty one, other numbers
--- config
    location /t { fastcgi_param A b; fastcgi_pass_request_headers off; fastcgi_pass 127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
some
send "\x01\x06\x00\x01\x00\x12\x03"
sleep 0.05
send "\x00Content-Type: a/b\r"
send "\x00\x00\x00\x01\x06\x00\x01\x00\x06\x01\x00\n\r\nhel\x00\x01\x06\x00\x02\x00\x01\x00\x00X\x01\x06\x00\x01\x00\x03\x00\x00lo\n\x01\x06\x00\x01\x00\x00\x00\x00\x01\x03\x00\x01\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
close
--- request
GET /t
--- response_headers
Content-Type: a/b
--- response_body
hello
--- not_nginx: there a record with another number is an error



=== TEST 2: standard error is logged, and may make the answer invalid
--- config
    location /t { fastcgi_param A b; fastcgi_pass_request_headers off; fastcgi_pass 127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
    location /u { fastcgi_catch_stderr "Fatal error"; fastcgi_param A b; fastcgi_pass_request_headers off; fastcgi_pass 127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
some
send "\x01\x07\x00\x01\x00\x0f\x01\x00PHP Fatal error\x00\x01\x06\x00\x01\x00\x11\x00\x00Status: 200\r\n\r\nok\x01\x03\x00\x01\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
close
accept
some
send "\x01\x07\x00\x01\x00\x0f\x01\x00PHP Fatal error\x00\x01\x06\x00\x01\x00\x11\x00\x00Status: 200\r\n\r\nok\x01\x03\x00\x01\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
close
--- request eval
["GET /t", "GET /u"]
--- error_code eval
[200, 502]
--- response_body_like eval
["^ok", "502 Bad Gateway"]
--- error_log
FastCGI sent in stderr: "PHP Fatal error"



=== TEST 3: more than Content-Length says stays here, less cuts the answer
--- config
    location /t { fastcgi_param A b; fastcgi_pass_request_headers off; fastcgi_pass 127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
some
send "\x01\x06\x00\x01\x00\x19\x00\x00Content-Length: 2\r\n\r\nokno\x01\x03\x00\x01\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
close
--- request
GET /t
--- response_body: ok
--- not_nginx: 1.22 passes it on



=== TEST 4: a program that ends before its answer
--- config
    location /t { fastcgi_param A b; fastcgi_pass_request_headers off; fastcgi_pass 127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
some
send "\x01\x03\x00\x01\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
close
--- request
GET /t
--- error_code: 502
--- error_log: upstream sent unexpected FastCGI record: 3 while reading response header



=== TEST 5: a connection that closes in the middle of the body
--- config
    location /t { fastcgi_param A b; fastcgi_pass_request_headers off; fastcgi_pass 127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
some
send "\x01\x06\x00\x01\x00\x11\x00\x00Status: 200\r\n\r\nok"
close
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- cut_short
--- ignore_response
--- error_log: upstream prematurely closed connection while reading upstream
--- not_nginx: it takes that for the end, and nobody learns that something is missing



=== TEST 6: something that is not FastCGI
--- config
    location /t { fastcgi_param A b; fastcgi_pass_request_headers off; fastcgi_pass 127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
some
send "HTTP/1.1 400 Bad Request\r\n\r\n"
close
--- request
GET /t
--- error_code: 502
--- error_log: upstream sent unsupported FastCGI protocol version



=== TEST 7: fastcgi_pass without a port
--- config
    location /t { fastcgi_pass 127.0.0.1; }
--- must_die
--- stderr_like: no port in upstream "127.0.0.1"



=== TEST 8: fastcgi_split_path_info needs two groups
--- config
    location /t { fastcgi_split_path_info ^(.+)$; }
--- must_die
--- stderr_like: pattern "\^\(\.\+\)\$" must have 2 captures
