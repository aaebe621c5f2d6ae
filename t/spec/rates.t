# SPDX-License-Identifier: Apache-2.0
# limit_rate, limit_rate_after, proxy_limit_rate, X-Accel-Limit-Rate; proxy_bind, proxy_socket_keepalive.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: a response takes its time
--- config
    location / { limit_rate 2000; }
    location /time { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/big.txt; add_trailer X-T $upstream_response_time; }
--- user_files eval
">>> big.txt\n" . ("0123456789" x 500)
--- raw_request eval
"GET /time HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- response_raw_like: X-T: [12]\.\d+\r\n
--- timeout: 10



=== TEST 2: limit_rate_after and variables
--- config
    location / { limit_rate $arg_rate; limit_rate_after 4k; }
    location /time { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/big.txt?rate=$arg_rate; add_trailer X-T $upstream_response_time; }
--- user_files eval
">>> big.txt\n" . ("0123456789" x 500)
--- raw_request eval
["GET /time?rate=2k HTTP/1.1\r\nHost: a\r\n\r\nGET /time?rate= HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"]
--- response_raw_like: X-T: 0\.0\d+\r\n(.*\n)+.*X-T: 0\.0\d+\r\n
--- timeout: 10



=== TEST 3: X-Accel-Limit-Rate wins, and $limit_rate says it
--- config
    location /a { limit_rate 100m; add_header X-L $limit_rate; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/a; add_trailer X-T $upstream_response_time; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { add_header X-Accel-Limit-Rate 2000; root $TEST_NGINX_HTML_DIR; try_files /big.txt =404; } }
--- user_files eval
">>> big.txt\n" . ("0123456789" x 500)
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- response_raw_like: X-L: 2000\r\n(.*\n)+.*X-T: [12]\.\d+\r\n
--- timeout: 10



=== TEST 4: proxy_limit_rate
--- config
    location /u { proxy_limit_rate 20000; proxy_buffer_size 1k; proxy_buffers 4 1k; proxy_busy_buffers_size 2k; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/big.txt; }
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/u; add_trailer X-T $upstream_response_time; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; root $TEST_NGINX_HTML_DIR; }
--- user_files eval
">>> big.txt\n" . ("0123456789" x 5000)
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- response_raw_like: X-T: [12]\.\d+\r\n
--- timeout: 10



=== TEST 5: a rate that is none
--- config
    location /t { limit_rate fast; }
--- must_die
--- stderr_like: "limit_rate" directive invalid value



=== TEST 6: proxy_bind
--- config
    location /t { proxy_bind 127.0.0.7; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location /u { proxy_bind $arg_from; proxy_socket_keepalive on; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "$remote_addr\n"; }
--- request eval
["GET /t", "GET /u?from=127.0.0.9", "GET /u", "GET /u?from=x"]
--- response_body eval
["127.0.0.7\n", "127.0.0.9\n", "127.0.0.1\n", "127.0.0.1\n"]



=== TEST 7: proxy_bind is inherited, off ends it
--- http_config
    proxy_bind 127.0.0.3;
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "$remote_addr\n"; }
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location /o { proxy_bind off; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- request eval
["GET /t", "GET /o"]
--- response_body eval
["127.0.0.3\n", "127.0.0.1\n"]



=== TEST 8: proxy_bind with what is no address
--- config
    location /t { proxy_bind nowhere; proxy_pass http://127.0.0.1:1; }
--- must_die
--- stderr_like: invalid address "nowhere"



=== TEST 9: proxy_bind to an address of another machine
--- config
    location /t { proxy_bind 192.0.2.1; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "$remote_addr\n"; }
--- request
GET /t
--- error_code: 500
--- error_log: bind(192.0.2.1) failed (99: Cannot assign requested address)



=== TEST 10: proxy_bind: connections are kept, each for requests from the same address
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; keepalive 4; }
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1; return 200 "$remote_addr $connection_requests\n"; }
    proxy_http_version 1.1;
    proxy_set_header Connection "";
--- config
    location /a { proxy_bind 127.0.0.7; proxy_pass http://u; }
    location /b { proxy_bind $arg_from; proxy_pass http://u; }
    location /c { proxy_pass http://u; }
--- request eval
["GET /a", "GET /b?from=127.0.0.9", "GET /c", "GET /a", "GET /b?from=127.0.0.9", "GET /b?from=127.0.0.7", "GET /c", "GET /b"]
--- response_body eval
["127.0.0.7 1\n", "127.0.0.9 1\n", "127.0.0.1 1\n", "127.0.0.7 2\n", "127.0.0.9 2\n", "127.0.0.7 3\n", "127.0.0.1 2\n", "127.0.0.1 3\n"]
--- not_nginx: in its pool it does not matter where a connection comes from
