# SPDX-License-Identifier: Apache-2.0
# What an app says with X-Accel-*, proxy_ignore_headers, proxy_force_ranges, proxy_intercept_errors.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: X-Accel-Redirect: the fields that stay
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location /file { internal; root $TEST_NGINX_HTML_DIR; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / {
        default_type x/y;
        add_header X-Accel-Redirect /file/a_b.txt?x=1; add_header Set-Cookie a=b; add_header Cache-Control no-store;
        add_header Content-Disposition attachment; add_header X-Other 1; add_header Expires 0; return 200 no;
    } }
--- user_files
>>> file/a_b.txt
inside
--- request
POST /t
--- response_headers
Content-Type: x/y
Set-Cookie: a=b
Cache-Control: no-store
Content-Disposition: attachment
Expires: 0
!X-Other
!X-Accel-Redirect
--- response_body
inside



=== TEST 2: X-Accel-Redirect: an encoded path, with its query
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location /file { internal; return 200 "$uri $args $request_method\n"; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { add_header X-Accel-Redirect "/file/a%20b%3f?x=1%20"; return 200 no; } }
--- request
GET /t
--- response_body
/file/a b? x=1%20 GET



=== TEST 3: X-Accel-Redirect that leaves its root
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location /file { internal; return 200 "$uri\n"; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { add_header X-Accel-Redirect /file/../../etc/passwd; return 200 no; } }
--- request
GET /t
--- error_code: 404
--- error_log: unsafe URI "/file/../../etc/passwd" was detected



=== TEST 4: X-Accel-Redirect to a named location keeps the method
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location @named { return 200 "$uri\n"; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { add_header X-Accel-Redirect @named; return 200 no; } }
--- request
GET /t/x
--- response_body
/t/x



=== TEST 5: proxy_ignore_headers X-Accel-Redirect
--- config
    location /t { proxy_ignore_headers X-Accel-Redirect Expires Cache-Control Set-Cookie Vary X-Accel-Expires; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { add_header X-Accel-Redirect /file; add_header Expires 0; return 200 "app\n"; } }
--- request
GET /t
--- response_headers
!X-Accel-Redirect
Expires: 0
--- response_body
app



=== TEST 6: proxy_ignore_headers refuses what it does not know
--- config
    location /t { proxy_ignore_headers X-Other; proxy_pass http://127.0.0.1:1; }
--- must_die
--- stderr_like: invalid value "X-Other"



=== TEST 7: X-Accel-* do not reach the client, unless proxy_pass_header says so
--- config
    location /t { proxy_pass_header X-Accel-Expires; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / {
        add_header X-Accel-Expires 60; add_header X-Accel-Limit-Rate 0; add_header X-Accel-Buffering no; add_header X-Accel-Charset utf-8;
        return 200 "app\n"; } }
--- request
GET /t
--- response_headers
X-Accel-Expires: 60
!X-Accel-Limit-Rate
!X-Accel-Buffering
!X-Accel-Charset
Content-Type: text/plain; charset=utf-8
--- not_nginx: there the charset must be one that charset or charset_map names



=== TEST 8: X-Accel-Charset ignored
--- config
    location /t { proxy_ignore_headers X-Accel-Charset; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { add_header X-Accel-Charset utf-8; return 200 "app\n"; } }
--- request
GET /t
--- response_headers
Content-Type: text/plain



=== TEST 9: proxy_force_ranges: a part, the end, several
--- config
    location /t { proxy_force_ranges on; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 200 "0123456789"; } }
--- request eval
["GET /t", "GET /t", "GET /t", "GET /t"]
--- more_headers eval
["Range: bytes=2-4", "Range: bytes=-3", "Range: bytes=0-1,4-5", "X: y"]
--- error_code eval
[206, 206, 200, 200]
--- response_headers eval
["Content-Range: bytes 2-4/10\nContent-Length: 3", "Content-Range: bytes 7-9/10", "Accept-Ranges: bytes\n!Content-Range", "Accept-Ranges: bytes"]
--- response_body eval
["234", "789", "0123456789", "0123456789"]



=== TEST 10: a range that cannot be had
--- config
    location /t { proxy_force_ranges on; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 200 "0123456789"; } }
--- request
GET /t
--- more_headers
Range: bytes=20-
--- error_code: 416
--- response_headers
Content-Range: bytes */10



=== TEST 11: If-Range with another version is the whole
--- config
    location /t { proxy_force_ranges on; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { add_header ETag '"a"'; return 200 "0123456789"; } }
--- request eval
["GET /t", "GET /t"]
--- more_headers eval
["Range: bytes=2-4\r\nIf-Range: \"b\"", "Range: bytes=2-4\r\nIf-Range: \"a\""]
--- error_code eval
[200, 206]
--- response_body eval
["0123456789", "234"]



=== TEST 12: without proxy_force_ranges a range is the app's business
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { add_header X-R $http_range; return 200 "0123456789"; } }
--- request
GET /t
--- more_headers
Range: bytes=2-4
--- response_headers
X-R: bytes=2-4
!Accept-Ranges
--- response_body: 0123456789



