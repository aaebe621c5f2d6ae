# SPDX-License-Identifier: Apache-2.0
# Variables, seen through return and add_header.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: $arg_name
--- config
    location /t { return 200 "[$arg_a][$arg_b][$arg_none][$arg_A]\n"; }
--- request
GET /t?a=1&b=%20x&a=2
--- response_body
[1][%20x][][1]



=== TEST 2: $cookie_name
--- config
    location /t { return 200 "[$cookie_a][$cookie_b][$cookie_none]\n"; }
--- request
GET /t
--- more_headers
Cookie: a=1; b=2
--- response_body
[1][2][]



=== TEST 3: several Cookie headers are one
--- config
    location /t { return 200 "[$http_cookie][$cookie_b]\n"; }
--- request
GET /t
--- more_headers
Cookie: a=1
Cookie: b=2
--- response_body
[a=1; b=2][2]



=== TEST 4: several X-Forwarded-For headers are one
--- config
    location /t { return 200 "$http_x_forwarded_for|$proxy_add_x_forwarded_for\n"; }
--- request
GET /t
--- more_headers
X-Forwarded-For: 1.1.1.1
X-Forwarded-For: 2.2.2.2
--- response_body
1.1.1.1, 2.2.2.2|1.1.1.1, 2.2.2.2, 127.0.0.1



=== TEST 5: several unknown headers are joined
--- config
    location /t { return 200 "$http_x\n"; }
--- request
GET /t
--- more_headers
X: 1
X: 2
--- response_body
1, 2
--- not_nginx: nginx before 1.23 gives the first only



=== TEST 6: $proxy_add_x_forwarded_for without the header
--- config
    location /t { return 200 "$proxy_add_x_forwarded_for\n"; }
--- request
GET /t
--- response_body
127.0.0.1



=== TEST 7: addresses and ports
--- config
    location /t { return 200 "$remote_addr $server_addr $server_port\n"; }
--- request
GET /t
--- response_body
127.0.0.1 127.0.0.1 $TEST_NGINX_SERVER_PORT



=== TEST 8: $remote_port is a port
--- config
    location /t { return 200 "$remote_port\n"; }
--- request
GET /t
--- response_body_like: ^\d{4,5}\n$



=== TEST 9: $binary_remote_addr has four bytes
--- config
    location /t { return 200 $binary_remote_addr; }
--- request
GET /t
--- response_body eval
"\x7f\x00\x00\x01"



=== TEST 10: scheme, protocol, method
--- config
    location /t { return 200 "$scheme $server_protocol $request_method [$https]\n"; }
--- request
PUT /t
--- response_body
http HTTP/1.1 PUT []



=== TEST 11: $server_name is the name of the server, $host that of the request
--- config
    location /t { return 200 "$server_name $host\n"; }
--- request
GET /t
--- more_headers
Host: Other.test:1
--- response_body
localhost other.test



=== TEST 12: $content_type and $content_length
--- config
    location /t { return 200 "$content_type $content_length\n"; }
--- request
POST /t
abc
--- more_headers
Content-Type: text/x
--- response_body
text/x 3



=== TEST 13: well-known request headers
--- config
    location /t { return 200 "$http_user_agent|$http_referer|$http_host|$http_via|$http_connection\n"; }
--- request
GET /t
--- more_headers
User-Agent: ua
Referer: ref
Via: 1.1 x
--- response_body
ua|ref|localhost|1.1 x|close



=== TEST 14: $request_id is 32 hexadecimal digits, the same within a request
--- config
    location /t { add_header X-Id $request_id; return 200 "$request_id $request_id\n"; }
--- request
GET /t
--- response_body_like: ^([0-9a-f]{32}) \1\n$



=== TEST 15: times
--- config
    location /t { return 200 "$msec $time_iso8601 $time_local\n"; }
--- request
GET /t
--- response_body_like: ^\d{10}\.\d{3} \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d \d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\n$



=== TEST 16: $request_time has milliseconds
--- config
    location /t { return 200 "$request_time\n"; }
