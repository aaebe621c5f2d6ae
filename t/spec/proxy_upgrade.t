# SPDX-License-Identifier: Apache-2.0
# Changes of protocol: websockets need nothing in the configuration, others must be named.
use Test::Nginx::Socket 'no_plan';

our $Switch = "accept\nhead\nsend \"HTTP/1.1 101 Switching Protocols\\r\\nConnection: upgrade\\r\\nUpgrade: websocket\\r\\n\\r\\nhello\"\nread 4\nsend \"bye\"\nclose\n";

run_tests();

__DATA__

=== TEST 1: a websocket without any directive
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin eval: $::Switch
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: x\r\n\r\nping"
--- response_raw_like: ^HTTP/1.1 101 Switching Protocols\r\n(.*\r\n)*Upgrade: websocket\r\n(.*\r\n)*\r\nhellobye$
--- origin_query_like: ^GET /t HTTP/1.1\r\nHost: 127.0.0.1:\d+\r\nConnection: upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: x\r\n\r\nping$
--- not_nginx: there it needs proxy_set_header Upgrade and Connection



=== TEST 2: the nginx boilerplate
--- http_config
    map $http_upgrade $connection_upgrade { default upgrade; '' close; }
--- config
    location /t {
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
        proxy_set_header Host $host;
        proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT;
    }
--- origin eval: $::Switch
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nping"
--- response_raw_like: ^HTTP/1.1 101 Switching Protocols\r\n(.*\r\n)*\r\nhellobye$
--- origin_query_like: ^GET /t HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\nHost: a\r\n\r\nping$



=== TEST 3: Connection "" is for keeping connections and does not end websockets
--- config
    location /t {
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT;
    }
--- origin eval: $::Switch
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nping"
--- response_raw_like: ^HTTP/1.1 101 (.*\r\n)*\r\nhellobye$
--- not_nginx: there it does



=== TEST 4: other protocols stay here
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "[$http_upgrade][$http_connection]\n"; }
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\nConnection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n\r\n"
--- response_body_like: ^\[\]\[(close)?\]\n



=== TEST 5: proxy_upgrade names those that pass
--- config
    location /t { proxy_upgrade tcp h2c; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "[$http_upgrade][$http_connection]\n"; }
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\nConnection: close, Upgrade\r\nUpgrade: H2C, websocket, TCP\r\n\r\n"
--- response_body
[H2C, TCP][upgrade]
--- not_nginx: a directive of ours



=== TEST 6: proxy_upgrade off
--- config
    location /t { proxy_upgrade off; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "[$http_upgrade][$http_connection]\n"; }
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\n\r\n"
--- response_body
[][]
--- not_nginx: a directive of ours



=== TEST 7: h2c through the boilerplate only where it is named
--- config
    location /t { proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location /t/h2c { proxy_upgrade h2c; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "[$http_upgrade]\n"; }
--- raw_request eval
["GET /t HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nGET /t HTTP/1.1\r\nHost: a\r\nUpgrade: tcp\r\n\r\nGET /t/h2c HTTP/1.1\r\nHost: a\r\nConnection: close\r\nUpgrade: h2c\r\n\r\n"]
--- response_raw_like: \[\]\n(.*\n)+\[tcp\]\n(.*\n)+\[h2c\]\n
--- not_nginx: there whatever the client asks for passes, and what follows is seen by nobody



=== TEST 8: 101 without a request for it
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin eval: $::Switch
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
--- response_raw_like: ^HTTP/1.1 502
--- error_log: upstream sent 101 without a request for it
--- not_nginx: it passes it on



=== TEST 9: 101 before the request's body has come: what the client sends is the body, then the tunnel's
--- config
    location /t { proxy_request_buffering off; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
read 15
send "got it"
close
--- raw_request eval
["POST /t HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 10\r\n\r\nabc", "defghi", "jtail5"]
--- raw_request_middle_delay: 0.2
--- response_raw_like: (?s)^HTTP/1.1 101 .*\r\n\r\ngot it$
--- origin_query_like: (?s)\r\n\r\nabcdefghijtail5$
--- not_nginx: upgrades without directives for them



=== TEST 10: a tunnel's first bytes come with the end of a buffered body
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
read 10
send "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
read 5
send "got it"
close
--- raw_request eval
["POST /t HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 10\r\n\r\n", "abcdefghijtail5"]
--- raw_request_middle_delay: 0.2
--- response_raw_like: (?s)^HTTP/1.1 101 .*\r\n\r\ngot it$
--- origin_query_like: (?s)\r\n\r\nabcdefghijtail5$
--- not_nginx: upgrades without directives for them
