# SPDX-License-Identifier: Apache-2.0
# Request line, methods, versions, keepalive and pipelining.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: a method that nobody knows is passed on
--- config
    location /t { return 200 "$request_method\n"; }
--- request
BREW /t
--- response_body
BREW



=== TEST 2: methods may have dashes and underscores
--- config
    location /t { return 200 "$request_method\n"; }
--- request
M-SEARCH /t
--- response_body
M-SEARCH



=== TEST 3: a method in lower case is a bad request
--- config
    location /t { return 200; }
--- request
get /t
--- error_code: 400
--- error_log: client sent invalid method while reading client request line



=== TEST 4: CONNECT is not for a server
--- config
--- raw_request eval
"CONNECT / HTTP/1.1\r\nHost: a.test:80\r\nConnection: close\r\n\r\n"
--- error_code: 405
--- error_log: client sent CONNECT method



=== TEST 5: TRACE is refused
--- config
    location /t { return 200 "ok\n"; }
--- request
TRACE /t
--- error_code: 405



=== TEST 6: OPTIONS on an ordinary location
--- config
    location /t { return 200 "$request_method\n"; }
--- request
OPTIONS /t
--- response_body
OPTIONS



=== TEST 7: $request is the line as it came
--- config
    location /t { return 200 "$request\n"; }
--- raw_request eval
"GET /t?a=%20b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- response_body
GET /t?a=%20b HTTP/1.1



=== TEST 8: HTTP/1.0 closes and gets no Connection: keep-alive
--- config
    location /t { return 200 "$server_protocol\n"; }
--- raw_request eval
"GET /t HTTP/1.0\r\n\r\n"
--- response_headers
Connection: close
--- response_body
HTTP/1.0



=== TEST 9: HTTP/1.0 with Connection: keep-alive stays
--- config
    location /t { return 200 "$connection_requests\n"; }
--- raw_request eval
"GET /t HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /t HTTP/1.0\r\n\r\n"
--- response_raw_like: ^HTTP/1\.1 200 OK\r\n.*Connection: keep-alive\r\n\r\n1\nHTTP/1\.1 200 OK\r\n.*Connection: close\r\n\r\n2\n$



=== TEST 10: HTTP/0.9 gets a bare body
--- config
    location /t { return 200 "bare\n"; }
--- raw_request eval
"GET /t\r\n"
--- error_code:
--- response_body
bare



=== TEST 11: HTTP/1.2 is taken for 1.1
--- config
    location /t { return 200 "$server_protocol\n"; }
--- request
GET /t HTTP/1.2
--- response_body
HTTP/1.2



=== TEST 12: HTTP/2.0 on a plain connection is not supported
--- config
    location /t { return 200; }
--- request
GET /t HTTP/2.0
--- error_code: 505
--- response_body_like: <center><h1>505 HTTP Version Not Supported</h1></center>



=== TEST 13: a protocol that is not HTTP
--- config
    location /t { return 200; }
--- raw_request eval
"GET /t RTSP/1.0\r\nHost: a\r\n\r\n"
--- error_code: 400



=== TEST 14: a version without a number
--- config
--- raw_request eval
"GET / HTTP/x.1\r\nHost: a\r\n\r\n"
--- error_code: 400



=== TEST 15: empty lines before a request are skipped
--- config
    location /t { return 200 "ok\n"; }
--- raw_request eval
"\r\n\r\nGET /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- response_body
ok



=== TEST 16: a bare line feed ends a request line and a header
--- config
    location /t { return 200 "ok $http_x\n"; }
--- raw_request eval
"GET /t HTTP/1.1\nHost: a\nX: y\nConnection: close\n\n"
--- response_body
ok y



=== TEST 17: a request in small pieces
--- config
    location /t { return 200 "$http_x\n"; }
--- raw_request eval
["G", "ET /t HT", "TP/1.1\r", "\nHost: a\r\nX: on", "e\r\nConnection: close\r\n\r", "\n"]
--- raw_request_middle_delay: 0.01
--- response_body
one



=== TEST 18: TLS on a plain port is a bad request
--- config
--- raw_request eval
"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"
--- error_code: 400



=== TEST 19: garbage is a bad request with nginx's page
--- config
--- raw_request eval
"%!garbage\r\n\r\n"
--- error_code: 400
--- response_headers
Connection: close
Content-Type: text/html
--- response_body_like chop
^<html>\r
<head><title>400 Bad Request</title></head>\r
<body>\r
<center><h1>400 Bad Request</h1></center>\r
<hr><center>(nginx|sluice)/[\d.]+</center>\r
</body>\r
</html>\r
$



=== TEST 20: HTTP/1.1 stays open by default
--- config
    location /t { return 200 "$connection_requests\n"; }
--- pipelined_requests eval
["GET /t", "GET /t", "GET /t"]
--- response_headers eval
["Connection: keep-alive", "Connection: keep-alive", "Connection: close"]
--- response_body eval
["1\n", "2\n", "3\n"]



=== TEST 21: pipelined requests are answered in order
--- config
    location /a { return 200 "a\n"; }
    location /b { return 404 "b\n"; }
