# SPDX-License-Identifier: Apache-2.0
# add_header, add_trailer and expires.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: add_header on 200
--- config
    location /t { add_header X-A "b c"; return 200 "ok\n"; }
--- request
GET /t
--- response_headers
X-A: b c



=== TEST 2: add_header on redirects and 204
--- config
    add_header X-A b;
    location /r { return 302 http://x.test/; }
    location /n { return 204; }
--- request eval
["GET /r", "GET /n"]
--- error_code eval
["302", "204"]
--- response_headers eval
["X-A: b", "X-A: b"]



=== TEST 3: add_header is not on errors
--- config
    location /t { add_header X-A b; return 404; }
--- request
GET /t
--- error_code: 404
--- response_headers
!X-A



=== TEST 4: always is on errors too
--- config
    location /t { add_header X-A b always; return 404; }
--- request
GET /t
--- error_code: 404
--- response_headers
X-A: b



=== TEST 5: variables in the value
--- config
    location /t { add_header X-A "$uri-$status"; return 200 "ok\n"; }
--- request
GET /t
--- response_headers
X-A: /t-200



=== TEST 6: an empty value adds nothing
--- config
    location /t { add_header X-A $arg_a; return 200 "ok\n"; }
--- request
GET /t
--- response_headers
!X-A



=== TEST 7: several of one name
--- config
    location /t { add_header X-A 1; add_header X-A 2; return 200 "ok\n"; }
--- request
GET /t
--- raw_response_headers_like: X-A: 1\r\nX-A: 2\r\n



=== TEST 8: inherited when the location has none
--- config
    add_header X-A outer;
    location /t { return 200 "ok\n"; }
--- request
GET /t
--- response_headers
X-A: outer



=== TEST 9: replaced when the location has its own
--- config
    add_header X-A outer;
    location /t { add_header X-B inner; return 200 "ok\n"; }
--- request
GET /t
--- response_headers
!X-A
X-B: inner



=== TEST 10: add_header_inherit merge
--- config
    add_header X-A outer;
    location /t { add_header_inherit merge; add_header X-B inner; return 200 "ok\n"; }
--- request
GET /t
--- response_headers
X-A: outer
X-B: inner
--- not_nginx: add_header_inherit is of 1.29.3



=== TEST 11: add_header_inherit off
--- config
    add_header X-A outer;
    location /t { add_header_inherit off; return 200 "ok\n"; }
--- request
GET /t
--- response_headers
!X-A
--- not_nginx: add_header_inherit is of 1.29.3



=== TEST 12: Last-Modified is replaced
--- config
    location /t { alias $TEST_NGINX_HTML_DIR/a.txt; add_header Last-Modified "Mon, 28 Sep 1970 06:00:00 GMT"; }
--- user_files
>>> a.txt 1000000000
x
--- request
GET /t
--- response_headers
Last-Modified: Mon, 28 Sep 1970 06:00:00 GMT



=== TEST 13: expires with a time
--- config
    location /t { expires 1h; return 200 "ok\n"; }
--- request
GET /t
--- response_headers_like
Cache-Control: max-age=3600
Expires: \w+, .* GMT



=== TEST 14: expires in the past
--- config
    location /t { expires -1; return 200 "ok\n"; }
--- request
GET /t
--- response_headers
Cache-Control: no-cache



=== TEST 15: expires epoch
--- config
    location /t { expires epoch; return 200 "ok\n"; }
--- request
GET /t
--- response_headers
Cache-Control: no-cache
Expires: Thu, 01 Jan 1970 00:00:01 GMT



=== TEST 16: expires max
--- config
    location /t { expires max; return 200 "ok\n"; }
--- request
GET /t
--- response_headers
Cache-Control: max-age=315360000
Expires: Thu, 31 Dec 2037 23:55:55 GMT



=== TEST 17: expires off
--- config
    expires 1h;
    location /t { expires off; return 200 "ok\n"; }
--- request
GET /t
--- response_headers
!Expires
!Cache-Control



=== TEST 18: expires modified counts from the file's time
--- config
    location /t { alias $TEST_NGINX_HTML_DIR/a.txt; expires modified 10s; }
--- user_files
>>> a.txt 1000000000
x
--- request
GET /t
--- response_headers
Expires: Sun, 09 Sep 2001 01:46:50 GMT
Cache-Control: no-cache



=== TEST 19: expires by variable
--- http_config
    map $arg_a $e { 1 1m; default off; }
--- config
    location /t { expires $e; return 200 "ok\n"; }
--- request eval
["GET /t?a=1", "GET /t"]
--- response_headers eval
["Cache-Control: max-age=60", "!Cache-Control"]



=== TEST 20: expires is not on errors
--- config
    location /t { expires 1h; return 404; }
--- request
GET /t
--- error_code: 404
--- response_headers
!Expires
!Cache-Control



=== TEST 21: a third word must be always
--- config
    location /t { add_header X-A b sometimes; return 200; }
--- must_die
--- error_log eval
qr/\[emerg\] .*invalid parameter "sometimes" in \S+nginx\.conf:\d+/



=== TEST 22: add_trailer makes a known length chunks, and stands behind them
--- config
    location /t { add_trailer X-A "b c"; add_trailer X-B $uri; return 200 "ok\n"; }
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- response_raw_like: ^HTTP/1\.1 200 OK\r\n(?!.*Content-Length).*Transfer-Encoding: chunked\r\n.*\r\n\r\n3\r\nok\n\r\n0\r\nX-A: b c\r\nX-B: /t\r\n\r\n$



=== TEST 23: no trailers to HTTP/1.0
--- config
    location /t { add_trailer X-A b; return 200 "ok\n"; }
--- raw_request eval
"GET /t HTTP/1.0\r\n\r\n"
--- response_raw_like: ^HTTP/1\.1 200 OK\r\n(?!.*chunked).*Content-Length: 3\r\n.*\r\n\r\nok\n$



=== TEST 24: no trailers with chunked_transfer_encoding off
--- config
    location /t { chunked_transfer_encoding off; add_trailer X-A b; return 200 "ok\n"; }
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- response_raw_like: ^HTTP/1\.1 200 OK\r\n(?!.*chunked).*Content-Length: 3\r\n.*\r\n\r\nok\n$



=== TEST 25: chunked_transfer_encoding off and no length: closing ends it
--- config
    location /t {
        chunked_transfer_encoding off;
        add_trailer X-A b;
        proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT;
    }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc"
close
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\n\r\n"
--- response_raw_like: ^HTTP/1\.1 200 OK\r\n(?!.*(chunked|Content-Length)).*Connection: close\r\n(.*\r\n)?\r\nabc$



=== TEST 26: HEAD, 304 and 204 have no trailers
--- config
    location /t { alias $TEST_NGINX_HTML_DIR/a.txt; add_trailer X-A b; }
    location /n { add_trailer X-A b; return 204; }
--- user_files
>>> a.txt 1000000000
abc
--- raw_request eval
"HEAD /t HTTP/1.1\r\nHost: a\r\n\r\nGET /t HTTP/1.1\r\nHost: a\r\nIf-Modified-Since: Sun, 09 Sep 2001 01:46:40 GMT\r\n\r\nGET /n HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- response_raw_like: ^HTTP/1\.1 200 OK\r\n(?!.*(chunked|X-A)).*Content-Length: 4\r\n.*\r\n\r\nHTTP/1\.1 304 .*\r\n\r\nHTTP/1\.1 204 .*\r\n\r\n$



=== TEST 27: an error has only what is meant for always
--- config
    location /t { add_trailer X-A b; add_trailer X-B c always; return 404 "no\n"; }
    location /p { add_trailer X-A b; return 404 "no\n"; }
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\n\r\nGET /p HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- response_raw_like: ^HTTP/1\.1 404 .*chunked\r\n.*\r\n\r\n3\r\nno\n\r\n0\r\nX-B: c\r\n\r\nHTTP/1\.1 404 (?!.*chunked).*Content-Length: 3\r\n.*\r\n\r\nno\n$



=== TEST 28: an empty value adds no trailer, but the chunks stay
--- config
    location /t { add_trailer X-A $arg_a; return 200 "ok\n"; }
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- response_raw_like: chunked\r\n.*\r\n\r\n3\r\nok\n\r\n0\r\n\r\n$



=== TEST 29: what only the end of the body tells is there
--- config
    location /t {
        add_header X-Early "[$upstream_response_length]";
        add_trailer X-Late "[$upstream_response_length]";
        proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT;
    }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc"
sleep 0.2
send "def"
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- response_raw_like: ^HTTP/1\.1 200 (?!.*Content-Length).*X-Early: \[[03]\]\r\n(.*\r\n)?\r\n(3\r\nabc\r\n3\r\ndef|6\r\nabcdef)\r\n0\r\nX-Late: \[6\]\r\n\r\n$



=== TEST 30: an answer that was cut short has none
--- config
    location /t {
        add_trailer X-A b;
        proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT;
    }
--- origin
accept
head
send "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc"
close
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\n\r\n"
--- response_raw_like: \r\n\r\n3\r\nabc\r\n$
--- cut_short
--- error_log: upstream prematurely closed connection



=== TEST 31: an empty file with a trailer is an empty row of chunks
--- config
    location /t { alias $TEST_NGINX_HTML_DIR/a.txt; add_trailer X-A b; }
--- user_files eval
">>> a.txt\n"
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- response_raw_like: ^HTTP/1\.1 200 (?!.*Content-Length).*chunked\r\n.*\r\n\r\n(1\r\n\n\r\n)?0\r\nX-A: b\r\n\r\n$



=== TEST 32: add_trailer lines of a level replace those from outside
--- config
    add_trailer X-A outer;
    location /t { return 200 "ok\n"; }
    location /u { add_trailer X-B inner; return 200 "ok\n"; }
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\n\r\nGET /u HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- response_raw_like: \r\n0\r\nX-A: outer\r\n\r\nHTTP/1\.1 .*\r\n0\r\nX-B: inner\r\n\r\n$



=== TEST 33: add_trailer_inherit merge
--- config
    add_trailer X-A outer;
    location /t { add_trailer_inherit merge; add_trailer X-B inner; return 200 "ok\n"; }
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- response_raw_like: \r\n0\r\nX-B: inner\r\nX-A: outer\r\n\r\n$
--- not_nginx: add_trailer_inherit is of 1.29.3



=== TEST 34: add_header Content-Type is what the client sees
--- config
    default_type application/octet-stream;
    location /t { add_header Content-Type text/plain; return 200 "healthy\n"; }
--- request
GET /t
--- raw_response_headers_like: Content-Type: text/plain\r\n
--- response_body
healthy



=== TEST 35: and in place of the usual one
--- config
    default_type application/octet-stream;
    location /t { add_header Content-Type text/plain; return 200 "healthy\n"; }
--- request
GET /t
--- raw_response_headers_unlike: octet-stream
--- not_nginx: sends both
--- response_body
healthy



=== TEST 36: add_header Server and Date
--- config
    add_header Server mine;
    add_header Date "Mon, 28 Sep 1970 06:00:00 GMT";
    location /t { return 200 "ok\n"; }
--- request
GET /t
--- raw_response_headers_like: (?s)(?=.*Server: mine\r\n).*Date: Mon, 28 Sep 1970 06:00:00 GMT\r\n



=== TEST 37: a length or framing of somebody's own is none, and -t says so
--- config
    add_header Content-Length 0;
    location /t { return 204; }
--- cli: -t
--- stderr_like: \[warn\] .*the "Content-Length" field is made by sluice: this line has no effect in .*\n
--- not_nginx: sends it, twice where there is one
