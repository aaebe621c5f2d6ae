# SPDX-License-Identifier: Apache-2.0
# proxy_pass: what the app sees, and what of its answer the client sees.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: defaults: method, URI, Host, no Connection from the client
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/app; }
    location /app { return 200 "$request_method $request_uri $http_host [$http_x]\n"; }
--- request
GET /t/a?b=c
--- more_headers
X: y
--- response_body
GET /app/a?b=c 127.0.0.1:$TEST_NGINX_SERVER_PORT [y]



=== TEST 2: HTTP/1.1 to the app, and no Connection header
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
--- request
GET /t
--- response_body: ok
--- origin_query eval
"GET /t HTTP/1.1\r\nHost: 127.0.0.1:$TEST_NGINX_ORIGIN_PORT\r\n\r\n"
--- not_nginx: the default is HTTP/1.0 and Connection: close before 1.29.7



=== TEST 3: proxy_http_version 1.0
--- config
    location /t { proxy_http_version 1.0; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"
--- request
GET /t
--- response_body: ok
--- origin_query eval
"GET /t HTTP/1.0\r\nHost: 127.0.0.1:$TEST_NGINX_ORIGIN_PORT\r\nConnection: close\r\n\r\n"



=== TEST 4: without a URI the target goes as it came
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT; proxy_set_header X-App 1; }
    location / { if_modified_since off; return 200 "$request_uri\n"; }
    location /t/app { return 200 "$request_uri\n"; }
--- request
GET /t/x/..//app/%61%2fb?q=%20
--- response_body
/t/x/..//app/%61%2fb?q=%20



=== TEST 5: with a URI the decoded path is escaped anew
--- config
    location /t/ { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/app/; }
    location /app/ { return 200 "$request_uri\n"; }
--- request
GET /t/a%20b/%61%2fc/../%3F%23%25?q=%20
--- response_body
/app/a%20b/a/%3F%23%25?q=%20



=== TEST 6: the location is replaced by the URI, whatever that makes
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/app/; }
    location /app { return 200 "$request_uri\n"; }
--- request
GET /t/x
--- response_body
/app//x



=== TEST 7: a slash only as the URI
--- config
    location /t/ { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/; }
    location / { return 200 "$request_uri\n"; }
--- request
GET /t/a/b
--- response_body
/a/b



=== TEST 8: a query in the URI of proxy_pass
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/app?x=1; }
    location /app { return 200 "$request_uri\n"; }
--- request
GET /t
--- response_body
/app?x=1



=== TEST 9: variables in proxy_pass: the URI is used as it is
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/app$uri?$args&z=1; }
    location /app { return 200 "$request_uri\n"; }
--- request
GET /t/a?b=c
--- response_body
/app/t/a?b=c&z=1



=== TEST 10: variables in the address without a URI
--- config
    location /t { proxy_pass http://127.0.0.1:$arg_port; }
    location /t/app { return 200 "$request_uri\n"; }
--- request
GET /t/%61?port=$TEST_NGINX_RAND_PORT_1
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "$request_uri\n"; }
--- response_body
/t/%61?port=$TEST_NGINX_RAND_PORT_1



=== TEST 11: $request_uri in proxy_pass goes untouched
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1$request_uri; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "$request_uri\n"; }
--- request
GET /t//%2f%41
--- response_body
/t//%2f%41



=== TEST 12: a regex location without a URI
--- config
    location ~ ^/t/\d+ { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "$request_uri\n"; }
--- request
GET /t/12?a
--- response_body
/t/12?a



=== TEST 13: a URI in a regex location is refused
--- config
    location ~ ^/t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/x; }
--- must_die
--- error_log eval
qr/\[emerg\] .*"proxy_pass" cannot have URI part in location given by regular expression, or inside named location, or inside "if" statement, or inside "limit_except" block/



=== TEST 14: captures in proxy_pass
--- config
    location ~ ^/t/(.*)$ { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/app/$1$is_args$args; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "$request_uri\n"; }
--- request
GET /t/x?y
--- response_body
/app/x?y