=== TEST 13: proxy_intercept_errors: only what has a page, 401 with its challenge
--- config
    location /t {
        proxy_intercept_errors on;
        error_page 401 /401.html; error_page 503 =200 /sorry; error_page 302 /moved;
        proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
    location /401.html { return 200 "page\n"; }
    location /sorry { return 200 "sorry\n"; }
    location /moved { return 200 "moved\n"; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1;
        location /t/401 { add_header WWW-Authenticate 'Basic realm="x"' always; add_header X-Secret 1 always; return 401 "app\n"; }
        location /t/503 { return 503 "app\n"; }
        location /t/302 { return 302 http://elsewhere/; }
        location /t/404 { return 404 "app\n"; }
    }
--- request eval
["GET /t/401", "GET /t/503", "GET /t/302", "GET /t/404"]
--- error_code eval
[401, 200, 302, 404]
--- response_headers eval
["WWW-Authenticate: Basic realm=\"x\"\n!X-Secret", "!WWW-Authenticate", "!Location", "!Location"]
--- response_body eval
["page\n", "sorry\n", "moved\n", "app\n"]



=== TEST 14: proxy_intercept_errors and another page for the page's own error
--- config
    location /t {
        proxy_intercept_errors on;
        error_page 404 /missing;
        proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
    location /missing { proxy_intercept_errors on; error_page 500 /five; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location /five { return 200 "five\n"; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location /t { return 404 "app\n"; } location /missing { return 500 "app500\n"; } }
--- request
GET /t
--- error_code: 500
--- response_body_like: 500 Internal Server Error



=== TEST 15: proxy_intercept_errors with a named location and a redirect
--- config
    location /t/a { proxy_intercept_errors on; error_page 404 = @fallback; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location /t/b { proxy_intercept_errors on; error_page 404 =301 http://elsewhere/x; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location @fallback { return 201 "fallback $request_method\n"; }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 404 "app\n"; } }
--- request eval
["POST /t/a", "GET /t/b"]
--- error_code eval
[201, 301]
--- response_body_like eval
["^fallback POST\n", "301 Moved"]



=== TEST 16: proxy_pass_trailers
--- config
    location /t { proxy_http_version 1.1; proxy_pass_trailers on; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Late: 1\r\n\r\n"
--- request
GET /t
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- response_raw_like: 2\r\nok\r\n0\r\nX-Late: 1\r\n\r\n$
--- not_nginx: since 1.27.2



=== TEST 17: trailers stay here by default
--- config
    location /t { proxy_http_version 1.1; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Late: 1\r\n\r\n"
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- response_raw_like: 2\r\nok\r\n0\r\n\r\n$



=== TEST 18: early_hints passes 103 on
--- config
    location /t { early_hints 0 $arg_h; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nX-Accel-Expires: 1\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </b.css>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
--- raw_request eval
"GET /t?h=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- response_raw_like: ^HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </b.css>\r\n\r\nHTTP/1.1 200 OK\r\n(.*\r\n)+\r\nok$
--- not_nginx: since 1.29



=== TEST 19: without a condition that holds 103 stays here
--- config
    location /t { early_hints 0 $arg_h; proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
send "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- response_raw_like: ^HTTP/1.1 200 OK\r\n
--- not_nginx: since 1.29



=== TEST 20: buffers that do not fit together, in nginx's words
--- config
    location /t { proxy_buffers 2 4k; proxy_busy_buffers_size 8k; proxy_pass http://127.0.0.1:1; }
--- must_die
--- stderr_like: "proxy_busy_buffers_size" must be less than the size of all "proxy_buffers" minus one buffer



=== TEST 21: a large head buffer needs a large busy size
--- config
    location /t { proxy_buffer_size 128k; proxy_busy_buffers_size 64k; proxy_pass http://127.0.0.1:1; }
--- must_die
--- stderr_like: "proxy_busy_buffers_size" must be equal to or greater than the maximum of the value of "proxy_buffer_size" and one of the "proxy_buffers"



=== TEST 22: one buffer, and a small temporary file
--- config
    location /t { proxy_buffers 1 4k; proxy_pass http://127.0.0.1:1; }
--- must_die
--- stderr_like: there must be at least 2 "proxy_buffers"



=== TEST 23: a temporary file smaller than a buffer
--- config
    location /t { proxy_max_temp_file_size 1k; proxy_pass http://127.0.0.1:1; }
--- must_die
--- stderr_like: "proxy_max_temp_file_size" must be equal to zero to disable temporary files usage or must be equal to or greater than the maximum of the value of "proxy_buffer_size" and one of the "proxy_buffers"



=== TEST 24: the sizes that large heads need, as configurations write them
--- config
    location /t {
        proxy_buffer_size 128k; proxy_buffers 4 256k; proxy_busy_buffers_size 256k; proxy_temp_file_write_size 256k;
        proxy_max_temp_file_size 0; proxy_temp_path proxy_temp 1 2; proxy_headers_hash_max_size 1024; proxy_headers_hash_bucket_size 128;
        proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 200 "ok\n"; } }
--- request
GET /t
--- response_body
ok
