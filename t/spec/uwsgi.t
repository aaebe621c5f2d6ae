# SPDX-License-Identifier: Apache-2.0
# uwsgi: what its protocol asks for. What it shares with others: proxy.t, fastcgi.t.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: parameters that are more than the protocol can say: none is left out, the client gets 500
--- http_config
    large_client_header_buffers 4 64k;
--- config
    location /t {
        uwsgi_param QUERY_STRING $query_string;
        uwsgi_param REQUEST_URI $request_uri;
        uwsgi_param HTTPS on;
        uwsgi_pass 127.0.0.1:$TEST_NGINX_ORIGIN_PORT;
    }
--- request eval
"GET /t?" . ("a" x 33000)
--- error_code: 500
--- error_log
[alert]
uwsgi request is too big: 66



=== TEST 2: a body in chunks arrives with its length
--- config
    location /t {
        uwsgi_param CONTENT_LENGTH $content_length;
        uwsgi_pass 127.0.0.1:$TEST_NGINX_ORIGIN_PORT;
    }
--- origin
accept
some
send "Status: 200 OK\r\nContent-Length: 3\r\n\r\nhi\n"
close
--- raw_request eval
"POST /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
--- response_body
hi
--- origin_query_like: CONTENT_LENGTH\x01\x003.*abc
