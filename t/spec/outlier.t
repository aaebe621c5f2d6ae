# SPDX-License-Identifier: Apache-2.0
# outlier: who answers worse than the others rests.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: a server that answers 500 is left alone, although nothing asks for that
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; outlier 5xx=50% min=1 interval=1ms rest=30s; }
    server { listen $TEST_NGINX_RAND_PORT_1; return 500 "one\n"; }
    server { listen $TEST_NGINX_RAND_PORT_2; return 200 "two\n"; }
--- config
    location /t { proxy_pass http://u; }
--- raw_request eval
["GET /t HTTP/1.1\r\nHost: a\r\n\r\n", "GET /t HTTP/1.1\r\nHost: a\r\n\r\n", "GET /t HTTP/1.1\r\nHost: a\r\n\r\n", "GET /t HTTP/1.1\r\nHost: a\r\n\r\n", "GET /t HTTP/1.1\r\nHost: a\r\n\r\n", "GET /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"]
--- raw_request_middle_delay: 0.02
--- response_raw_like: (?s)^[^\n]*500.*\none\n[^\n]*200.*\ntwo\n[^\n]*500.*\none\n[^\n]*200.*\ntwo\n[^\n]*200.*\ntwo\n[^\n]*200.*\ntwo\n$
--- not_nginx: our directive



=== TEST 2: off
--- http_config
    upstream u { outlier on; outlier off; server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "one\n"; }
--- config
    location /t { proxy_pass http://u; }
--- request
GET /t
--- response_body
one
--- not_nginx: our directive



=== TEST 3: words that make no sense
--- http_config
    upstream u { server 127.0.0.1:1; outlier 5xx=101%; }
    upstream v { server 127.0.0.1:1; outlier latency=1; }
    upstream w { server 127.0.0.1:1; outlier on off; }
--- config
--- must_die
--- error_log: invalid parameter "5xx=101%"
--- not_nginx: our directive
