# SPDX-License-Identifier: Apache-2.0
# upstream {}: who is asked, kept-alive connections, and the $upstream_* variables.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: in turn
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "1\n"; }
    server { listen $TEST_NGINX_RAND_PORT_2; return 200 "2\n"; }
--- config
    location /t { proxy_pass http://u; }
--- request eval
["GET /t", "GET /t", "GET /t", "GET /t"]
--- response_body eval
["1\n", "2\n", "1\n", "2\n"]



=== TEST 2: by weight, smoothly
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1 weight=3; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "1\n"; }
    server { listen $TEST_NGINX_RAND_PORT_2; return 200 "2\n"; }
--- config
    location /t { proxy_pass http://u; }
--- request eval
["GET /t", "GET /t", "GET /t", "GET /t"]
--- response_body eval
["1\n", "1\n", "2\n", "1\n"]



=== TEST 3: down is never asked
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1 down; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "1\n"; }
    server { listen $TEST_NGINX_RAND_PORT_2; return 200 "2\n"; }
--- config
    location /t { proxy_pass http://u; }
--- request eval
["GET /t", "GET /t"]
--- response_body eval
["2\n", "2\n"]



=== TEST 4: backup is asked when the others fail
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2 backup; }
    server { listen $TEST_NGINX_RAND_PORT_2; return 200 "backup\n"; }
--- config
    location /t { proxy_pass http://u; }
--- request eval
["GET /t", "GET /t"]
--- response_body eval
["backup\n", "backup\n"]



=== TEST 5: backup is not asked while the others live
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2 backup; }
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "1\n"; }
    server { listen $TEST_NGINX_RAND_PORT_2; return 200 "backup\n"; }
