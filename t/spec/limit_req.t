# SPDX-License-Identifier: Apache-2.0
# limit_req: rates per key
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: one a minute, the second is refused
--- http_config
    limit_req_zone $arg_k zone=one:1m rate=1r/m;
--- config
    location /l { limit_req zone=one; alias html/; }
--- request eval
["GET /l/index.html?k=a", "GET /l/index.html?k=a", "GET /l/index.html?k=b", "GET /l/index.html"]
--- error_code eval
[200, 503, 200, 200]
--- error_log eval
qr/\[error\] \d+#\d+: \*\d+ limiting requests, excess: (0\.9\d\d|1\.000) by zone "one", client: 127\.0\.0\.1, server: \S+, request: "GET \/l\/index\.html\?k=a HTTP\/1\.1", host: /



=== TEST 2: return answers before the limit is asked
--- http_config
    limit_req_zone $arg_k zone=one:1m rate=1r/m;
--- config
    location /t { limit_req zone=one; return 200 "ok\n"; }
--- request eval
["GET /t?k=a", "GET /t?k=a"]
--- error_code eval
[200, 200]
--- no_error_log
limiting



=== TEST 3: an empty key is not counted
--- http_config
    limit_req_zone $arg_k zone=one:1m rate=1r/m;
--- config
    location / { limit_req zone=one; }
--- request eval
["GET /index.html", "GET /index.html", "GET /index.html?k="]
--- error_code eval
[200, 200, 200]



=== TEST 4: burst with nodelay
--- http_config
    limit_req_zone $server_name zone=one:1m rate=1r/m;
--- config
    location / { limit_req zone=one burst=2 nodelay; add_header S $limit_req_status always; }
--- request eval
["GET /index.html", "GET /index.html", "GET /index.html", "GET /index.html"]
--- error_code eval
[200, 200, 200, 503]
--- response_headers eval
["S: PASSED", "S: PASSED", "S: PASSED", "S: REJECTED"]
--- error_log eval
qr/limiting requests, excess: (2\.9\d\d|3\.000) by zone "one"/



=== TEST 5: what is within burst waits
--- http_config
    limit_req_zone $server_name zone=one:1m rate=2r/s;
--- config
    location / { limit_req zone=one burst=5; add_header S $limit_req_status always; }
--- request eval
["GET /index.html", "GET /index.html"]
--- error_code eval
[200, 200]
--- response_headers eval
["S: PASSED", "S: DELAYED"]
--- log_level: info
--- error_log eval
qr/\[warn\] \d+#\d+: \*\d+ delaying request, excess: (0\.\d{3}|1\.000), by zone "one", client: /



=== TEST 6: delay= lets some through at once
--- http_config
    limit_req_zone $server_name zone=one:1m rate=2r/s;
--- config
    location / { limit_req zone=one burst=3 delay=1; add_header S $limit_req_status always; }
--- request eval
["GET /index.html", "GET /index.html", "GET /index.html"]
--- response_headers eval
["S: PASSED", "S: PASSED", "S: DELAYED"]
--- error_code eval
[200, 200, 200]



=== TEST 7: status and log level
--- http_config
    limit_req_zone $server_name zone=one:1m rate=1r/m;
--- config
    location / { limit_req zone=one; limit_req_status 429; limit_req_log_level notice; }
--- request eval
["GET /index.html", "GET /index.html"]
--- error_code eval
[200, 429]
--- error_log
[notice]
limiting requests, excess:



=== TEST 8: a delay is logged one level below
--- http_config
    limit_req_zone $server_name zone=one:1m rate=2r/s;
--- config
    location / { limit_req zone=one burst=5; limit_req_log_level warn; }
--- request eval
["GET /index.html", "GET /index.html"]
--- error_code eval
[200, 200]
--- error_log eval
qr/\[notice\] \d+#\d+: \*\d+ delaying request, excess: /



=== TEST 9: a dry run refuses nobody
--- http_config
    limit_req_zone $server_name zone=one:1m rate=1r/m;
--- config
    limit_req_dry_run on;
    location / { limit_req zone=one burst=1; add_header S $limit_req_status always; }
--- request eval
["GET /index.html", "GET /index.html", "GET /index.html"]
--- error_code eval
[200, 200, 200]
--- response_headers eval
["S: PASSED", "S: DELAYED_DRY_RUN", "S: REJECTED_DRY_RUN"]
--- error_log eval
[qr/delaying request, dry run, excess: (0\.9\d\d|1\.000), by zone "one"/, qr/limiting requests, dry run, excess: (1\.9\d\d|2\.000) by zone "one"/]