=== TEST 15: a unix socket
--- config
    location /t { proxy_pass http://unix:$TEST_NGINX_SERVER_ROOT/a.sock:/app; }
--- http_config
    server { listen unix:$TEST_NGINX_SERVER_ROOT/a.sock; return 200 "$request_uri $http_host\n"; }
--- request
GET /t/x
--- response_body
/app/x localhost



=== TEST 16: an unknown scheme is refused
--- config
    location /t { proxy_pass ftp://127.0.0.1/; }
--- must_die
--- error_log eval
qr/\[emerg\] .*invalid URL prefix in \S+nginx\.conf:\d+/



=== TEST 17: proxy_set_header
--- config
    location /t {
        proxy_set_header Host $host;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "$http_host|$http_x_real_ip|$http_x_forwarded_for\n"; }
--- request
GET /t
--- more_headers
Host: h.test
X-Forwarded-For: 9.9.9.9
X-Real-IP: 8.8.8.8
--- response_body
h.test|127.0.0.1|9.9.9.9, 127.0.0.1



=== TEST 18: an empty proxy_set_header takes the header away
--- config
    location /t { proxy_set_header X-A ""; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "[$http_x_a][$http_x_b]\n"; }
--- request
GET /t
--- more_headers
X-A: 1
X-B: 2
--- response_body
[][2]



=== TEST 19: proxy_set_header is inherited only when a level has none
--- config
    proxy_set_header X-A outer;
    location /one { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location /two { proxy_set_header X-B inner; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "[$http_x_a][$http_x_b]\n"; }
--- request eval
["GET /one", "GET /two"]
--- response_body eval
["[outer][]\n", "[][inner]\n"]



=== TEST 20: hop-by-hop headers of the client stay here
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "[$http_keep_alive][$http_upgrade][$http_te]\n"; }
--- request
GET /t
--- more_headers
Keep-Alive: timeout=5
Upgrade: foo
TE: trailers
--- response_body_like: ^\[\]\[\]\[



=== TEST 21: headers named by the client's Connection stay here
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "[$http_x_a][$http_x_b]\n"; }
--- request
GET /t
--- more_headers
Connection: close, X-A
X-A: 1
X-B: 2
--- response_body
[][2]
--- not_nginx: nginx passes them on; RFC 9110 7.6.1 says not to



=== TEST 22: proxy_set_body and proxy_method
--- config
    location /t { proxy_method PUT; proxy_set_body "b=$arg_a"; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
read 3
send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
--- request
GET /t?a=1
--- response_body: ok
--- origin_query_like: ^PUT /t\?a=1 .*Content-Length: 3\r\n(.*\r\n)?\r\nb=1$



=== TEST 23: proxy_pass_request_headers and proxy_pass_request_body off
--- config
    location /t {
        proxy_pass_request_headers off;
        proxy_pass_request_body off;
        proxy_set_header Content-Length "";
        proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "[$http_x_a][$content_length]\n"; }
--- request
POST /t
abc
--- more_headers
X-A: 1
--- response_body
[][]



=== TEST 24: the app's Server and Date are hidden
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nServer: app/1\r\nDate: Sun, 09 Sep 2001 01:46:40 GMT\r\nX-Pad: 1\r\nX-Accel-Charset: utf-8\r\nContent-Length: 2\r\n\r\nok"
--- request
GET /t
--- response_headers_like
Server: (nginx|sluice)/.*
Date: \w+, \d\d \w+ 20(?!01).*
X-Pad:
X-Accel-Charset:
--- response_body: ok



=== TEST 25: proxy_pass_header shows them
--- config
    location /t { proxy_pass_header Server; proxy_pass_header Date; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nServer: app/1\r\nDate: Sun, 09 Sep 2001 01:46:40 GMT\r\nContent-Length: 2\r\n\r\nok"
--- request
GET /t
--- response_headers
Server: app/1
Date: Sun, 09 Sep 2001 01:46:40 GMT



=== TEST 26: proxy_hide_header
--- config
    location /t { proxy_hide_header X-A; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; add_header X-A 1; add_header X-B 2; return 200 "ok\n"; }
--- request
GET /t
--- response_headers
!X-A
X-B: 2



=== TEST 27: several Set-Cookie headers stay several
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\n\r\nok"
--- request
GET /t
--- raw_response_headers_like: Set-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\n



=== TEST 28: the status line's reason is passed on
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 299 Quite Fine\r\nContent-Length: 2\r\n\r\nok"
--- request
GET /t
--- error_code: 299
--- raw_response_headers_like: ^HTTP/1\.1 299 Quite Fine\r\n



=== TEST 29: proxy_redirect default with a URI in proxy_pass
--- config
    location /t/ { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/app/; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; return 302 http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/app/x; }
--- request
GET /t/
--- error_code: 302
--- response_headers
Location: http://localhost:$TEST_NGINX_SERVER_PORT/t/x



=== TEST 30: proxy_redirect off
--- config
    location /t/ { proxy_redirect off; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/app/; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; return 302 http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/app/x; }
--- request
GET /t/
--- error_code: 302
--- response_headers
Location: http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/app/x



=== TEST 31: proxy_redirect with an explicit pair
--- config
    location /t/ { proxy_redirect http://inner.test/ https://$host/; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; return 302 http://inner.test/x; }
--- request
GET /t/
--- more_headers
Host: h.test
--- error_code: 302
--- response_headers
Location: https://h.test/x



=== TEST 32: proxy_redirect with a regex
--- config
    location /t/ { proxy_redirect ~^http://[^/]+:(\d+)/(.*)$ http://h.test/$2?p=$1; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; return 302 http://inner.test:81/x; }
--- request
GET /t/
--- error_code: 302
--- response_headers
Location: http://h.test/x?p=81



=== TEST 33: the first proxy_redirect that matches is used
--- config
    location /t/ {
        proxy_redirect http://a.test/ /a/;
        proxy_redirect http://b.test/ /b/;
        proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        absolute_redirect off;
    }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; return 302 http://b.test/x; }
--- request
GET /t/
--- error_code: 302
--- response_headers
Location: /b/x



=== TEST 34: a length is a length
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcMORE"
--- request
GET /t
--- response_headers
Content-Length: 3
--- response_body: abc



=== TEST 35: chunks become chunks
--- config
    location /t { proxy_http_version 1.1; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n"
--- request
GET /t
--- response_headers
Transfer-Encoding: chunked
!Content-Length
--- response_body: abcdefg



=== TEST 36: a chunked answer for an HTTP/1.0 client ends with the connection
--- config
    location /t { proxy_http_version 1.1; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
--- request
GET /t HTTP/1.0
--- response_headers
!Transfer-Encoding
Connection: close
--- response_body: abc



=== TEST 37: a body that ends with the connection becomes chunks
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc"
close
--- request
GET /t
--- response_headers
Transfer-Encoding: chunked
--- response_body: abc



=== TEST 38: HEAD: the length stays, no body is awaited
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
--- request
HEAD /t
--- response_headers
Content-Length: 1000
--- response_body:



=== TEST 39: 204 and 304 have no body
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 204 No Content\r\n\r\n"
close
accept
head
send "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n"
close
--- request eval
["GET /t", "GET /t"]
--- error_code eval
["204", "304"]
--- response_body eval
["", ""]



=== TEST 40: 100 Continue from the app is not the answer
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
--- request
GET /t
--- response_body: ok
--- not_nginx: 1.22 passes the 100 on as if it were final (RFC 9110 15.2)



=== TEST 41: a head in small pieces
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1"
sleep 0.02
send ".1 200 O"
sleep 0.02
send "K\r\nContent-Le"
sleep 0.02
send "ngth: 2\r\n\r"
sleep 0.02
send "\nok"
--- request
GET /t
--- response_body: ok



=== TEST 42: something that is not HTTP from the app
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "hello"
close
--- request
GET /t
--- error_code: 502
--- not_nginx: nginx takes anything for HTTP/0.9 and passes it on



=== TEST 43: an X-Accel-Redirect goes to another location
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location /in { internal; return 200 "inner $uri\n"; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; add_header X-Accel-Redirect /in/x; return 200 "app\n"; }
--- request
GET /t
--- response_body
inner /in/x



=== TEST 44: a large answer through small buffers
--- config
    location /t { proxy_buffer_size 1k; proxy_buffers 2 1k; proxy_busy_buffers_size 1k; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { root $TEST_NGINX_HTML_DIR; } }
--- user_files eval
[["t", "0123456789" x 50000]]
--- request
GET /t
--- response_body eval
"0123456789" x 50000



=== TEST 45: a large answer unbuffered
--- config
    location /t { proxy_buffering off; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { root $TEST_NGINX_HTML_DIR; } }
--- user_files eval
[["t", "0123456789" x 50000]]
--- request
GET /t
--- response_body eval
"0123456789" x 50000



=== TEST 46: unbuffered parts come as they are sent
--- config
    location /t { proxy_buffering off; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc"
sleep 3
--- request
GET /t
--- timeout: 0.3
--- abort
--- error_log: client prematurely closed connection



=== TEST 47: a large upload and its echo of the length
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; proxy_request_buffering off; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; client_max_body_size 30M; location / { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_2; } }
    server { listen $TEST_NGINX_RAND_PORT_2; client_max_body_size 30M; return 200 "$content_length\n"; }
--- request eval
"POST /t\n" . "0123456789" x 100000
--- response_body
1000000



=== TEST 48: timeouts and client aborts are settings of a location
--- config
    location /t {
        proxy_ignore_client_abort on;
        proxy_connect_timeout 1s; proxy_read_timeout 1s; proxy_send_timeout 1s;
        proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "ok\n"; }
--- request
GET /t
--- response_body
ok



=== TEST 49: $proxy_host and $proxy_port
--- config
    location /t { add_header X-P "$proxy_host $proxy_port"; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/x; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; return 200 "ok\n"; }
--- request
GET /t
--- response_headers
X-P: 127.0.0.1:$TEST_NGINX_RAND_PORT_1 $TEST_NGINX_RAND_PORT_1



=== TEST 50: the app's headers as $upstream_http_name, $upstream_cookie_name, $sent_http_name
--- config
    location /t { add_header X-P "$upstream_http_x_a $upstream_cookie_c $sent_http_x_a"; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/x; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; add_header X-A 1; add_header Set-Cookie "c=2; Path=/"; return 200 "ok\n"; }
--- request
GET /t
--- response_headers
X-P: 1 2 1



=== TEST 51: a pattern of proxy_redirect that matches in the middle
--- config
    location /t { proxy_redirect ~//([a-z]+)\.local /x/$1; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 302 http://app.local/path; } }
--- request
GET /t
--- error_code: 302
--- response_headers
Location: http://localhost:$TEST_NGINX_SERVER_PORT/x/app



=== TEST 52: proxy_pass without a scheme says what to write
--- config
    location /t { proxy_pass 127.0.0.1:8080; }
--- must_die
--- stderr_like: invalid URL prefix(.|\n)*proxy_pass http://127.0.0.1:8080
--- not_nginx: there it says only the first



=== TEST 53: behind a named location the URI is still the one that was sent
--- config
    location /t/ { try_files /nothing @app; }
    location @app { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
--- request
GET /t/x/a%2Fb//c/../%7e?x=%20
--- origin_query_like: ^GET /t/x/a%2Fb//c/\.\./%7e\?x=%20 HTTP/1\.



=== TEST 54: and behind an error page that is one
--- config
    location /t/ { error_page 404 = @app; return 404; }
    location @app { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
--- request
GET /t/a%2Fb
--- origin_query_like: ^GET /t/a%2Fb HTTP/1\.



=== TEST 55: variables cannot end the request line, or a field of the request
--- config
    location /t/ {
        proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT$uri;
        proxy_set_header X-U $uri;
    }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
--- request
GET /t/a%20HTTP/1.1%0d%0aX:%20y
--- origin_query_like: ^GET /t/a%20HTTP/1\.1%0D%0AX:%20y HTTP/1\.1\r\n(.*\r\n)*X-U: /t/a HTTP/1\.1  X: y\r\n
--- not_nginx: there they can: whoever asks writes fields, and on kept connections requests, of his own



=== TEST 56: nor a field of the answer, nor a line of the error log
--- config
    location /r/ { return 302 http://x$uri; }
    location /h/ { add_header X-U $uri; return 200 "ok\n"; }
    location /e/ { proxy_pass http://127.0.0.1:1$uri; }
--- pipelined_requests eval
["GET /r/%0d%0aSet-Cookie:%20a=b", "GET /h/%0aSet-Cookie:%20a=b", "GET /e/%0ax"]
--- error_code eval
[302, 200, 502]
--- raw_response_headers_unlike eval
[qr/\nSet-Cookie/, qr/\nSet-Cookie/, qr/\nSet-Cookie/]
--- response_headers eval
["Location: http://x/r/%0D%0ASet-Cookie: a=b", "X-U: /h/ Set-Cookie: a=b", ""]
--- error_log
upstream: "http://127.0.0.1:1/e/%0Ax"
--- not_nginx: there they can



=== TEST 57: nor the target by way of arguments that a redirect made of a decoded URI
--- config
    location /f/ { try_files /none /to?u=$uri; }
    location /e/ { error_page 404 = /to?u=$uri; return 404; }
    location /to { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
    location /u/ { try_files /none /with/?u=$uri; }
    location /with/ { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT/x/; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
head
send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
head
send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
--- pipelined_requests eval
["GET /f/%0d%0aX:%20y", "GET /e/%0d%0aX:%20y", "GET /u/%0d%0aX:%20y"]
--- error_code eval
[200, 200, 200]
--- origin_query_like: ^GET /to\?u=/f/%0D%0AX:%20y HTTP/1\.1\r\n(.*\r\n)*GET /to\?u=/e/%0D%0AX:%20y HTTP/1\.1\r\n(.*\r\n)*GET /x/\?u=/u/%0D%0AX:%20y HTTP/1\.1\r\n
--- not_nginx: there they can



=== TEST 58: nor a field of a redirect that an error page makes
--- config
    location /r/ { error_page 404 =302 http://x$uri; return 404; }
--- request
GET /r/%0d%0aSet-Cookie:%20a=b
--- error_code: 302
--- response_headers
Location: http://x/r/%0D%0ASet-Cookie: a=b
! Set-Cookie
--- not_nginx: there they can



=== TEST 59: a field of proxy_pass_header is the upstream's alone: without it there is none
--- config
    location /t { proxy_pass_header Server; proxy_pass_header Date; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
--- request
GET /t
--- response_headers
!Server
!Date
--- response_body: ok



=== TEST 60: of an error without an upstream it is ours
--- config
    location /t { proxy_pass_header Server; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- request
GET /t
--- error_code: 502
--- response_headers_like
Server: (nginx|sluice)/.*