--- config
    location /t { proxy_pass http://u; }
--- request eval
["GET /t", "GET /t", "GET /t"]
--- response_body eval
["1\n", "1\n", "1\n"]



=== TEST 6: max_fails: one failure and the server is left alone
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    server { listen $TEST_NGINX_RAND_PORT_2; return 200 "2\n"; }
--- config
    location /t { proxy_pass http://u; add_header X-S $upstream_status; }
--- request eval
["GET /t", "GET /t", "GET /t"]
--- response_headers eval
["X-S: 502, 200", "X-S: 200", "X-S: 200"]
--- error_log: upstream server temporarily disabled while connecting to upstream



=== TEST 7: max_fails=0 never leaves it alone
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1 max_fails=0; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    server { listen $TEST_NGINX_RAND_PORT_2; return 200 "2\n"; }
--- config
    location /t { proxy_pass http://u; add_header X-S $upstream_status; }
--- request eval
["GET /t", "GET /t", "GET /t"]
--- response_headers eval
["X-S: 502, 200", "X-S: 200", "X-S: 502, 200"]



=== TEST 8: a single server is asked again whatever happened
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- config
    location /t { proxy_pass http://u; }
--- origin
accept
head
close
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
close
--- request eval
["GET /t", "GET /t"]
--- error_code eval
["502", "200"]



=== TEST 9: fail_timeout passes
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1 fail_timeout=1s; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    server { listen $TEST_NGINX_RAND_PORT_2; return 200 "2\n"; }
--- config
    location /t { proxy_pass http://u; add_header X-S $upstream_status; }
--- raw_request eval
["GET /t HTTP/1.1\r\nHost: a\r\n\r\n", "GET /t HTTP/1.1\r\nHost: a\r\n\r\n", "GET /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"]
--- raw_request_middle_delay: 1.2
--- response_raw_like: X-S: 502, 200.*X-S: (502, )?200.*X-S: (502, )?200



=== TEST 10: the group's name is the Host
--- http_config
    upstream my_app { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "$http_host\n"; }
--- config
    location /t { proxy_pass http://my_app; }
--- request
GET /t
--- response_body
my_app



=== TEST 11: a group by variable
--- http_config
    upstream one { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    upstream two { server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "1\n"; }
    server { listen $TEST_NGINX_RAND_PORT_2; return 200 "2\n"; }
    map $arg_u $u { 1 one; default two; }
--- config
    location /t { proxy_pass http://$u; }
--- request eval
["GET /t?u=1", "GET /t"]
--- response_body eval
["1\n", "2\n"]



=== TEST 12: a unix socket in a group
--- http_config
    upstream u { server unix:$TEST_NGINX_SERVER_ROOT/a.sock; }
    server { listen unix:$TEST_NGINX_SERVER_ROOT/a.sock; return 200 "sock\n"; }
--- config
    location /t { proxy_pass http://u; add_header X-A $upstream_addr; }
--- request
GET /t
--- response_body
sock
--- response_headers
X-A: unix:$TEST_NGINX_SERVER_ROOT/a.sock



=== TEST 13: a connection is used again
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; keepalive 4; }
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "$connection_requests\n"; }
--- config
    location /t { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://u; }
--- request eval
["GET /t", "GET /t", "GET /t"]
--- response_body eval
["1\n", "2\n", "3\n"]



=== TEST 14: a connection is used again by default
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "$connection_requests\n"; }
--- config
    location /t { proxy_pass http://u; }
--- request eval
["GET /t", "GET /t"]
--- response_body eval
["1\n", "2\n"]
--- not_nginx: keepalive is on by default since 1.29.7



=== TEST 15: keepalive 0 closes
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; keepalive 0; }
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "$connection_requests\n"; }
--- config
    location /t { proxy_pass http://u; }
--- request eval
["GET /t", "GET /t"]
--- response_body eval
["1\n", "1\n"]
--- not_nginx: keepalive 0 is refused before 1.29.7



=== TEST 16: keepalive_requests of an upstream
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; keepalive 4; keepalive_requests 2; }
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "$connection_requests\n"; }
--- config
    location /t { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://u; }
--- request eval
["GET /t", "GET /t", "GET /t"]
--- response_body eval
["1\n", "2\n", "1\n"]



=== TEST 17: keepalive_timeout of an upstream
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; keepalive 4; keepalive_timeout 200ms; }
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "n=$connection_requests\n"; }
--- config
    location /t { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://u; }
--- raw_request eval
["GET /t HTTP/1.1\r\nHost: a\r\n\r\n", "GET /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"]
--- raw_request_middle_delay: 0.6
--- response_raw_like: n=1\n.*n=1\n$



=== TEST 18: a connection is not kept when the app says close
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; keepalive 4; }
    server { listen $TEST_NGINX_RAND_PORT_1; keepalive_requests 1; location / { return 200 "$connection_requests\n"; } }
--- config
    location /t { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://u; }
--- request eval
["GET /t", "GET /t"]
--- response_body eval
["1\n", "1\n"]



=== TEST 19: a kept connection that the app closed: a GET is sent again on a new one
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_ORIGIN_PORT; keepalive 4; }
--- config
    location /t { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://u; }
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
--- origin_connections: 2



=== TEST 20: bytes after the answer: the connection is not kept
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_ORIGIN_PORT; keepalive 4; }
--- config
    location /t { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://u; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nBAD"
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2"
--- request eval
["GET /t", "GET /t"]
--- response_body eval
["1", "2"]
--- origin_connections: 2



=== TEST 21: a HEAD's connection is kept too
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; keepalive 4; }
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "$connection_requests\n"; }
--- config
    location /t { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://u; }
--- request eval
["HEAD /t", "GET /t"]
--- response_body eval
["", "2\n"]



=== TEST 22: $upstream_addr, status, lengths and times
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    server { listen $TEST_NGINX_RAND_PORT_1; access_log off; location / { return 200 "12345"; } }
    log_format s '$upstream_addr $upstream_status $upstream_response_length $upstream_response_time $upstream_connect_time $upstream_header_time';
--- config
    access_log logs/access.log s;
    location /t { proxy_pass http://u; }
--- request
GET /t
--- access_log_like: ^127\.0\.0\.1:\d+ 200 5 0\.\d{3} 0\.\d{3} 0\.\d{3}\n$



=== TEST 23: $upstream_bytes_sent and $upstream_bytes_received
--- http_config
    log_format s '$upstream_bytes_sent $upstream_bytes_received';
--- config
    access_log logs/access.log s;
    location /t { proxy_http_version 1.0; proxy_set_header Host a; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
close
--- request
GET /t
--- access_log_is
47 40



=== TEST 24: after a refusal there are two of each
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    server { listen $TEST_NGINX_RAND_PORT_2; access_log off; location / { return 200 "12345"; } }
    log_format s '$upstream_addr|$upstream_status|$upstream_response_time|$upstream_connect_time|$upstream_header_time';
--- config
    access_log logs/access.log s;
    location /t { proxy_pass http://u; }
--- request
GET /t
--- access_log_like: ^127\.0\.0\.1:\d+, 127\.0\.0\.1:\d+\|502, 200\|0\.\d{3}, 0\.\d{3}\|-, 0\.\d{3}\|-, 0\.\d{3}\n$



=== TEST 25: an empty group is refused
--- http_config
    upstream u { }
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*no servers are inside upstream in \S+nginx\.conf:\d+/



=== TEST 26: a group given twice is refused
--- http_config
    upstream u { server 127.0.0.1:1; }
    upstream u { server 127.0.0.1:2; }
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*duplicate upstream "u" in \S+nginx\.conf:\d+/



=== TEST 27: a weight that is no number is refused
--- http_config
    upstream u { server 127.0.0.1:1 weight=x; }
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*invalid parameter "weight=x" in \S+nginx\.conf:\d+/



=== TEST 28: an unknown parameter of a server is refused
--- http_config
    upstream u { server 127.0.0.1:1 speed=1; }
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*invalid parameter "speed=1"/



=== TEST 29: stock's fake server: tcp_listen, tcp_reply, tcp_query
--- config
    location /t { proxy_http_version 1.0; proxy_set_header Host h; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_query eval
"GET /t HTTP/1.0\r\nHost: h\r\nConnection: close\r\n\r\n"
--- tcp_reply eval
["HTTP/1.0 200 OK\r\n", "\r\nhello"]
--- tcp_reply_delay: 0.02
--- request
GET /t
--- response_body: hello



=== TEST 30: stock's fake server on a unix socket
--- config
    location /t { proxy_pass http://unix:$TEST_NGINX_SERVER_ROOT/fake.sock; }
--- tcp_listen: $TEST_NGINX_SERVER_ROOT/fake.sock
--- tcp_reply eval
"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"
--- tcp_no_close
--- request
GET /t
--- response_body: ok



=== TEST 31: a head that just fills the buffer, and its body with it
--- config
    location /t { proxy_buffer_size 16k; proxy_buffers 8 16k; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: " . "a" x 8147 . "\r\n\r\nok"
--- request
GET /t
--- response_body: ok



=== TEST 32: a connection is kept, too, when its answer just fills the buffer
--- config
    location /t { proxy_buffer_size 16k; proxy_buffers 8 16k; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 8151\r\n\r\n" . "a" x 8149 . "ok"
head
send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
--- request eval
["GET /t", "GET /t"]
--- response_body_like eval
["ok\$", "^ok\$"]
--- origin_connections: 1
--- not_nginx: it keeps none without being told to



=== TEST 33: who was told that the connection ends is not asked again on it
--- http_config
    map $http_upgrade $connection_upgrade { default upgrade; '' close; }
--- config
    location /t {
        proxy_http_version 1.1;
        proxy_set_header Connection $connection_upgrade;
        proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT;
    }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1"
eof
accept
head
read 3
send "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2"
--- request eval
["GET /t", "POST /t\nabc"]
--- response_body eval
["1", "2"]
--- origin_connections: 2



=== TEST 34: a colon stands between the servers of one pass and those after an internal redirect
--- config
    location /t {
        error_page 502 = @other;
        proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
    location @other {
        add_header X-S "$upstream_status";
        add_header X-A "$upstream_addr";
        proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT;
    }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1"
--- request
GET /t
--- response_headers
X-S: 502 : 200
X-A: 127.0.0.1:$TEST_NGINX_RAND_PORT_1 : 127.0.0.1:$TEST_NGINX_ORIGIN_PORT
--- response_body: 1