--- pipelined_requests eval
["GET /a", "GET /b", "HEAD /a", "GET /a"]
--- error_code eval
["200", "404", "200", "200"]
--- response_body eval
["a\n", "b\n", "", "a\n"]



=== TEST 22: a pipelined request after one with a body
--- config
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/app; }
    location /app { return 200 "$request_method $content_length\n"; }
--- pipelined_requests eval
["POST /t\nabcde", "GET /t"]
--- response_body eval
["POST 5\n", "GET \n"]



=== TEST 23: an unread body is skipped before the next request
--- config
    location /t { return 200 "$request_method\n"; }
--- pipelined_requests eval
["POST /t\nGET / HTTP/1.1", "GET /t"]
--- response_body eval
["POST\n", "GET\n"]



=== TEST 24: keepalive_requests closes after so many
--- config
    keepalive_requests 2;
    location /t { return 200 "$connection_requests\n"; }
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\n\r\n" x 3
--- response_raw_like: ^HTTP.*Connection: keep-alive\r\n\r\n1\nHTTP.*Connection: close\r\n\r\n2\n$



=== TEST 25: keepalive_timeout 0 closes at once
--- config
    keepalive_timeout 0;
    location /t { return 200 "ok\n"; }
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\n\r\n"
--- response_headers
Connection: close
!Keep-Alive
--- response_body
ok



=== TEST 26: the second argument of keepalive_timeout is told to the client
--- config
    keepalive_timeout 10 7;
    location /t { return 200 "ok\n"; }
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\n\r\n"
--- response_headers
Connection: keep-alive
Keep-Alive: timeout=7



=== TEST 27: an idle connection is closed after keepalive_timeout
--- config
    keepalive_timeout 200ms;
    location /t { return 200 "ok\n"; }
--- raw_request eval
["GET /t HTTP/1.1\r\nHost: a\r\n\r\n", "GET /t HTTP/1.1\r\nHost: a\r\n\r\n"]
--- raw_request_middle_delay: 0.6
--- response_raw_like: ^HTTP/1\.1 200 OK(?!.*HTTP/1\.1)



=== TEST 28: Connection: close among other tokens
--- config
    location /t { return 200 "ok\n"; }
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n"
--- response_headers
Connection: close



=== TEST 29: keepalive_disable of a browser
--- config
    keepalive_disable msie6;
    location /t { return 200 "ok\n"; }
--- raw_request eval
"POST /t HTTP/1.1\r\nHost: a\r\nUser-Agent: Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)\r\nContent-Length: 0\r\n\r\n"
--- response_headers
Connection: close



=== TEST 30: HEAD has the headers of GET and no body
--- config
    location /t { return 200 "12345"; }
--- request
HEAD /t
--- response_headers
Content-Length: 5
--- response_body:



=== TEST 31: HEAD of an error page has no body
--- config
    location /t { return 404; }
--- raw_request eval
"HEAD /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- response_raw_like: \r\n\r\n$



=== TEST 32: Server and Date are on every response
--- config
    location /t { return 200 "ok\n"; }
--- request
GET /t
--- response_headers_like
Server: (nginx|sluice)/\d+\.\d+\.\d+
Date: (Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w\w\w \d{4} \d\d:\d\d:\d\d GMT



=== TEST 33: server_tokens off hides the version
--- config
    server_tokens off;
    location /t { return 403; }
--- request
GET /t
--- error_code: 403
--- response_headers_like
Server: (nginx|sluice)
--- response_body_like: <center>(nginx|sluice)</center>



=== TEST 34: a client that leaves in the header is no error
--- config
--- raw_request eval
"GET / HTTP/1.1\r\nHos"
--- shutdown
--- response_raw:
--- error_log: client prematurely closed connection while reading client request headers



=== TEST 35: a client that says nothing and leaves
--- config
--- raw_request eval
""
--- shutdown
--- response_raw:
--- no_error_log
[error]
[crit]



=== TEST 36: a head that fills its buffer when the client leaves is logged as it came
--- http_config
    log_format r '$status $request';
--- config
    access_log logs/access.log r;
--- raw_request eval
"GET /here HTTP/1.1\r\nHost: a\r\nX: " . "b" x 8160
--- shutdown
--- response_raw:
--- access_log_is
400 GET /here HTTP/1.1
--- not_nginx: its buffers are of another size



=== TEST 37: the same behind another request
--- http_config
    log_format r '$status $request';
--- config
    access_log logs/access.log r;
    location /one { return 200; }
--- raw_request eval
"GET /one HTTP/1.1\r\nHost: a\r\n\r\nGET /here HTTP/1.1\r\nHost: a\r\nX: " . "b" x 8130
--- shutdown
--- response_raw_like: ^HTTP/1.1 200
--- access_log_is
200 GET /one HTTP/1.1
400 GET /here HTTP/1.1
--- not_nginx: its buffers are of another size



=== TEST 38: a line without a target is not HTTP/0.9
--- raw_request eval
"GET  HTTP/1.1\r\nHost: a\r\n\r\n"
--- response_raw_like: ^HTTP/1\.1 400 



=== TEST 39: nor one with what is no target
--- raw_request eval
"GET foo\r\n"
--- response_raw_like: ^HTTP/1\.1 400 