=== TEST 10: several limits, the strictest decides
--- http_config
    limit_req_zone $server_name zone=all:1m rate=1r/m;
    limit_req_zone $arg_k zone=one:1m rate=1r/m;
--- config
    location / { limit_req zone=all burst=2 nodelay; limit_req zone=one; }
--- request eval
["GET /index.html?k=a", "GET /index.html?k=a", "GET /index.html?k=b", "GET /index.html?k=c", "GET /index.html?k=d"]
--- error_code eval
[200, 503, 200, 200, 503]
--- error_log eval
[qr/by zone "one"/, qr/by zone "all"/]



=== TEST 11: who is refused by one has not been counted by the other
--- http_config
    limit_req_zone $arg_k zone=one:1m rate=1r/m;
    limit_req_zone $server_name zone=all:1m rate=1r/m;
--- config
    location / { limit_req zone=all burst=1 nodelay; limit_req zone=one; }
--- request eval
["GET /index.html?k=a", "GET /index.html?k=a", "GET /index.html?k=a", "GET /index.html?k=b"]
--- error_code eval
[200, 503, 503, 200]



=== TEST 12: inherited as a whole, and replaced as a whole
--- http_config
    limit_req_zone $arg_k zone=one:1m rate=1r/m;
    limit_req_zone $arg_k zone=two:1m rate=1r/m;
    limit_req zone=one;
--- config
    location /in { alias html/; }
    location /own { limit_req zone=two burst=5 nodelay; alias html/; }
--- request eval
["GET /in/index.html?k=a", "GET /own/index.html?k=a", "GET /own/index.html?k=a", "GET /in/index.html?k=a"]
--- error_code eval
[200, 200, 200, 503]



=== TEST 13: an internal redirect is not a second request
--- http_config
    limit_req_zone $server_name zone=one:1m rate=1r/m;
    limit_req zone=one;
--- config
    location /a { error_page 404 = /index.html; alias html/none/; }
--- request eval
["GET /a/x", "GET /index.html"]
--- error_code eval
[200, 503]



=== TEST 14: the page of the refusal is not refused
--- http_config
    limit_req_zone $server_name zone=one:1m rate=1r/m;
    limit_req zone=one;
--- config
    error_page 503 /busy.html;
--- user_files
>>> busy.html
busy
--- request eval
["GET /index.html", "GET /index.html"]
--- error_code eval
[200, 503]
--- response_body_like eval
["", "^busy\n"]



=== TEST 15: the key may be any text
--- http_config
    limit_req_zone "$http_a/$arg_k" zone=one:1m rate=1r/m;
--- config
    location / { limit_req zone=one; }
--- more_headers
A: x
--- request eval
["GET /index.html?k=a", "GET /index.html?k=b", "GET /index.html?k=a"]
--- error_code eval
[200, 200, 503]



=== TEST 16: keys of any length are told apart
--- http_config
    limit_req_zone $arg_k zone=one:1m rate=1r/m;
    large_client_header_buffers 4 16k;
--- config
    location / { limit_req zone=one; }
--- request eval
["GET /index.html?k=" . ("a" x 5000), "GET /index.html?k=" . ("a" x 4999) . "b", "GET /index.html?k=" . ("a" x 5000)]
--- error_code eval
[200, 200, 503]



=== TEST 17: a full zone forgets the oldest
--- not_nginx: keys that need several pages find none there once smaller ones have been in the zone
--- http_config
    limit_req_zone $arg_k zone=one:32k rate=1r/m;
    large_client_header_buffers 4 16k;
--- config
    location / { limit_req zone=one; }
--- request eval
["GET /index.html?k=a", "GET /index.html?k=" . ("b" x 7000), "GET /index.html?k=" . ("c" x 7000), "GET /index.html?k=" . ("d" x 7000), "GET /index.html?k=" . ("e" x 7000), "GET /index.html?k=" . ("e" x 7000), "GET /index.html?k=a"]
--- error_code eval
[200, 200, 200, 200, 200, 503, 200]



=== TEST 18: $limit_req_status is empty where no limit applies
--- http_config
    limit_req_zone $arg_k zone=one:1m rate=1r/m;
--- config
    location / { limit_req zone=one; add_header S "[$limit_req_status]"; }
--- request
GET /index.html
--- response_headers
S: []



=== TEST 19: used before it is declared
--- http_config
    limit_req zone=one;
    limit_req_zone $server_name zone=one:1m rate=1r/m;
--- config
--- request eval
["GET /index.html", "GET /index.html"]
--- error_code eval
[200, 503]



=== TEST 20: a client that leaves while it waits
--- http_config
    limit_req_zone $server_name zone=one:1m rate=2r/s;
