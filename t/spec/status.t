# SPDX-License-Identifier: Apache-2.0
# status: the page of all counters
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: for Prometheus
--- not_nginx: our directive
--- http_config
    limit_req_zone $arg_k zone=one:1m rate=1r/m;
    upstream app { server 127.0.0.1:1; server 127.0.0.1:2 backup; }
--- config
    location / { limit_req zone=one; }
    location = /status { status prometheus; }
--- request eval
["GET /index.html?k=a", "GET /status"]
--- response_headers eval
["", "Content-Type: text/plain; version=0.0.4"]
--- response_body_like eval
["", qr/^# HELP sluice_build_info .*\n# TYPE sluice_build_info gauge\nsluice_build_info\{version="[0-9.]+"\} 1\n(.*\n)*sluice_requests_total\{worker="0"\} 2\n(.*\n)*sluice_zone_states\{zone="one"\} 1\n(.*\n)*sluice_upstream_peer_up\{upstream="app",peer="127\.0\.0\.1:1",backup="0"\} 1\n/]



=== TEST 2: as JSON
--- not_nginx: our directive
--- config
    location = /status { status json; }
--- request
GET /status
--- response_headers
Content-Type: application/json
--- response_body_like: ^\{"version":"[0-9.]+","worker":0,"workers":\[\{"worker":0,"pid":[0-9]+,"generation":1,"index":0,"up":1,"stopped":0,"connections_accepted":[0-9]+,.*"zones":\[\],"upstreams":\[\]\}\n$



=== TEST 3: an unknown format
--- not_nginx: our directive
--- config
    location = /status { status xml; }
--- must_die
--- error_log eval
qr/\[emerg\] .*invalid value "xml"/



=== TEST 4: only GET and HEAD
--- not_nginx: our directive
--- config
    location = /status { status json; }
--- request eval
["POST /status", "HEAD /status"]
--- error_code eval
[405, 200]



=== TEST 5: counts of all workers, kept over what they did before
--- not_nginx: our directive
--- nginx_conf
daemon off; worker_processes 2; pid logs/nginx.pid; error_log logs/error.log info;
events { }
http { access_log off; server { listen $TEST_NGINX_SERVER_PORT; location /s { status prometheus; } location / { return 204; } } }
--- request eval
["GET /s"]
--- response_body_like: sluice_up\{worker="0"\} 1\nsluice_up\{worker="1"\} 1\n
