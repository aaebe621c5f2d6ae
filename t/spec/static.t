# SPDX-License-Identifier: Apache-2.0
# Files: root, alias, index, ranges, conditional requests, types.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: a file with its headers
--- config
--- user_files
>>> a.txt 1000000000
hello
--- request
GET /a.txt
--- response_headers
Content-Type: text/plain
Content-Length: 6
Last-Modified: Sun, 09 Sep 2001 01:46:40 GMT
ETag: "3b9aca00-6"
Accept-Ranges: bytes
--- response_body
hello



=== TEST 2: HEAD of a file
--- config
--- user_files
>>> a.txt
hello
--- request
HEAD /a.txt
--- response_headers
Content-Length: 6
--- response_body:



=== TEST 3: POST to a file
--- config
--- user_files
>>> a.txt
hello
--- request
POST /a.txt
x
--- error_code: 405
--- response_body_like: <center><h1>405 Not Allowed</h1></center>



=== TEST 4: PUT and DELETE to a file
--- config
--- user_files
>>> a.txt
hello
--- request eval
["PUT /a.txt\nx", "DELETE /a.txt"]
--- error_code eval
["405", "405"]



=== TEST 5: an empty file
--- config
--- user_files
>>> a.txt
--- request
GET /a.txt
--- response_headers
Content-Length: 0
--- response_body:



=== TEST 6: a big file
--- config
--- user_files eval
[["big.txt", "0123456789" x 100000]]
--- request
GET /big.txt
--- response_headers
Content-Length: 1000000
--- response_body eval
"0123456789" x 100000



=== TEST 7: a big file through sendfile
--- config
    sendfile on; tcp_nopush on;
--- user_files eval
[["big.txt", "0123456789" x 100000]]
--- request
GET /big.txt
--- response_body eval
"0123456789" x 100000



=== TEST 8: root adds the whole URI
--- config
    location /a/ { root $TEST_NGINX_HTML_DIR/r; }
--- user_files
>>> r/a/x.txt
yes
--- request
GET /a/x.txt
--- response_body
yes



=== TEST 9: alias replaces the location
--- config
    location /a/ { alias $TEST_NGINX_HTML_DIR/r/; }
--- user_files
>>> r/x.txt
yes
--- request
GET /a/x.txt
--- response_body
yes



=== TEST 10: alias with captures
--- config
    location ~ ^/a/(\w+)$ { alias $TEST_NGINX_HTML_DIR/r/$1.txt; }
--- user_files
>>> r/x.txt
yes
--- request
GET /a/x
--- response_body
yes



=== TEST 11: variables in root
--- config
    location / { root $TEST_NGINX_HTML_DIR/$http_host; }
--- user_files
>>> h.test/x.txt
yes
--- request
GET /x.txt
--- more_headers
Host: h.test
--- response_body
yes



=== TEST 12: index
--- config
    location / { root $TEST_NGINX_HTML_DIR; index no.html yes.html; }
--- user_files
>>> d/yes.html
index
--- request
GET /d/
--- response_body
index



=== TEST 13: an absolute index goes through locations
--- config
    location /d/ { root $TEST_NGINX_HTML_DIR; index none.html /app; }
    location = /app { return 200 "app $uri\n"; }
--- user_files
>>> d/a.txt
x
--- request
GET /d/
--- response_body
app /app



=== TEST 14: a directory without index
--- config
--- user_files
>>> d/a.txt
x
--- request
GET /d/
--- error_code: 403
--- error_log eval
qr/\[error\] .*directory index of "\S+\/html\/d\/" is forbidden/



=== TEST 15: a file with a slash behind it
--- config
--- user_files
>>> a.txt
x
--- request
GET /a.txt/
--- error_code: 404
--- error_log: is not found (20: Not a directory)



=== TEST 16: types
--- config
    types { text/html html; application/x-a a b; }
    default_type x/y;
--- user_files
>>> 1.html
>>> 1.b
>>> 1.A
>>> 1.c
>>> 1
--- request eval
["GET /1.html", "GET /1.b", "GET /1.A", "GET /1.c", "GET /1"]
--- response_headers eval
["Content-Type: text/html", "Content-Type: application/x-a", "Content-Type: application/x-a", "Content-Type: x/y", "Content-Type: x/y"]



=== TEST 17: types of a location replace those above
--- config
    types { text/html html; }
    location / { root $TEST_NGINX_HTML_DIR; types { text/x x; } }
--- user_files
>>> 1.html
>>> 1.x
--- request eval
["GET /1.html", "GET /1.x"]
--- response_headers eval
["Content-Type: text/plain", "Content-Type: text/x"]



=== TEST 18: If-Modified-Since of the same time
--- config
--- user_files
>>> a.txt 1000000000
hello
--- request
GET /a.txt
--- more_headers
If-Modified-Since: Sun, 09 Sep 2001 01:46:40 GMT
--- error_code: 304
--- response_headers
!Content-Length
!Content-Type
ETag: "3b9aca00-6"
Last-Modified: Sun, 09 Sep 2001 01:46:40 GMT
--- response_body:



=== TEST 19: If-Modified-Since wants the exact time
--- config
--- user_files
>>> a.txt 1000000000
hello
--- request
GET /a.txt
--- more_headers
If-Modified-Since: Sun, 09 Sep 2001 01:46:41 GMT
--- response_body
hello



=== TEST 20: if_modified_since before
--- config
    if_modified_since before;