--- config
    location / { limit_req zone=one burst=5; }
    location /first { limit_req zone=one burst=5; alias html/; }
--- request eval
["GET /first/index.html", "GET /index.html"]
--- timeout: 0.2
--- abort
--- ignore_response
--- wait: 0.3
--- access_log eval
qr/"GET \/index\.html HTTP\/1\.1" 499 0/



=== TEST 21: below info there is only info
--- http_config
    limit_req_zone $server_name zone=one:1m rate=2r/s;
--- config
    location / { limit_req zone=one burst=5; limit_req_log_level info; }
--- request eval
["GET /index.html", "GET /index.html"]
--- error_code eval
[200, 200]
--- error_log eval
qr/\[info\] \d+#\d+: \*\d+ delaying request, excess: /



=== TEST 22: a rate that does not exist
--- http_config
    limit_req_zone $arg_k zone=one:1m rate=1r/h;
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*invalid rate "rate=1r\/h" in \S+nginx\.conf:\d+/



=== TEST 23: no rate
--- http_config
    limit_req_zone $arg_k zone=one:1m;
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*invalid number of arguments in "limit_req_zone" directive in \S+nginx\.conf:\d+/



=== TEST 24: a zone without a size
--- http_config
    limit_req_zone $arg_k zone=one rate=1r/s;
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*invalid zone size "zone=one" in \S+nginx\.conf:\d+/



=== TEST 25: a zone that is too small
--- http_config
    limit_req_zone $arg_k zone=one:31k rate=1r/s;
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*zone "zone=one:31k" is too small in \S+nginx\.conf:\d+/



=== TEST 26: a zone that nobody declared
--- http_config
    limit_req zone=none;
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*zero size shared memory zone "none"/



=== TEST 27: a zone twice
--- http_config
    limit_req_zone $arg_a zone=one:1m rate=1r/s;
    limit_req_zone $arg_b zone=one:1m rate=1r/s;
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*limit_req_zone "one" is already bound to key "\$arg_a" in \S+nginx\.conf:\d+/



=== TEST 28: a zone twice with two sizes
--- http_config
    limit_req_zone $arg_a zone=one:1m rate=1r/s;
    limit_req_zone $arg_a zone=one:2m rate=1r/s;
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*the size 2097152 of shared memory zone "one" conflicts with already declared size 1048576 in \S+nginx\.conf:\d+/



=== TEST 29: another module's zone
--- http_config
    limit_conn_zone $arg_a zone=one:1m;
    limit_req zone=one;
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*the shared memory zone "one" is already declared for a different use in \S+nginx\.conf:\d+/



=== TEST 30: the same limit twice
--- http_config
    limit_req_zone $arg_a zone=one:1m rate=1r/s;
--- config
    limit_req zone=one;
    limit_req zone=one burst=5;
--- must_die
--- error_log eval
qr/\[emerg\] .*"limit_req" directive is duplicate in \S+nginx\.conf:\d+/



=== TEST 31: without a zone
--- config
    limit_req burst=5;
--- must_die
--- error_log eval
qr/\[emerg\] .*"limit_req" must have "zone" parameter in \S+nginx\.conf:\d+/



=== TEST 32: burst is a number from 1
--- http_config
    limit_req_zone $arg_a zone=one:1m rate=1r/s;
--- config
    limit_req zone=one burst=0;
--- must_die
--- error_log eval
qr/\[emerg\] .*invalid burst value "burst=0" in \S+nginx\.conf:\d+/



=== TEST 33: so is delay
--- http_config
    limit_req_zone $arg_a zone=one:1m rate=1r/s;
--- config
    limit_req zone=one delay=x;
--- must_die
--- error_log eval
qr/\[emerg\] .*invalid delay value "delay=x" in \S+nginx\.conf:\d+/



=== TEST 34: an unknown parameter
--- http_config
    limit_req_zone $arg_a zone=one:1m rate=1r/s;
--- config
    limit_req zone=one foo;
--- must_die
--- error_log eval
qr/\[emerg\] .*invalid parameter "foo" in \S+nginx\.conf:\d+/



=== TEST 35: a status that is no error
--- config
    limit_req_status 399;
--- must_die
--- error_log eval
qr/\[emerg\] .*value must be between 400 and 599 in \S+nginx\.conf:\d+/



=== TEST 36: a level that does not exist
--- config
    limit_req_log_level debug;
--- must_die
--- error_log eval
qr/\[emerg\] .*invalid value "debug" in \S+nginx\.conf:\d+/



=== TEST 37: a zone without a name
--- http_config
    limit_req_zone $arg_a zone=:1m rate=1r/s;
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*"limit_req_zone" must have "zone" parameter in \S+nginx\.conf:\d+/
