# SPDX-License-Identifier: Apache-2.0
# Which server {} answers, and what it calls itself.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: exact name
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name a.test; return 200 "a\n"; }
    server { listen $TEST_NGINX_SERVER_PORT; server_name b.test; return 200 "b\n"; }
--- config
--- request
GET /
--- more_headers
Host: b.test
--- response_body
b



=== TEST 2: names are compared without case
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name a.test; return 200 "a\n"; }
    server { listen $TEST_NGINX_SERVER_PORT; server_name B.Test; return 200 "b\n"; }
--- config
--- request
GET /
--- more_headers
Host: b.tEST
--- response_body
b



=== TEST 3: the port of Host plays no part
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name a.test; return 200 "a\n"; }
    server { listen $TEST_NGINX_SERVER_PORT; server_name b.test; return 200 "b $host $http_host\n"; }
--- config
--- request
GET /
--- more_headers
Host: b.test:99
--- response_body
b b.test b.test:99



=== TEST 4: a trailing dot of Host is dropped
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name a.test; return 200 "a\n"; }
    server { listen $TEST_NGINX_SERVER_PORT; server_name b.test; return 200 "b $host\n"; }
--- config
--- request
GET /
--- more_headers
Host: b.test.
--- response_body
b b.test



=== TEST 5: the first server is the default
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name a.test; return 200 "a\n"; }
    server { listen $TEST_NGINX_SERVER_PORT; server_name b.test; return 200 "b\n"; }
--- config
--- request
GET /
--- more_headers
Host: nobody.test
--- response_body
a



=== TEST 6: default_server is the default
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name a.test; return 200 "a\n"; }
    server { listen $TEST_NGINX_SERVER_PORT default_server; server_name b.test; return 200 "b\n"; }
--- config
--- request
GET /
--- more_headers
Host: nobody.test
--- response_body
b



=== TEST 7: two default servers for one address are refused
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT default_server; }
    server { listen $TEST_NGINX_SERVER_PORT default_server; }
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*a duplicate default server for 0\.0\.0\.0:\d+ in \S+nginx\.conf:\d+/



=== TEST 8: leading wildcard
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name a.test; return 200 "a\n"; }
    server { listen $TEST_NGINX_SERVER_PORT; server_name *.b.test; return 200 "b\n"; }
--- config
--- request eval
["GET /", "GET /", "GET /"]
--- more_headers eval
["Host: x.b.test", "Host: x.y.b.test", "Host: b.test"]
--- response_body eval
["b\n", "b\n", "a\n"]



=== TEST 9: trailing wildcard
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name a.test; return 200 "a\n"; }
    server { listen $TEST_NGINX_SERVER_PORT; server_name www.b.*; return 200 "b\n"; }
--- config
--- request eval
["GET /", "GET /", "GET /"]
--- more_headers eval
["Host: www.b.test", "Host: www.b.co.test", "Host: b.test"]
--- response_body eval
["b\n", "b\n", "a\n"]



=== TEST 10: a leading dot means the name and what is below it
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name a.test; return 200 "a\n"; }
    server { listen $TEST_NGINX_SERVER_PORT; server_name .b.test; return 200 "b\n"; }
--- config
--- request eval
["GET /", "GET /", "GET /"]
--- more_headers eval
["Host: b.test", "Host: x.b.test", "Host: xb.test"]
--- response_body eval
["b\n", "b\n", "a\n"]



=== TEST 11: exact before leading wildcard before trailing wildcard before regex
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name ~^w; return 200 "regex\n"; }
    server { listen $TEST_NGINX_SERVER_PORT; server_name www.*; return 200 "trailing\n"; }
    server { listen $TEST_NGINX_SERVER_PORT; server_name *.b.test; return 200 "leading\n"; }
    server { listen $TEST_NGINX_SERVER_PORT; server_name www.b.test; return 200 "exact\n"; }
--- config
--- request eval
["GET /", "GET /", "GET /", "GET /"]
--- more_headers eval
["Host: www.b.test", "Host: www.x.b.test", "Host: www.c.test", "Host: w.c.test"]
--- response_body eval
["exact\n", "leading\n", "trailing\n", "regex\n"]



=== TEST 12: the longest leading wildcard wins
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name *.test; return 200 "short\n"; }
    server { listen $TEST_NGINX_SERVER_PORT; server_name *.b.test; return 200 "long\n"; }
--- config
--- request eval
["GET /", "GET /"]
--- more_headers eval
["Host: a.b.test", "Host: a.c.test"]
--- response_body eval
["long\n", "short\n"]



=== TEST 13: the first matching regex wins
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name ~^a; return 200 "1\n"; }
    server { listen $TEST_NGINX_SERVER_PORT; server_name ~^ab; return 200 "2\n"; }
--- config
--- request
GET /
--- more_headers
Host: ab.test
--- response_body
1



=== TEST 14: numbered captures of a regex name
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name ~^(\w+)\.(\w+)\.test$; return 200 "$2-$1\n"; }
--- config
--- request
GET /
--- more_headers
Host: one.two.test
--- response_body
two-one



=== TEST 15: named captures of a regex name
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name ~^(?<who>\w+)\.test$; return 200 "$who\n"; }
--- config
--- request
GET /
--- more_headers
Host: me.test
--- response_body
me



=== TEST 16: a name that is not a wildcard pattern is refused
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name a.*.test; }
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*invalid server name or wildcard "a\.\*\.test" on 0\.0\.0\.0:\d+/



