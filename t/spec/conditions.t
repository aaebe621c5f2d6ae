# SPDX-License-Identifier: Apache-2.0
# Conditional requests for what is no file (static.t has those for files), and for error pages.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: a text has neither time nor tag
--- config
    location /t { return 200 "text"; }
--- request eval
["GET /t", "GET /t", "GET /t", "GET /t", "GET /t", "GET /t", "GET /t"]
--- more_headers eval
["If-Match: \"a\"", "If-Match: *", "If-Unmodified-Since: Sun, 09 Sep 2040 01:46:40 GMT",
 "If-Modified-Since: Sun, 09 Sep 2040 01:46:40 GMT", "If-None-Match: \"a\"", "If-None-Match: *",
 "If-Modified-Since: Sun, 09 Sep 2040 01:46:40 GMT\r\nIf-None-Match: *"]
--- error_code eval
[412, 200, 412, 200, 200, 304, 200]



=== TEST 2: nor does what add_header says count
--- config
    location /t {
        add_header ETag '"a"';
        add_header Last-Modified "Sun, 09 Sep 2001 01:46:40 GMT";
        return 200 "text";
    }
--- request eval
["GET /t", "GET /t", "GET /t", "GET /t"]
--- more_headers eval
["If-Match: \"a\"", "If-None-Match: \"a\"", "If-Modified-Since: Sun, 09 Sep 2001 01:46:40 GMT",
 "If-None-Match: *"]
--- error_code eval
[412, 200, 200, 304]
--- response_headers eval
["", "ETag: \"a\"", "ETag: \"a\"", "ETag: \"a\"\n!Content-Length\n!Content-Type"]



=== TEST 3: other methods, other codes, stub_status
--- config
    location /t { return 200 "text"; }
    location /created { return 201 "text"; }
    location /gone { return 410 "text"; }
    location /away { return 302 /x; }
    location /s { stub_status; }
--- request eval
["POST /t", "HEAD /t", "GET /created", "GET /gone", "GET /away", "GET /s"]
--- more_headers
If-Match: "a"
--- error_code eval
[412, 412, 201, 410, 302, 412]



=== TEST 4: 412 has a page like other errors
--- config
    error_page 412 /page;
    location /t { return 200 "text"; }
    location /page { return 200 "page"; }
--- request
GET /t
--- more_headers
If-Match: "a"
--- error_code: 412
--- response_body: page



=== TEST 5: what an error page became 200 for is conditional too
--- config
    location /t { error_page 404 =200 /page; return 404; }
    location /e { error_page 404 /page; return 404; }
    location /page { return 200 "page"; }
--- request eval
["GET /t", "GET /t", "GET /e", "GET /e"]
--- more_headers eval
["If-None-Match: *", "If-Match: \"a\"", "If-None-Match: *", "If-Match: \"a\""]
--- error_code eval
[304, 412, 404, 404]



=== TEST 6: the same of a file
--- config
    location /t { error_page 404 =200 /page.txt; return 404; }
    location /e { error_page 404 /page.txt; return 404; }
--- user_files
>>> page.txt 1000000000
page
--- request eval
["GET /t", "GET /t", "GET /t", "GET /e", "GET /e"]
--- more_headers eval
["If-Modified-Since: Sun, 09 Sep 2001 01:46:40 GMT", "If-Match: \"a\"", "Range: bytes=1-2",
 "If-Modified-Since: Sun, 09 Sep 2001 01:46:40 GMT", "If-Match: \"a\"\r\nRange: bytes=1-2"]
--- error_code eval
[304, 412, 206, 404, 404]
--- response_headers eval
["ETag: \"3b9aca00-5\"", "!ETag", "Content-Range: bytes 1-2/5", "!Last-Modified", "!Last-Modified"]



=== TEST 7: a date with a length behind it, as old browsers send it
--- config
    location /t { root html; }
--- user_files
>>> t 1000000000
page
--- request eval
["GET /t", "GET /t"]
--- more_headers eval
["If-Modified-Since: Sun, 09 Sep 2001 01:46:40 GMT; length=5", "If-Modified-Since: Sun, 09 Sep 2001 01:46:41 GMT; length=5"]
--- error_code eval
[304, 200]
