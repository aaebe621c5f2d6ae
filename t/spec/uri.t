# SPDX-License-Identifier: Apache-2.0
# What becomes of the request target: $uri, $request_uri, $args.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: percent-encoding is decoded in $uri only
--- config
    location / { return 200 "$uri|$request_uri\n"; }
--- request
GET /%61%20b/%7e
--- response_body
/a b/~|/%61%20b/%7e



=== TEST 2: %2F is a slash
--- config
    location /a/b { return 200 "$uri\n"; }
--- request
GET /a%2Fb%2fc
--- response_body
/a/b/c



=== TEST 3: dot segments are removed
--- config
    location / { return 200 "$uri\n"; }
--- request eval
["GET /a/./b", "GET /a/../b", "GET /a/b/..", "GET /a/b/.", "GET /a/b/../../c/", "GET /a/...", "GET /.a/b.."]
--- response_body eval
["/a/b\n", "/b\n", "/a/\n", "/a/b/\n", "/c/\n", "/a/...\n", "/.a/b..\n"]



=== TEST 4: encoded dots are dots
--- config
    location / { return 200 "$uri\n"; }
--- request eval
["GET /a/%2e%2E/b", "GET /a/.%2e/b", "GET /a%2f..%2fb"]
--- response_body eval
["/b\n", "/b\n", "/b\n"]



=== TEST 5: above the root is a bad request
--- config
--- request eval
["GET /..", "GET /../a", "GET /a/../../b", "GET /%2e%2e/"]
--- error_code eval
["400", "400", "400", "400"]



=== TEST 6: slashes are merged
--- config
    location / { return 200 "$uri\n"; }
--- request
GET //a///b/
--- response_body
/a/b/



=== TEST 7: merge_slashes off
--- config
    merge_slashes off;
    location / { return 200 "$uri\n"; }
--- request
GET //a///b/
--- response_body
//a///b/



=== TEST 8: the encoded question mark belongs to the path
--- config
    location / { return 200 "$uri|$args\n"; }
--- request
GET /a%3Fb?c%3F
--- response_body
/a?b|c%3F



=== TEST 9: the query is kept as it came
--- config
    location / { return 200 "$uri|$args|$query_string|$is_args\n"; }
--- request
GET /a?b=%20/../c?d
--- response_body
/a|b=%20/../c?d|b=%20/../c?d|?



=== TEST 10: an empty query
--- config
    location / { return 200 "$uri|$args|$is_args|$request_uri\n"; }
--- request
GET /a?
--- response_body
/a|||/a?



=== TEST 11: a fragment is cut off
--- config
    location / { return 200 "$uri|$args\n"; }
--- request eval
["GET /a#b", "GET /a?b#c"]
--- response_body eval
["/a|\n", "/a|b\n"]



=== TEST 12: plus is not a space
--- config
    location / { return 200 "$uri\n"; }
--- request
GET /a+b
--- response_body
/a+b



=== TEST 13: an encoded null byte is refused
--- config
--- request
GET /a%00b
--- error_code: 400



=== TEST 14: a bad escape is refused
--- config
--- request eval
["GET /%zz", "GET /%2", "GET /%", "GET /a%x1/b"]
--- error_code eval
["400", "400", "400", "400"]



=== TEST 15: high bytes pass
--- config
    location / { return 200 "$uri\n"; }
--- raw_request eval
"GET /\xc3\xa4%C3%B6 HTTP/1.0\r\n\r\n"
--- response_body eval
"/\xc3\xa4\xc3\xb6\n"



=== TEST 16: control characters in the target are refused
--- config
--- raw_request eval
"GET /a\x01b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- error_code: 400



=== TEST 17: a space in the target is refused
--- config
--- raw_request eval
"GET /a b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- error_code: 400



=== TEST 18: a target without a slash is refused
--- config
--- raw_request eval
"GET a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- error_code: 400



=== TEST 19: an absolute target without a path is the root
--- config
    location / { return 200 "$uri|$host|$request_uri\n"; }
--- raw_request eval
"GET http://h.test HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- response_body_like: ^/\|h\.test\|



=== TEST 20: $document_uri is $uri
--- config
    location / { return 200 "$document_uri\n"; }
--- request
GET /a/../b
--- response_body
/b



=== TEST 21: a location matches the normalised path
--- config
    location = /a/b { return 200 "yes\n"; }
    location / { return 200 "no\n"; }
--- request
GET /x/..//%61/./b
--- response_body
yes