=== TEST 17: a name given twice is a warning
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name a.test; return 200 "1\n"; }
    server { listen $TEST_NGINX_SERVER_PORT; server_name a.test; return 200 "2\n"; }
--- config
--- request
GET /
--- more_headers
Host: a.test
--- response_body
1
--- error_log eval
qr/\[warn\] .*conflicting server name "a\.test" on 0\.0\.0\.0:\d+, ignored/



=== TEST 18: no Host in HTTP/1.0: the default server, and $host is its name
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name a.test; return 200 "$host|$http_host|$server_name\n"; }
--- config
--- raw_request eval
"GET / HTTP/1.0\r\n\r\n"
--- response_body
a.test||a.test



=== TEST 19: no Host in HTTP/1.1 is a bad request
--- config
--- raw_request eval
"GET / HTTP/1.1\r\n\r\n"
--- error_code: 400
--- error_log: client sent HTTP/1.1 request without "Host" header



=== TEST 20: an empty server_name takes requests without a name
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name a.test; return 200 "a\n"; }
    server { listen $TEST_NGINX_SERVER_PORT; server_name ""; return 200 "none\n"; }
--- config
--- raw_request eval
"GET / HTTP/1.0\r\n\r\n"
--- response_body
none



=== TEST 21: the host of an absolute request target wins over Host
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name a.test; return 200 "a\n"; }
    server { listen $TEST_NGINX_SERVER_PORT; server_name b.test; return 200 "b $host $uri\n"; }
--- config
--- request
GET http://b.test/x?y
--- more_headers
Host: a.test
--- response_body
b b.test /x



=== TEST 22: $hostname as a server name
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT default_server; server_name $hostname; return 200 "$server_name $hostname\n"; }
--- config
--- request
GET /
--- more_headers
Host: nobody.test
--- response_body_like chop
^(\S+) \1
$



=== TEST 23: a server is chosen per listening address
--- http_config
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1; server_name a.test; return 200 "one $server_port\n"; }
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_2; server_name a.test; return 200 "two $server_port\n"; }
--- config
--- connect: 127.0.0.1:$TEST_NGINX_RAND_PORT_2
--- request
GET /
--- response_body
two $TEST_NGINX_RAND_PORT_2



=== TEST 24: a specific address goes before the wildcard address
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "any $server_addr\n"; }
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1; return 200 "own $server_addr\n"; }
--- config
--- connect: 127.0.0.1:$TEST_NGINX_RAND_PORT_1
--- request
GET /
--- response_body
own 127.0.0.1



=== TEST 25: listen on a unix socket
--- http_config
    server { listen unix:$TEST_NGINX_SERVER_ROOT/a.sock; return 200 "$remote_addr $server_addr\n"; }
--- config
--- connect: unix:$TEST_NGINX_SERVER_ROOT/a.sock
--- request
GET /
--- response_body
unix: unix:$TEST_NGINX_SERVER_ROOT/a.sock



=== TEST 26: listen on IPv6
--- http_config
    server { listen [::1]:$TEST_NGINX_RAND_PORT_1; return 200 "$remote_addr $server_addr\n"; }
--- config
--- connect: [::1]:$TEST_NGINX_RAND_PORT_1
--- request
GET /
--- response_body
::1 ::1



=== TEST 27: an IPv6 literal in Host
--- config
    location /t { return 200 "$host\n"; }
--- request
GET /t
--- more_headers
Host: [::1]:80
--- response_body
[::1]



=== TEST 28: a range of ports
--- http_config
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1-$TEST_NGINX_RAND_PORT_3; return 200 "$server_port\n"; }
--- config
--- connect: 127.0.0.1:$TEST_NGINX_RAND_PORT_3
--- request
GET /
--- response_body
$TEST_NGINX_RAND_PORT_3



=== TEST 29: the same listen twice in one server is refused
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; listen $TEST_NGINX_RAND_PORT_1; }
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*a duplicate listen 0\.0\.0\.0:\d+ in \S+nginx\.conf:\d+/



=== TEST 30: many long names need no hash sizes
--- http_config
    server { listen $TEST_NGINX_SERVER_PORT; server_name a.test; return 200 "a\n"; }
    server {
        listen $TEST_NGINX_SERVER_PORT;
        server_name this-is-a-very-long-label-of-a-server-name.with-another-quite-long-label.and-one-more-label.test;
        return 200 "long\n";
    }
--- config
--- request
GET /
--- more_headers
Host: this-is-a-very-long-label-of-a-server-name.with-another-quite-long-label.and-one-more-label.test
--- response_body
long
--- not_nginx: nginx wants server_names_hash_bucket_size raised



=== TEST 31: who is refused is refused by the server that was named
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_0; server_name first; }
    server { listen $TEST_NGINX_RAND_PORT_0; server_name second; add_header X-S second always; }
--- config
--- connect: $TEST_NGINX_RAND_PORT_0
--- request
TRACE /
--- more_headers
Host: second
--- error_code: 405
--- response_headers
X-S: second



=== TEST 32: also when its headers were too large
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_0; server_name first; }
    server { listen $TEST_NGINX_RAND_PORT_0; server_name second; add_header X-S "second $connection_requests" always; }
--- config
--- connect: $TEST_NGINX_RAND_PORT_0
--- raw_request eval
"GET / HTTP/1.1\r\nHost: second\r\nX-A: " . "a" x 9000 . "\r\n\r\n"
--- error_code: 400
--- response_headers
X-S: second 1
