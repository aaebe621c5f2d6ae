# SPDX-License-Identifier: Apache-2.0
# error_page, internal, recursive errors.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: a page of one's own keeps the code
--- config
    error_page 404 /404.html;
--- user_files
>>> 404.html
mine
--- request
GET /none
--- error_code: 404
--- response_body
mine



=== TEST 2: another code
--- config
    error_page 404 =200 /ok;
    location /ok { return 200 "fine\n"; }
--- request
GET /none
--- response_body
fine



=== TEST 3: = takes the code of the page
--- config
    error_page 404 = /gone;
    location /gone { return 410 "gone\n"; }
--- request
GET /none
--- error_code: 410
--- response_body
gone



=== TEST 4: without = a return in the page does not change the code
--- config
    error_page 404 /page;
    location /page { return 200 "page $status\n"; }
--- request
GET /none
--- error_code: 404
--- response_body
page 404



=== TEST 5: a named location
--- config
    error_page 404 = @app;
    location @app { return 200 "app $uri\n"; }
--- request
GET /none
--- response_body
app /none



=== TEST 6: a redirect
--- config
    error_page 404 http://other.test/x;
--- request
GET /none
--- error_code: 302
--- response_headers
Location: http://other.test/x



=== TEST 7: a redirect with 301
--- config
    error_page 404 =301 http://other.test$uri;
--- request
GET /none
--- error_code: 301
--- response_headers
Location: http://other.test/none



=== TEST 8: several codes, variables in the page
--- config
    error_page 403 404 /e?u=$uri;
    location /e { root $TEST_NGINX_HTML_DIR; try_files /none @t; }
    location @t { return 404 "$args\n"; }
    location /f { return 403; }
--- request eval
["GET /none", "GET /f"]
--- response_body eval
["u=/none\n", "u=/f\n"]
--- error_code eval
["404", "403"]



=== TEST 9: the location's pages replace the server's
--- config
    error_page 404 /outer;
    location /t { error_page 403 /inner; return 404; }
    location = /outer { return 200 "outer\n"; }
--- request
GET /t
--- error_code: 404
--- response_body_like: <h1>404 Not Found</h1>



=== TEST 10: the page is asked for with GET
--- config
    error_page 405 =200 /page;
    location /page { return 200 "$request_method\n"; }
    location /a { return 405; }
--- request
POST /a
--- response_body
GET



=== TEST 11: an error on an error page is not handled again
--- config
    error_page 404 /none.html;
    error_page 403 /f;
--- request
GET /x
--- error_code: 404
--- response_body_like: <h1>404 Not Found</h1>



=== TEST 12: recursive_error_pages on
--- config
    recursive_error_pages on;
    error_page 404 = /second;
    location /second { error_page 403 = /third; return 403; }
    location /third { return 200 "third\n"; }
--- request
GET /x
--- response_body
third



=== TEST 13: internal hides a location
--- config
    location /in { internal; return 200 "in\n"; }
    location /t { error_page 404 = /in; return 404; }
--- request eval
["GET /in", "GET /t"]
--- error_code eval
["404", "200"]



=== TEST 14: the pages of an app are passed on
--- config
    error_page 500 /mine;
    location = /mine { return 200 "mine\n"; }
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/app; }
    location /app { error_page 501 /x; return 500 "app's\n"; }
--- request
GET /t
--- error_code: 500
--- response_body
app's



=== TEST 15: proxy_intercept_errors on
--- config
    location = /mine { return 200 "mine\n"; }
    location /t {
        error_page 500 =503 /mine;
        proxy_intercept_errors on;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/app;
    }
    location /app { return 500 "app's\n"; }
--- request
GET /t
--- error_code: 503
--- response_body
mine



=== TEST 16: a proxy error has a page too
--- config
    error_page 502 =200 @sorry;
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location @sorry { return 200 "sorry\n"; }
--- request
GET /t
--- response_body
sorry



=== TEST 17: 400 may have a page
--- config
    error_page 400 /bad;
    location /bad { return 400 "mine\n"; }
--- request
GET /
--- more_headers
Content-Length: x
--- error_code: 400
--- response_body
mine



=== TEST 18: codes of error_page are 300 to 599
--- config
    error_page 200 /x;
--- must_die
--- error_log eval
qr/\[emerg\] .*value "200" must be between 300 and 599/



=== TEST 19: 499 cannot have a page
--- config
    error_page 499 /x;
--- must_die
--- error_log eval
qr/\[emerg\] .*invalid value "499"/



=== TEST 20: error pages for browsers that would hide them are padded
--- config
    location /t { return 404; }
--- request
GET /t
--- more_headers
User-Agent: Mozilla/5.0 MSIE Chrome
--- error_code: 404
--- response_body_like: <!-- a padding to disable MSIE and Chrome friendly error page -->



=== TEST 21: a page that redirects to itself ends, for a request that could not be read too
--- config
    error_page 400 /x;
    location /x { try_files /none /x; }
--- raw_request eval
"GET / HTTP/1.1\r\n\r\n"
--- error_code: 500
--- error_log: rewrite or internal redirection cycle



=== TEST 22: $status in the text of return is that of the answer
--- config
    location /t { return 201 "$status\n"; }
    location /r { return 302 /to/$status; }
    location /e { error_page 503 = @e; return 503; }
    location @e { return 200 "page $status\n"; }
    location /k { error_page 503 @k; return 503; }
    location @k { return 200 "page $status\n"; }
    location /n { error_page 503 =299 @k; return 503; }
--- request eval
["GET /t", "GET /r", "GET /e", "GET /k", "GET /n"]
--- error_code eval
[201, 302, 200, 503, 299]
--- response_body_like eval
["^201\n", "302 Found", "^page 200\n", "^page 503\n", "^page 299\n"]
--- response_headers eval
["!Location", "Location: http://localhost:$TEST_NGINX_SERVER_PORT/to/302", "!Location", "!Location", "!Location"]



=== TEST 23: an error that ends the connection does so with a page of one's own, too
--- config
    client_max_body_size 10;
    error_page 413 @page;
    error_page 400 500 503 /page;
    location @page { return 413 "page\n"; }
    location /page { return 200 "page\n"; }
    location /big { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location /400 { return 400; }
    location /500 { return 500; }
    location /503 { return 503; }
--- request eval
["POST /big\n12345678901", "GET /400", "GET /500", "GET /503"]
--- more_headers
Connection: keep-alive
--- error_code eval
[413, 400, 500, 503]
--- response_headers eval
["Connection: close", "Connection: close", "Connection: close", "Connection: keep-alive"]
--- response_body eval
["page\n", "page\n", "page\n", "page\n"]