--- user_files
>>> a.txt 1000000000
hello
--- request
GET /a.txt
--- more_headers
If-Modified-Since: Sun, 09 Sep 2001 01:46:41 GMT
--- error_code: 304



=== TEST 21: If-None-Match
--- config
--- user_files
>>> a.txt 1000000000
hello
--- request eval
["GET /a.txt", "GET /a.txt", "GET /a.txt", "GET /a.txt"]
--- more_headers eval
['If-None-Match: "3b9aca00-6"', 'If-None-Match: "x", W/"3b9aca00-6"', 'If-None-Match: *', 'If-None-Match: "x"']
--- error_code eval
["304", "304", "304", "200"]



=== TEST 22: If-Match and If-Unmodified-Since
--- config
--- user_files
>>> a.txt 1000000000
hello
--- request eval
["GET /a.txt", "GET /a.txt", "GET /a.txt", "GET /a.txt"]
--- more_headers eval
['If-Match: "3b9aca00-6"', 'If-Match: "x"', 'If-Unmodified-Since: Sun, 09 Sep 2001 01:46:40 GMT', 'If-Unmodified-Since: Sun, 09 Sep 2001 01:46:39 GMT']
--- error_code eval
["200", "412", "200", "412"]



=== TEST 23: etag off
--- config
    etag off;
--- user_files
>>> a.txt
hello
--- request
GET /a.txt
--- response_headers
!ETag



=== TEST 24: a range
--- config
--- user_files
>>> a.txt
0123456789
--- request
GET /a.txt
--- more_headers
Range: bytes=2-4
--- error_code: 206
--- response_headers
Content-Range: bytes 2-4/11
Content-Length: 3
--- response_body: 234



=== TEST 25: open and suffix ranges
--- config
--- user_files
>>> a.txt
0123456789
--- request eval
["GET /a.txt", "GET /a.txt", "GET /a.txt"]
--- more_headers eval
["Range: bytes=8-", "Range: bytes=-3", "Range: bytes=8-100"]
--- error_code eval
["206", "206", "206"]
--- response_body eval
["89\n", "89\n", "89\n"]
--- response_headers eval
["Content-Range: bytes 8-10/11", "Content-Range: bytes 8-10/11", "Content-Range: bytes 8-10/11"]



=== TEST 26: several ranges
--- config
--- user_files
>>> a.txt
0123456789
--- request
GET /a.txt
--- more_headers
Range: bytes=0-1,4-5
--- error_code: 206
--- response_headers_like
Content-Type: multipart/byteranges; boundary=\w+
--- response_body_like chop
^\r
--(\w+)\r
Content-Type: text/plain\r
Content-Range: bytes 0-1/11\r
\r
01\r
--\1\r
Content-Type: text/plain\r
Content-Range: bytes 4-5/11\r
\r
45\r
--\1--\r
$



=== TEST 27: a range outside of the file
--- config
--- user_files
>>> a.txt
0123456789
--- request
GET /a.txt
--- more_headers
Range: bytes=11-
--- error_code: 416
--- response_headers
Content-Range: bytes */11
--- response_body_like: <center><h1>416 Requested Range Not Satisfiable</h1></center>



=== TEST 28: a range that is none
--- config
--- user_files
>>> a.txt
0123456789
--- request eval
["GET /a.txt", "GET /a.txt", "GET /a.txt"]
--- more_headers eval
["Range: bytes=a-b", "Range: bytes=5-2", "Range: lines=1-2"]
--- error_code eval
["416", "416", "200"]



=== TEST 29: If-Range
--- config
--- user_files
>>> a.txt 1000000000
hello
--- request eval
["GET /a.txt", "GET /a.txt", "GET /a.txt"]
--- more_headers eval
["Range: bytes=0-0\nIf-Range: \"3b9aca00-6\"", "Range: bytes=0-0\nIf-Range: \"x\"", "Range: bytes=0-0\nIf-Range: Sun, 09 Sep 2001 01:46:40 GMT"]
--- error_code eval
["206", "200", "206"]



=== TEST 30: max_ranges 0
--- config
    max_ranges 0;
--- user_files
>>> a.txt
hello
--- request
GET /a.txt
--- more_headers
Range: bytes=0-0
--- response_headers
!Accept-Ranges
--- response_body
hello



=== TEST 31: a null byte never reaches the file system
--- config
--- user_files
>>> a.txt
hello
--- request
GET /a.txt%00.html
--- error_code: 400



=== TEST 32: stub_status
--- config
    location /s { stub_status; }
--- request
GET /s
--- response_headers
Content-Type: text/plain
--- response_body_like: ^Active connections: \d+ \nserver accepts handled requests\n \d+ \d+ \d+ \nReading: \d+ Writing: 1 Waiting: \d+ \n$



=== TEST 33: stub_status takes GET and HEAD only
--- config
    location /s { stub_status; }
--- request
POST /s
--- error_code: 405



=== TEST 34: stub_status variables
--- config
    location /t { return 200 "$connections_active $connections_reading $connections_writing $connections_waiting\n"; }
--- request
GET /t
--- response_body_like: ^\d+ \d+ 1 \d+\n$



=== TEST 35: try_files tells why a name is passed by, unless nothing is there
--- config
    location /t { try_files /a.txt/x /nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn /none =404; }
--- user_files
>>> a.txt
a
--- request
GET /t
--- error_code: 404
--- no_error_log
stat()
