# SPDX-License-Identifier: Apache-2.0
# least_conn, least_time, ip_hash, hash, random: who is asked. The hashes' answers are nginx's own: a client or key
# keeps its server when one program takes the place of the other. (Nobody listens where only the choice matters.)
use Test::Nginx::Socket 'no_plan';

our $Four = 'server 127.0.9.1:1 max_fails=0; server 127.0.9.2:1 max_fails=0; server 127.0.9.3:1 max_fails=0; server 127.0.9.4:1 max_fails=0;';
our $Weights = 'server 127.0.9.1:1 max_fails=0 weight=5; server 127.0.9.2:1 max_fails=0; server 127.0.9.3:1 max_fails=0 weight=3; server 127.0.9.4:1 max_fails=0 weight=2; server 127.0.9.5:1 max_fails=0;';
our $Who = 'location /t { proxy_next_upstream off; proxy_pass http://u; add_header X-A $upstream_addr always; }';

run_tests();

__DATA__

=== TEST 1: hash: by the remainder
--- http_config eval
"upstream u { hash \$arg_k; $::Four }"
--- config eval: $::Who
--- request eval
["GET /t?k=key0", "GET /t?k=key1", "GET /t?k=key2", "GET /t?k=key3", "GET /t?k=key4", "GET /t?k=key0"]
--- error_code eval
["502", "502", "502", "502", "502", "502"]
--- response_headers eval
["X-A: 127.0.9.4:1", "X-A: 127.0.9.1:1", "X-A: 127.0.9.2:1", "X-A: 127.0.9.3:1", "X-A: 127.0.9.3:1", "X-A: 127.0.9.4:1"]



=== TEST 2: hash: with weights
--- http_config eval
"upstream u { hash \$arg_k; $::Weights }"
--- config eval: $::Who
--- request eval
["GET /t?k=key0", "GET /t?k=key1", "GET /t?k=key2", "GET /t?k=key3", "GET /t?k=key4", "GET /t?k=key5"]
--- error_code eval
["502", "502", "502", "502", "502", "502"]
--- response_headers eval
["X-A: 127.0.9.5:1", "X-A: 127.0.9.1:1", "X-A: 127.0.9.4:1", "X-A: 127.0.9.4:1", "X-A: 127.0.9.1:1", "X-A: 127.0.9.2:1"]



=== TEST 3: hash: what belongs to a server that is down goes on to the others
--- http_config
    upstream u { hash $arg_k; server 127.0.9.1:1 down; server 127.0.9.2:1 max_fails=0; server 127.0.9.3:1 max_fails=0; server 127.0.9.4:1 max_fails=0; }
--- config eval: $::Who
--- request eval
["GET /t?k=key1", "GET /t?k=key2", "GET /t?k=key6"]
--- error_code eval
["502", "502", "502"]
--- response_headers eval
["X-A: 127.0.9.4:1", "X-A: 127.0.9.2:1", "X-A: 127.0.9.4:1"]



=== TEST 4: hash consistent: ketama
--- http_config eval
"upstream u { hash \$arg_k consistent; $::Four }"
--- config eval: $::Who
--- request eval
["GET /t?k=key0", "GET /t?k=key1", "GET /t?k=key2", "GET /t?k=key3", "GET /t?k=key4", "GET /t?k=key7"]
--- error_code eval
["502", "502", "502", "502", "502", "502"]
--- response_headers eval
["X-A: 127.0.9.4:1", "X-A: 127.0.9.3:1", "X-A: 127.0.9.2:1", "X-A: 127.0.9.2:1", "X-A: 127.0.9.4:1", "X-A: 127.0.9.3:1"]



=== TEST 5: hash consistent: with weights
--- http_config eval
"upstream u { hash \$arg_k consistent; $::Weights }"
--- config eval: $::Who
--- request eval
["GET /t?k=key0", "GET /t?k=key1", "GET /t?k=key2", "GET /t?k=key3", "GET /t?k=key4", "GET /t?k=key5"]
--- error_code eval
["502", "502", "502", "502", "502", "502"]
--- response_headers eval
["X-A: 127.0.9.4:1", "X-A: 127.0.9.3:1", "X-A: 127.0.9.1:1", "X-A: 127.0.9.5:1", "X-A: 127.0.9.4:1", "X-A: 127.0.9.2:1"]



=== TEST 6: hash consistent: names with and without port, unix sockets, servers that are down
--- http_config
    upstream u { hash $arg_k consistent; server 127.0.9.1:1 down; server 127.0.9.2:1 down; server 127.0.9.3 down; server 127.0.9.4:1 max_fails=0; server 127.0.9.5 max_fails=0; server unix:/nowhere/app.sock max_fails=0; }