--- request
GET /t
--- response_body_like: ^0\.\d{3}\n$



=== TEST 17: connection variables
--- config
    location /t { return 200 "$connection $connection_requests $connection_time $pipe\n"; }
--- request
GET /t
--- response_body_like: ^\d+ 1 0\.\d{3} \.\n$



=== TEST 18: $pipe of a pipelined request
--- config
    location /t { return 200 "$pipe\n"; }
--- pipelined_requests eval
["GET /t", "GET /t"]
--- response_body eval
[".\n", "p\n"]



=== TEST 19: $nginx_version, $pid and $hostname
--- config
    location /t { return 200 "$nginx_version $pid $hostname\n"; }
--- request
GET /t
--- response_body_like: ^\d+\.\d+\.\d+ \d+ \S+\n$



=== TEST 20: $document_root and $request_filename
--- config
    location /t { root $TEST_NGINX_HTML_DIR; return 200 "$document_root $request_filename\n"; }
--- request
GET /t/x
--- response_body
$TEST_NGINX_HTML_DIR $TEST_NGINX_HTML_DIR/t/x



=== TEST 21: $request_filename with alias
--- config
    location /t/ { alias $TEST_NGINX_HTML_DIR/a/; return 200 "$request_filename\n"; }
--- request
GET /t/x
--- response_body
$TEST_NGINX_HTML_DIR/a/x



=== TEST 22: $realpath_root resolves links
--- config
    location /t { root $TEST_NGINX_HTML_DIR/../html; return 200 "$document_root $realpath_root\n"; }
--- request
GET /t/x
--- response_body
$TEST_NGINX_HTML_DIR/../html $TEST_NGINX_HTML_DIR



=== TEST 23: $request_length counts line, headers and body
--- http_config
    log_format s '$request_length';
--- config
    access_log logs/access.log s;
    location /t { return 200 "ok\n"; }
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- access_log_is
47



=== TEST 24: response variables in a log
--- http_config
    log_format s '$status $body_bytes_sent $sent_http_content_type $sent_http_content_length $sent_http_x_a';
--- config
    access_log logs/access.log s;
    location /t { add_header X-A b; return 200 "12345"; }
--- request
GET /t
--- access_log_is
200 5 text/plain 5 b



=== TEST 25: $bytes_sent is everything
--- http_config
    log_format s '$bytes_sent';
--- config
    access_log logs/access.log s;
    location /t { return 200 "12345"; }
--- request
GET /t
--- access_log_like: ^1[4-9]\d\n$



=== TEST 26: $request_completion
--- http_config
    log_format s '[$request_completion]';
--- config
    access_log logs/access.log s;
    location /t { return 200 "12345"; }
--- request
GET /t
--- access_log_is
[OK]



=== TEST 27: braces mark the end of a name
--- config
    location /t { return 200 "${arg_a}b\n"; }
--- request
GET /t?a=1
--- response_body
1b



=== TEST 28: an unknown variable is refused at start
--- config
    location /t { return 200 "$no_such_thing\n"; }
--- must_die
--- error_log eval
qr/\[emerg\] .*unknown "no_such_thing" variable/



=== TEST 29: a dollar without a name is refused
--- config
    location /t { return 200 "a$ b"; }
--- must_die
--- error_log eval
qr/\[emerg\] .*invalid variable name in \S+nginx\.conf:\d+/



=== TEST 30: captures of nothing are empty
--- config
    location ~ ^/t(x)? { return 200 "[$1][$2]\n"; }
--- request
GET /t
--- response_body
[][]



=== TEST 31: $limit_rate and $sent_http of what is not sent are empty or zero
--- config
    location /t { return 200 "[$limit_rate][$sent_http_x][$upstream_addr][$upstream_status]\n"; }
--- request
GET /t
--- response_body
[0][][][]



=== TEST 32: $request_port and $is_request_port
--- config
    location /t { return 200 "$request_port $is_request_port\n"; }
