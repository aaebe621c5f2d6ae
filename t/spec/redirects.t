# SPDX-License-Identifier: Apache-2.0
# Location headers that the server makes up: return, directory redirects, and the directives that shape them.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: return 301 with an absolute URL
--- config
    location /t { return 301 http://other.test/x?y=1; }
--- request
GET /t
--- error_code: 301
--- response_headers
Location: http://other.test/x?y=1
Content-Type: text/html
--- response_body_like: <head><title>301 Moved Permanently</title></head>\s+<body>\s+<center><h1>301 Moved Permanently</h1></center>



=== TEST 2: return with a URL only means 302
--- config
    location /t { return http://other.test/; }
--- request
GET /t
--- error_code: 302
--- response_headers
Location: http://other.test/



=== TEST 3: 303, 307 and 308 redirect too
--- config
    location /3 { return 303 http://x.test/; }
    location /7 { return 307 http://x.test/; }
    location /8 { return 308 http://x.test/; }
--- request eval
["GET /3", "GET /7", "GET /8"]
--- error_code eval
["303", "307", "308"]
--- response_headers eval
["Location: http://x.test/", "Location: http://x.test/", "Location: http://x.test/"]



=== TEST 4: a path becomes absolute with the Host and the port
--- config
    location /t { return 302 /x?y; }
--- request
GET /t
--- more_headers
Host: Some.test
--- error_code: 302
--- response_headers
Location: http://some.test:$TEST_NGINX_SERVER_PORT/x?y



=== TEST 5: absolute_redirect off leaves the path alone
--- config
    absolute_redirect off;
    location /t { return 302 /x?y; }
--- request
GET /t
--- error_code: 302
--- response_headers
Location: /x?y



=== TEST 6: port_in_redirect off
--- config
    port_in_redirect off;
    location /t { return 302 /x; }
--- request
GET /t
--- error_code: 302
--- response_headers
Location: http://localhost/x



=== TEST 7: server_name_in_redirect on uses the first server name
--- config
    server_name_in_redirect on;
    location /t { return 302 /x; }
--- request
GET /t
--- more_headers
Host: some.test
--- error_code: 302
--- response_headers
Location: http://localhost:$TEST_NGINX_SERVER_PORT/x



=== TEST 8: variables in a redirect
--- config
    location /t { return 302 http://$host/new$uri?$args; }
--- request
GET /t/a?b=c
--- more_headers
Host: h.test
--- error_code: 302
--- response_headers
Location: http://h.test/new/t/a?b=c



=== TEST 9: $scheme and $request_uri in a redirect keep what the client sent
--- config
    location /t { return 301 $scheme://h.test$request_uri; }
--- request
GET /t/%2fa//b?c=%20
--- error_code: 301
--- response_headers
Location: http://h.test/t/%2fa//b?c=%20



=== TEST 10: a directory without a slash is redirected
--- config
--- user_files
>>> dir/index.html
x
--- request
GET /dir
--- error_code: 301
--- response_headers
Location: http://localhost:$TEST_NGINX_SERVER_PORT/dir/



=== TEST 11: a directory redirect keeps the query
--- config
    absolute_redirect off;
--- user_files
>>> dir/index.html
x
--- request
GET /dir?a=b
--- error_code: 301
--- response_headers
Location: /dir/?a=b



=== TEST 12: a directory redirect escapes the path
--- config
    absolute_redirect off;
--- user_files
>>> a%b/index.html
x
--- request
GET /a%25b
--- error_code: 301
--- response_headers
Location: /a%25b/



=== TEST 13: a location with a slash and proxy_pass redirects the name without it
--- config
    absolute_redirect off;
    location /app/ { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- request
GET /app?x=1
--- error_code: 301
--- response_headers
Location: /app/?x=1



=== TEST 14: HEAD of a redirect has no body
--- config
    location /t { return 301 http://x.test/; }
--- request
HEAD /t
--- error_code: 301
--- response_headers
Location: http://x.test/
--- response_body:



=== TEST 15: return with a code only uses the standard page
--- config
    location /t { return 403; }
--- request
GET /t
--- error_code: 403
--- response_headers
Content-Type: text/html
--- response_body_like chop
^<html>\r
<head><title>403 Forbidden</title></head>\r
<body>\r
<center><h1>403 Forbidden</h1></center>\r
<hr><center>(nginx|sluice)/[\d.]+</center>\r
</body>\r
</html>\r
$



=== TEST 16: return with a text
--- config
    location /t { return 404 "gone: $uri\n"; }
--- request
GET /t/a
--- error_code: 404
--- response_headers
Content-Type: text/plain
Content-Length: 11
--- response_body
gone: /t/a



=== TEST 17: default_type is the type of a text
--- config
    location /t { default_type application/json; return 200 '{"a":"$arg_a"}'; }
--- request
GET /t?a=1
--- response_headers
Content-Type: application/json
--- response_body chop
{"a":"1"}



=== TEST 18: return 204 has no body and no length
--- config
    location /t { return 204; }
--- request
GET /t
--- error_code: 204
--- response_headers
!Content-Length
!Transfer-Encoding
--- response_body:



=== TEST 19: return 200 with an empty text
--- config
    location /t { return 200 ""; }
--- request
GET /t
--- response_headers
Content-Length: 0
--- response_body:



=== TEST 20: return 444 closes without a word
--- config
    location /t { return 444; }
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\n\r\n"
--- response_raw:



=== TEST 21: a code that nobody knows
--- config
    location /t { return 299 "odd\n"; }
--- request
GET /t
--- error_code: 299
--- raw_response_headers_like: ^HTTP/1\.1 299 ?\r\n
--- response_body
odd



=== TEST 22: return in server goes before locations
--- config
    return 200 "server\n";
    location /t { return 200 "location\n"; }
--- request
GET /t
--- response_body
server



=== TEST 23: a code above 999 is refused
--- config
    location /t { return 1000; }
--- must_die
--- error_log eval
qr/\[emerg\] .*invalid return code "1000" in \S+nginx\.conf:\d+/



=== TEST 24: return with a word that is no code and no URL
--- config
    location /t { return nonsense; }
--- must_die
--- error_log eval
qr/\[emerg\] .*invalid return code "nonsense"/
