# SPDX-License-Identifier: Apache-2.0
# mirror, mirror_request_body.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: a copy with method, query, fields and body
--- config
    location /t { mirror /copy; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location = /copy { internal; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 200 "app $request_method $http_content_length\n"; } }
--- origin
accept
head
read 5
send "HTTP/1.1 500 Oops\r\nContent-Length: 3\r\n\r\nbad"
--- request
POST /t?a=b
hello
--- more_headers
X-A: b
--- response_body
app POST 5
--- origin_query_like: ^POST /copy\?a=b HTTP/1..\r\n(.*\r\n)*X-A: b\r\n(.*\r\n)*\r\nhello$



=== TEST 2: several copies, and a body in a file
--- config
    location /t { mirror /copy1; mirror /copy2; client_body_buffer_size 1k; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/app; }
    location /copy1 { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/one; }
    location /copy2 { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/two; }
--- http_config
    log_format seen "$uri $http_content_length $request_length";
    server { listen $TEST_NGINX_RAND_PORT_1; access_log logs/seen.log seen; location / { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_2; } }
    server { listen $TEST_NGINX_RAND_PORT_2; access_log off; location / { return 200 "$http_content_length\n"; } }
--- request eval
"POST /t\r\n" . ("0123456789" x 1000)
--- response_body
10000
--- wait: 0.3



=== TEST 3: mirror_request_body off
--- config
    location /t { mirror /copy; mirror_request_body off; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location = /copy { internal; proxy_pass_request_body off; proxy_set_header Content-Length ""; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 200 "app $request_method $http_content_length\n"; } }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad"
--- request
POST /t
hello
--- response_body
app POST 5
--- origin_query_like: ^POST /copy HTTP/1..\r\n(?!(.*\n)*Content-Length)



=== TEST 4: the answer does not wait for a slow copy
--- config
    location /t { mirror /copy; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location = /copy { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
    location /outer { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/t; add_trailer X-T $upstream_response_time; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 200 "app\n"; } }
--- origin
accept
head
sleep 1
send "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad"
--- raw_request eval
"GET /outer HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- response_raw_like: app\n\r\n0\r\nX-T: 0\.[0-3]\d+\r\n
--- timeout: 5



=== TEST 5: a copy that fails changes nothing
--- config
    location /t { mirror /copy; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location = /copy { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 200 "app\n"; } }
--- pipelined_requests eval
["GET /t", "GET /t"]
--- response_body eval
["app\n", "app\n"]
--- error_log
, subrequest: "/copy"



=== TEST 6: off
--- http_config
    mirror /copy;
    server { listen $TEST_NGINX_RAND_PORT_1; mirror off; location / { return 200 "app\n"; } }
--- config
    location /t { mirror off; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location = /copy { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
--- request
GET /t
--- response_body
app
--- no_error_log
[error]



=== TEST 7: a copy whose long answer nobody reads comes before all of its body has been taken
--- config
    client_max_body_size 10m;
    location /t { mirror /copy; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location = /copy { internal; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; client_max_body_size 0; location / { return 200 "app\n"; } }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" . "a" x 90000
sleep 0.5
--- raw_request eval
"POST /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 9000000\r\n\r\n" . "x" x 9000000
--- response_body
app
