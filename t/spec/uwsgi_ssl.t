# SPDX-License-Identifier: Apache-2.0
# TLS towards uwsgi programs. It is the engine of proxy_ssl_*: proxy_ssl.t has the rest.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: suwsgi://
--- config
    location /t {
        uwsgi_pass suwsgi://127.0.0.1:$TEST_NGINX_ORIGIN_PORT;
        uwsgi_param NAME value;
    }
--- origin
accept
tls $TEST_NGINX_CERTS/localhost.pem
some
send "Status: 200 OK\r\nContent-Length: 3\r\n\r\nhi\n"
bye
close
--- request
GET /t
--- response_body
hi
--- origin_query_like: NAME\x05\x00value



=== TEST 2: uwsgi:// is plain
--- config
    location /t {
        uwsgi_pass uwsgi://127.0.0.1:$TEST_NGINX_ORIGIN_PORT;
        uwsgi_param NAME value;
    }
--- origin
accept
some
send "Status: 200 OK\r\nContent-Length: 3\r\n\r\nhi\n"
close
--- request
GET /t
--- response_body
hi
--- origin_query_like: NAME\x05\x00value



=== TEST 3: verified, by a name of its own
--- config
    location /t {
        uwsgi_pass suwsgi://127.0.0.1:$TEST_NGINX_ORIGIN_PORT;
        uwsgi_ssl_verify on;
        uwsgi_ssl_name a.some.test;
        uwsgi_ssl_server_name on;
        uwsgi_ssl_trusted_certificate $TEST_NGINX_CERTS/ca.pem;
    }
--- origin
accept
tls $TEST_NGINX_CERTS/localhost.pem
some
send "Status: 200 OK\r\nContent-Length: 3\r\n\r\nhi\n"
bye
close
--- request
GET /t
--- response_body
hi



=== TEST 4: the certificate of somebody else
--- config
    location /t {
        uwsgi_pass suwsgi://127.0.0.1:$TEST_NGINX_ORIGIN_PORT;
        uwsgi_ssl_verify on;
        uwsgi_ssl_trusted_certificate $TEST_NGINX_CERTS/ca.pem;
    }
--- origin
accept
tls $TEST_NGINX_CERTS/self.pem
some
close
--- request
GET /t
--- error_code: 502
--- error_log: upstream SSL certificate verify error: (18:self



=== TEST 5: verify without anybody to trust
--- config
    location /t {
        uwsgi_pass suwsgi://127.0.0.1:$TEST_NGINX_ORIGIN_PORT;
        uwsgi_ssl_verify on;
    }
--- must_die
--- error_log: no uwsgi_ssl_trusted_certificate for uwsgi_ssl_verify



=== TEST 6: a kept connection over TLS is not for plain requests
--- http_config
    upstream app { server 127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- config
    location /t { uwsgi_pass suwsgi://app; }
    location /plain { uwsgi_pass app; }
--- origin
accept
tls $TEST_NGINX_CERTS/localhost.pem
some
send "Status: 200 OK\r\nContent-Length: 3\r\n\r\none"
bye
close
accept
some
send "Status: 200 OK\r\nContent-Length: 3\r\n\r\ntwo"
close
--- request eval
["GET /t", "GET /plain"]
--- response_body eval
["one", "two"]