--- config eval: $::Who
--- request eval
["GET /t?k=key0", "GET /t?k=key1", "GET /t?k=key4", "GET /t?k=key6"]
--- error_code eval
["502", "502", "502", "502"]
--- response_headers eval
["X-A: 127.0.9.4:1", "X-A: 127.0.9.5:80", "X-A: unix:/nowhere/app.sock", "X-A: 127.0.9.5:80"]



=== TEST 7: hash: an empty key goes in turn
--- http_config
    upstream u { hash $arg_none consistent; server 127.0.9.1:1 max_fails=0; server 127.0.9.2:1 max_fails=0; }
--- config eval: $::Who
--- request eval
["GET /t", "GET /t", "GET /t"]
--- error_code eval
["502", "502", "502"]
--- response_headers eval
["X-A: 127.0.9.1:1", "X-A: 127.0.9.2:1", "X-A: 127.0.9.1:1"]



=== TEST 8: hash: after a failure the next one of the key is asked, and the same one for everybody
--- http_config
    upstream u { hash $arg_k; server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    server { listen $TEST_NGINX_RAND_PORT_2; return 200 "two\n"; }
--- config
    location /t { proxy_pass http://u; }
--- request eval
["GET /t?k=1", "GET /t?k=2", "GET /t?k=3", "GET /t?k=4"]
--- response_body eval
["two\n", "two\n", "two\n", "two\n"]



=== TEST 9: ip_hash
--- http_config eval
"upstream u { ip_hash; $::Weights }"
--- config eval: $::Who
--- request eval
["GET /t", "GET /t", "GET /t"]
--- error_code eval
["502", "502", "502"]
--- response_headers eval
["X-A: 127.0.9.3:1", "X-A: 127.0.9.3:1", "X-A: 127.0.9.3:1"]



=== TEST 10: ip_hash: down servers keep their place
--- http_config
    upstream u { ip_hash; server 127.0.9.1:1 down; server 127.0.9.2:1 down; server 127.0.9.3:1 max_fails=0; server 127.0.9.4:1 max_fails=0; }
--- config eval: $::Who
--- request
GET /t
--- error_code: 502
--- response_headers
X-A: 127.0.9.3:1



=== TEST 11: least_conn: in turn by weight among those that have as few
--- http_config
    upstream u { least_conn; server 127.0.0.1:$TEST_NGINX_RAND_PORT_1 weight=2; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "1\n"; }
    server { listen $TEST_NGINX_RAND_PORT_2; return 200 "2\n"; }
--- config
    location /t { proxy_pass http://u; }
--- request eval
["GET /t", "GET /t", "GET /t", "GET /t"]
--- response_body eval
["1\n", "2\n", "1\n", "1\n"]



=== TEST 12: least_conn: who is busy is left alone
--- http_config
    upstream u { least_conn; server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    # Asks the group again while its own request is under way there.
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 200 "same: $arg_from1\n"; } location /busy { proxy_pass http://u/in?from1=yes; } }
    server { listen $TEST_NGINX_RAND_PORT_2; location / { return 200 "same: $arg_from2\n"; } location /busy { proxy_pass http://u/in?from2=yes; } }
--- config
    location / { proxy_pass http://u; }
--- request eval
["GET /busy", "GET /busy", "GET /busy", "GET /busy"]
--- response_body eval
["same: \n", "same: \n", "same: \n", "same: \n"]



=== TEST 13: least_conn: backups
--- http_config
    upstream u { least_conn; server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2 backup; }
    server { listen $TEST_NGINX_RAND_PORT_2; return 200 "backup\n"; }
--- config
    location /t { proxy_pass http://u; }
--- request eval
["GET /t", "GET /t"]
--- response_body eval
["backup\n", "backup\n"]



=== TEST 14: random: every usable server, and no other
--- http_config
    upstream u { random; server 127.0.0.1:1 down; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; server 127.0.0.1:2 down; }
    server { listen $TEST_NGINX_RAND_PORT_2; return 200 "2\n"; }
--- config
    location /t { proxy_pass http://u; }
--- request eval
["GET /t", "GET /t", "GET /t"]
--- response_body eval
["2\n", "2\n", "2\n"]



=== TEST 15: random two: the less busy one of two
--- http_config
    upstream u { random two; server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 200 "same: $arg_from1\n"; } location /busy { proxy_pass http://u/in?from1=yes; } }
    server { listen $TEST_NGINX_RAND_PORT_2; location / { return 200 "same: $arg_from2\n"; } location /busy { proxy_pass http://u/in?from2=yes; } }
--- config
    location / { proxy_pass http://u; }
--- request eval
["GET /busy", "GET /busy", "GET /busy", "GET /busy"]
--- response_body eval
["same: \n", "same: \n", "same: \n", "same: \n"]



=== TEST 16: least_time: who was slow gets nothing more while others answer faster
--- http_config
    upstream u { least_time header; server 127.0.0.1:$TEST_NGINX_ORIGIN_PORT; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    server { listen $TEST_NGINX_RAND_PORT_2; return 200 "2"; }
--- config
    location /t { proxy_pass http://u; }
--- origin
accept
head
sleep 0.2
send "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1"
close
--- request eval
["GET /t", "GET /t", "GET /t", "GET /t", "GET /t"]
--- response_body eval
["1", "2", "2", "2", "2"]
--- not_nginx: sold with NGINX Plus



=== TEST 17: least_time last_byte inflight, random two least_time=header
--- http_config
    upstream u { least_time last_byte inflight; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    upstream v { random two least_time=header; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    server { listen $TEST_NGINX_RAND_PORT_2; return 200 "2"; }
--- config
    location /u { proxy_pass http://u; }
    location /v { proxy_pass http://v; }
--- request eval
["GET /u", "GET /v", "GET /u", "GET /v"]
--- response_body eval
["2", "2", "2", "2"]
--- not_nginx: sold with NGINX Plus



=== TEST 18: a second method is a warning, and the last one counts
--- http_config eval
"upstream u { least_conn; ip_hash; $::Four }"
--- config eval: $::Who
--- request eval
["GET /t", "GET /t"]
--- error_code eval
["502", "502"]
--- response_headers eval
["X-A: 127.0.9.1:1", "X-A: 127.0.9.1:1"]
--- error_log eval
qr/\[warn\] .*load balancing method redefined in \S+nginx\.conf:\d+/



=== TEST 19: no backups with ip_hash
--- http_config
    upstream u { ip_hash; server 127.0.0.1:1; server 127.0.0.1:2 backup; }
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*balancing method does not support parameter "backup" in \S+nginx\.conf:\d+/



=== TEST 20: no backups with hash
--- http_config
    upstream u { hash $uri; server 127.0.0.1:1; server 127.0.0.1:2 backup; }
--- config
--- must_die
--- error_log: balancing method does not support parameter "backup"



=== TEST 21: no backups with random
--- http_config
    upstream u { random two; server 127.0.0.1:1; server 127.0.0.1:2 backup; }
--- config
--- must_die
--- error_log: balancing method does not support parameter "backup"



=== TEST 22: slow_start does not go with a hash
--- http_config
    upstream u { hash $uri; server 127.0.0.1:1 slow_start=30s; server 127.0.0.1:2; }
--- config
--- must_die
--- error_log: balancing method does not support parameter "slow_start"
--- not_nginx: slow_start is sold with NGINX Plus



=== TEST 23: hash knows one more word
--- http_config
    upstream u { hash $uri ketama; server 127.0.0.1:1; }
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*invalid parameter "ketama" in/



=== TEST 24: random knows few words
--- http_config
    upstream u { random two fastest; server 127.0.0.1:1; }
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*invalid parameter "fastest" in/



=== TEST 25: max_conns: who has enough is left out
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1 max_conns=1; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2 backup; }
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 200 "1\n"; } location /busy { proxy_pass http://u/in; } }
    server { listen $TEST_NGINX_RAND_PORT_2; location / { return 200 "backup\n"; } }
--- config
    location / { proxy_pass http://u; }
--- request eval
["GET /busy", "GET /t", "GET /busy"]
--- response_body eval
["backup\n", "1\n", "backup\n"]



=== TEST 26: drain: nobody new
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1 drain; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    server { listen $TEST_NGINX_RAND_PORT_2; return 200 "2\n"; }
--- config
    location / { proxy_pass http://u; }
--- request eval
["GET /t", "GET /t", "GET /t"]
--- response_body eval
["2\n", "2\n", "2\n"]
--- not_nginx: sold with NGINX Plus



=== TEST 27: more failing servers than 32: all are asked
--- http_config eval
"upstream u { " . 'server 127.0.9.1:1; server 127.0.9.2:1; server 127.0.9.3:1; server 127.0.9.4:1; ' x 10 . "server 127.0.0.1:\$TEST_NGINX_RAND_PORT_2; }
server { listen \$TEST_NGINX_RAND_PORT_2; return 200 '2'; }"
--- config
    location /t { proxy_pass http://u; }
--- request
GET /t
--- response_body: 2
