# SPDX-License-Identifier: Apache-2.0
# Lines that ask for nothing of features that are not built in: they have no effect in nginx either.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: what is off is accepted, wherever it may stand
--- http_config
    gzip off;
    autoindex off;
    charset off;
    proxy_cache off;
    auth_basic off;
    ssi off;
    userid off;
--- config
    gzip off;
    gzip_static off;
    gunzip off;
    dav_methods off;
    fastcgi_cache off;
    scgi_cache off;
    uwsgi_cache off;
    location /a {
        gzip off;
        autoindex off;
        charset off;
        auth_basic off;
        random_index off;
        return 200 "a";
    }
--- request
GET /a
--- response_body: a



=== TEST 2: a cache that is not there is passed by
--- config
    location /a {
        proxy_cache_bypass $http_upgrade $arg_fresh;
        proxy_no_cache $http_pragma;
        fastcgi_cache_bypass 1;
        fastcgi_no_cache 1;
        scgi_cache_bypass 1;
        scgi_no_cache 1;
        uwsgi_cache_bypass 1;
        uwsgi_no_cache 1;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/b;
    }
    location /b { return 200 "cache: [$upstream_cache_status]"; }
--- request
GET /a
--- response_body: cache: []



=== TEST 3: variables of what is at rest
--- config
    location /a {
        return 200 "[$gzip_ratio$upstream_cache_status$http2$proxy_protocol_addr$proxy_protocol_port$proxy_protocol_server_addr$proxy_protocol_server_port] $realip_remote_addr";
    }
    location /b { return 200 "$realip_remote_port $remote_port"; }
--- request eval
["GET /a", "GET /b"]
--- response_body_like eval
['^\[\] 127.0.0.1$', '^(\d+) \1$']



=== TEST 4: a log shows them as missing
--- http_config
    log_format status '$status cache=$upstream_cache_status ratio=$gzip_ratio';
--- config
    location /a { access_log logs/error.log status; return 204; }
--- request
GET /a
--- error_code: 204
--- error_log: 204 cache=- ratio=-



=== TEST 5: anything else about them is refused, and said to be what is not built in
--- not_nginx: it has these features
--- config
    autoindex on;
    proxy_cache $host;
    gzip off;
--- must_die
--- stderr_like: unknown directive "autoindex" in [\s\S]*nginx's autoindex module, which is not built[\s\S]*unknown directive "proxy_cache" in [\s\S]*2 errors in all, 2 of them for what is not built into this sluice: autoindex, proxy cache\n



=== TEST 6: in a place that it has not in nginx
--- config
    location /a { http2 off; }
--- must_die
--- stderr_like: "http2" directive is not allowed here|unknown directive "http2"



=== TEST 7: a condition's variable must be there
--- config
    location /a { proxy_cache_bypass $no_such_thing; }
--- must_die
--- stderr_like: unknown "no_such_thing" variable



=== TEST 8: http2 and http3 of nginx 1.25
--- not_nginx: 1.22 has them as parameters of listen only
--- config
    http2 off;
    http3 off;
    location /a { return 200 "[$http3]"; }
--- request
GET /a
--- response_body: []
