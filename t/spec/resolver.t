# SPDX-License-Identifier: Apache-2.0
# resolver: names in variables, in `server` and in proxy_pass, against a scripted DNS server.
use Test::Nginx::Socket 'no_plan';

our $Names = 'map $uri $app { default app.test; /wait slow.test; /missing no.test; }';

our $Apps = $Names . qq{
    server { listen 127.0.0.1:\$TEST_NGINX_RAND_PORT_1; location / { return 200 "one \$http_host\\n"; } }
    server { listen 127.0.0.2:\$TEST_NGINX_RAND_PORT_1; location / { return 200 "two\\n"; } }
};

run_tests();

__DATA__

=== TEST 1: a name in a variable
--- http_config eval: $::Apps
--- config
    location / { resolver 127.0.0.1:$TEST_NGINX_DNS_PORT ipv6=off; proxy_pass http://$app:$TEST_NGINX_RAND_PORT_1; }
--- dns
app.test A 127.0.0.1 ttl=60
--- request eval
["GET /", "GET /"]
--- response_body_like eval
["one app.test:", "one app.test:"]
--- dns_questions_like: \Audp app\.test A\n\z



=== TEST 2: it changes when its TTL is over
--- http_config eval: $::Apps
--- config
    location /a { resolver 127.0.0.1:$TEST_NGINX_DNS_PORT ipv6=off; proxy_pass http://$app:$TEST_NGINX_RAND_PORT_1/; }
    location /wait { resolver 127.0.0.1:$TEST_NGINX_DNS_PORT ipv6=off; proxy_pass http://$app:$TEST_NGINX_RAND_PORT_1/; }
--- dns
app.test A 127.0.0.1 ttl=1
app.test A 127.0.0.2 ttl=1
slow.test A sleep 1.9 127.0.0.1
--- request eval
["GET /a", "GET /wait", "GET /a"]
--- response_body_like eval
["one", "one", "two"]



=== TEST 3: valid= is longer than the TTL
--- http_config eval: $::Apps
--- config
    location /a { resolver 127.0.0.1:$TEST_NGINX_DNS_PORT ipv6=off valid=60s; proxy_pass http://$app:$TEST_NGINX_RAND_PORT_1/; }
    location /wait { resolver 127.0.0.1:$TEST_NGINX_DNS_PORT ipv6=off valid=60s; proxy_pass http://$app:$TEST_NGINX_RAND_PORT_1/; }
--- dns
app.test A 127.0.0.1 ttl=1
app.test A 127.0.0.2 ttl=1
slow.test A sleep 1.2 127.0.0.1
--- request eval
["GET /a", "GET /wait", "GET /a"]
--- response_body_like eval
["one", "one", "one"]



=== TEST 4: no such name
--- http_config eval: $::Names
--- config
    location / { resolver 127.0.0.1:$TEST_NGINX_DNS_PORT; proxy_pass http://$app; }
--- dns
app.test A 127.0.0.1
--- request
GET /missing
--- error_code: 502
--- error_log
no.test could not be resolved (3: Host not found)



=== TEST 5: a server that does not answer
--- http_config eval: $::Names
--- config
    location / { resolver 127.0.0.1:$TEST_NGINX_DNS_PORT ipv6=off; resolver_timeout 1s; proxy_pass http://$app; }
--- dns
app.test A silence
--- request
GET /
--- error_code: 502
--- error_log
app.test could not be resolved (110: Operation timed out)



=== TEST 6: what is too long comes over TCP
--- http_config eval: $::Apps
--- config
    location / { resolver 127.0.0.1:$TEST_NGINX_DNS_PORT ipv6=off; proxy_pass http://$app:$TEST_NGINX_RAND_PORT_1; }
--- dns
app.test A truncated 127.0.0.2
--- request
GET /
--- response_body
two
--- dns_questions_like: \Audp app\.test A\ntcp app\.test A\n\z



=== TEST 7: lies are not believed
--- http_config eval: $::Apps
--- config
    location / { resolver 127.0.0.1:$TEST_NGINX_DNS_PORT ipv6=off; proxy_pass http://$app:$TEST_NGINX_RAND_PORT_1; }
--- dns
app.test A wrong_id 127.0.0.1 then 127.0.0.2
--- request
GET /
--- response_body
two
--- no_error_log
[alert]



=== TEST 8: $proxy_error names the reason
--- config
    location / {
        resolver 127.0.0.1:$TEST_NGINX_DNS_PORT; resolver_timeout 500ms;
        proxy_pass http://$arg_name;
        error_page 502 = /why;
    }
    location = /why { internal; return 200 "$proxy_error\n"; }
--- dns
bad.test A servfail
bad.test AAAA servfail
slow.test A silence
--- request eval
["GET /?name=no.test", "GET /?name=bad.test", "GET /?name=slow.test"]
--- response_body eval
["resolve_not_found\n", "resolve_failed\n", "resolve_timeout\n"]
--- not_nginx: $proxy_error is ours



=== TEST 9: `server NAME resolve` is found once workers serve, and follows its name
--- http_config
    map $uri $app { default app.test; /wait slow.test; }
    upstream app { resolver 127.0.0.1:$TEST_NGINX_DNS_PORT ipv6=off; server app.test:$TEST_NGINX_RAND_PORT_1 resolve; }
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1; location / { return 200 "one\n"; } }
    server { listen 127.0.0.2:$TEST_NGINX_RAND_PORT_1; location / { return 200 "two\n"; } }
--- config
    location /a { proxy_pass http://app/; }
    location /wait { resolver 127.0.0.1:$TEST_NGINX_DNS_PORT ipv6=off; proxy_pass http://$app:$TEST_NGINX_RAND_PORT_1/; }
--- dns
app.test A 127.0.0.1 ttl=1
app.test A 127.0.0.2 ttl=60
slow.test A sleep 1.5 127.0.0.1
--- request eval
["GET /a", "GET /wait", "GET /a"]
--- response_body_like eval
["one", "one", "two"]
--- not_nginx: resolve in open source came with 1.27.3



=== TEST 10: proxy_pass with a name that does not resolve at start
--- config
    resolver 127.0.0.1:$TEST_NGINX_DNS_PORT ipv6=off;
    location / { proxy_pass http://app.sluice.invalid:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1; location / { return 200 "one\n"; } }
--- dns
app.sluice.invalid A 127.0.0.1
--- request
GET /
--- response_body
one
--- error_log
host not found in upstream "app.sluice.invalid:
--- not_nginx: there it does not start



=== TEST 11: the last answer is kept while servers fail
--- http_config
    map $uri $app { default app.test; /wait slow.test; }
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1; location / { return 200 "one\n"; } }
--- config
    resolver 127.0.0.1:$TEST_NGINX_DNS_PORT ipv6=off;
    location /a { proxy_pass http://$app:$TEST_NGINX_RAND_PORT_1/; }
    location /wait { proxy_pass http://$app:$TEST_NGINX_RAND_PORT_1/; }
    location /status { status prometheus; }
--- dns
app.test A 127.0.0.1 ttl=1
app.test A servfail
slow.test A sleep 1.2 127.0.0.1
--- request eval
["GET /a", "GET /wait", "GET /a", "GET /status"]
--- response_body_like eval
["one", "one", "one", "sluice_names_stale_total\{[^}]*\} 1\n"]
--- error_log
app.test could not be resolved (2: Server failure)
--- not_nginx: it forgets what it knew



=== TEST 12: no longer than resolver_stale
--- http_config
    map $uri $app { default app.test; /wait slow.test; }
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1; location / { return 200 "one\n"; } }
--- config
    resolver 127.0.0.1:$TEST_NGINX_DNS_PORT ipv6=off;
    resolver_stale 100ms;
    location /a { proxy_pass http://$app:$TEST_NGINX_RAND_PORT_1/; }
    location /wait { proxy_pass http://$app:$TEST_NGINX_RAND_PORT_1/; }
--- dns
app.test A 127.0.0.1 ttl=1
app.test A servfail
slow.test A sleep 1.5 127.0.0.1
--- request eval
["GET /a", "GET /wait", "GET /a"]
--- error_code eval
[200, 200, 502]
--- error_log
the last addresses of app.test are too old to be used
--- not_nginx: resolver_stale is ours



=== TEST 13: service=: priorities, weights and ports
--- http_config
    resolver 127.0.0.1:$TEST_NGINX_DNS_PORT ipv6=off;
    upstream app { server app.test service=http resolve; }
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1; location / { return 200 "one\n"; } }
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_2; location / { return 200 "two\n"; } }
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_3; location / { return 200 "backup\n"; } }
--- config
    location / { proxy_pass http://app; }
--- dns
_http._tcp.app.test SRV 1 2 $TEST_NGINX_RAND_PORT_1 a.test, 1 1 $TEST_NGINX_RAND_PORT_2 a.test, 9 1 $TEST_NGINX_RAND_PORT_3 a.test
a.test A 127.0.0.1
--- request eval
["GET /", "GET /", "GET /", "GET /", "GET /", "GET /"]
--- response_body eval
["one\n", "two\n", "one\n", "one\n", "two\n", "one\n"]
--- not_nginx: service in open source came with 1.27.3



=== TEST 14: service=: where the servers are gone backups serve
--- http_config
    resolver 127.0.0.1:$TEST_NGINX_DNS_PORT ipv6=off;
    upstream app { server app.test service=_http._tcp resolve; }
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_3; location / { return 200 "backup\n"; } }
--- config
    location / { proxy_pass http://app; }
--- dns
_http._tcp.app.test SRV 1 2 $TEST_NGINX_RAND_PORT_1 a.test, 9 1 $TEST_NGINX_RAND_PORT_3 a.test
a.test A 127.0.0.1
--- request
GET /
--- response_body
backup
--- error_log
connect() failed (111: Connection refused) while connecting to upstream
--- not_nginx: service in open source came with 1.27.3



=== TEST 15: service= asks for resolve
--- http_config
    upstream app { server app.test service=http; }
--- config
    location / { proxy_pass http://app; }
--- must_die
--- stderr_like: service upstream "app.test" requires "resolve" parameter
--- not_nginx: service in open source came with 1.27.3



=== TEST 16: service= and a port
--- http_config
    upstream app { server app.test:80 service=http resolve; }
--- config
    location / { proxy_pass http://app; }
--- must_die
--- stderr_like: service upstream "app.test:80" may not have port
--- not_nginx: service in open source came with 1.27.3



=== TEST 17: wrong parameters of resolver
--- config
    location / { resolver 127.0.0.1 valid=x; }
--- must_die
--- stderr_like: invalid parameter: valid=x



=== TEST 18: no servers
--- config
    location / { resolver valid=5s; }
--- must_die
--- stderr_like: no name servers defined



=== TEST 19: a port that is none
--- config
    location / { resolver 127.0.0.1:99999; }
--- must_die
--- stderr_like: invalid port in resolver "127.0.0.1:99999"



=== TEST 20: twice
--- config
    location / { resolver 127.0.0.1; resolver 127.0.0.1; }
--- must_die
--- stderr_like: "resolver" directive is duplicate



=== TEST 21: neither kind of addresses
--- config
    location / { resolver 127.0.0.1 ipv4=off ipv6=off; }
--- must_die
--- stderr_like: "ipv4" and "ipv6" cannot both be "off"
--- not_nginx: ipv4=off came with 1.23.1



=== TEST 22: a server of names that nobody knows
--- config
    location / { resolver no.such.invalid; }
--- must_die
--- stderr_like: host not found in resolver "no.such.invalid"



=== TEST 23: how servers refuse to answer
--- http_config
    map $uri $app { default app.test; /b b.test; }
--- config
    location / { resolver 127.0.0.1:$TEST_NGINX_DNS_PORT ipv6=off; proxy_pass http://$app; }
--- dns
app.test A refused
b.test A servfail
--- request eval
["GET /a", "GET /b"]
--- error_code eval
[502, 502]
--- error_log
app.test could not be resolved (5: Operation refused)
b.test could not be resolved (2: Server failure)