--- request
GET /t
--- more_headers
Host: a:8080
--- response_body
8080 :
--- not_nginx: of nginx 1.29.3



=== TEST 33: $body_bytes_sent has the framing of chunks, and nothing where there is no body
--- http_config
    log_format s '$request_method $uri $status $body_bytes_sent';
--- config
    access_log logs/access.log s;
    location /chunked { add_trailer X y; return 200 "abc"; }
    location /length { return 200 "abc"; }
    location /none { return 204; }
--- user_files
>>> file.txt
text
--- request eval
["GET /chunked", "HEAD /chunked", "GET /length", "HEAD /length", "GET /none", "GET /file.txt",
 "HEAD /file.txt", "GET /length"]
--- more_headers eval
["", "", "", "", "", "If-None-Match: *", "", "If-None-Match: *"]
--- error_code eval
[200, 200, 200, 200, 204, 304, 200, 304]
--- access_log_like: ^GET /chunked 200 19\nHEAD /chunked 200 0\nGET /length 200 3\nHEAD /length 200 0\nGET /none 204 0\nGET /file.txt 304 0\nHEAD /file.txt 200 0\nGET /length 304 0\n$



=== TEST 34: an interim head counts among the bytes sent
--- http_config
    log_format s '$body_bytes_sent';
--- config
    access_log logs/access.log s;
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/app; }
    location /app { access_log off; return 200 "got $content_length\n"; }
--- raw_request eval
["POST /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", "abc"]
--- raw_request_middle_delay: 0.1
--- response_raw_like: ^HTTP/1\.1 100 Continue\r\n\r\nHTTP/1\.1 200 OK\r\n
--- access_log_is
31



=== TEST 35: $request_length has the framing of a chunked body
--- http_config
    log_format s '$request_length';
--- config
    access_log logs/access.log s;
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/app; }
    location /app { access_log off; return 200 "ok\n"; }
--- raw_request eval
"POST /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n" .
"2;a=b\r\n12\r\n003\r\n345\r\n0\r\nX-T: y\r\n\r\n"
--- response_body
ok
--- access_log_is
110



=== TEST 36: a request that is refused in its headers has a URI
--- http_config
    log_format s '$request_method $uri $request_uri $status';
--- config
    access_log logs/access.log s;
--- raw_request eval
["GET /a%20b?c HTTP/1.1\r\nbad header\r\n\r\n"]
--- error_code: 400
--- access_log_is
GET /a b /a%20b?c 400



=== TEST 37: one that is refused in its first line has none
--- http_config
    log_format s '$request_method $uri $request_uri $status';
--- config
    access_log logs/access.log s;
--- raw_request eval
"nonsense\r\n\r\n"
--- error_code: 400
--- access_log_is
- - - 400



=== TEST 38: arguments that are not there are "-" in a log, and nothing elsewhere
--- http_config
    log_format s '$args|$query_string|$is_args';
    log_format j escape=json '{"args":"$args"}';
--- config
    access_log logs/access.log s;
    access_log logs/json.log j;
    location /t { return 200 "[$args]\n"; }
--- request eval
["GET /t", "GET /t?", "GET /t?a"]
--- response_body eval
["[]\n", "[]\n", "[a]\n"]
--- access_log_is
-|-|
-|-|
a|a|?
--- files_are
>>> logs/json.log
{"args":""}
{"args":""}
{"args":"a"}



=== TEST 39: no protocol was named
--- http_config
    log_format s '[$server_protocol]';
--- config
    access_log logs/access.log s;
    location /t { return 200 "ok\n"; }
--- raw_request eval
"GET /t\r\n"
--- ignore_response
--- access_log_is
[-]



=== TEST 40: blanks behind the protocol are not part of it
--- config
    location /t { return 200 "[$server_protocol]\n"; }
--- raw_request eval
"GET /t HTTP/1.1  \r\nHost: a\r\nConnection: close\r\n\r\n"
--- response_body
[HTTP/1.1]
--- not_nginx: there they are
