# SPDX-License-Identifier: Apache-2.0
# Which location answers.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: the longest prefix wins, in any order
--- config
    location /a { return 200 "a\n"; }
    location /a/b/c { return 200 "abc\n"; }
    location /a/b { return 200 "ab\n"; }
--- request eval
["GET /a/x", "GET /a/b/x", "GET /a/b/c/x", "GET /a/bb"]
--- response_body eval
["a\n", "ab\n", "abc\n", "ab\n"]



=== TEST 2: exact match goes first
--- config
    location /a { return 200 "prefix\n"; }
    location = /a { return 200 "exact\n"; }
    location ~ a { return 200 "regex\n"; }
--- request eval
["GET /a", "GET /a/"]
--- response_body eval
["exact\n", "regex\n"]



=== TEST 3: a regex goes before a prefix
--- config
    location /a { return 200 "prefix\n"; }
    location ~ \.php$ { return 200 "regex\n"; }
--- request eval
["GET /a/x.php", "GET /a/x.phpx"]
--- response_body eval
["regex\n", "prefix\n"]



=== TEST 4: ^~ keeps regexes out
--- config
    location ^~ /a { return 200 "prefix\n"; }
    location ~ \.php$ { return 200 "regex\n"; }
--- request eval
["GET /a/x.php", "GET /b/x.php"]
--- response_body eval
["prefix\n", "regex\n"]



=== TEST 5: ^~ counts only when it is the longest prefix
--- config
    location ^~ /a { return 200 "short\n"; }
    location /a/b { return 200 "long\n"; }
    location ~ x$ { return 200 "regex\n"; }
--- request eval
["GET /a/b/x", "GET /a/x"]
--- response_body eval
["regex\n", "short\n"]



=== TEST 6: the first regex of the file wins
--- config
    location ~ ^/a { return 200 "1\n"; }
    location ~ ^/ab { return 200 "2\n"; }
--- request
GET /abc
--- response_body
1



=== TEST 7: ~ minds the case, ~* does not
--- config
    location / { return 200 "none\n"; }
    location ~ \.gif$ { return 200 "case\n"; }
    location ~* \.png$ { return 200 "nocase\n"; }
--- request eval
["GET /a.GIF", "GET /a.PNG"]
--- response_body eval
["none\n", "nocase\n"]



=== TEST 8: captures of a location
--- config
    location ~ ^/(\w+)/(?<rest>.*)$ { return 200 "$1 $2 $rest\n"; }
--- request
GET /one/two/three
--- response_body
one two/three two/three



=== TEST 9: a regex sees the decoded path
--- config
    location / { return 200 "prefix\n"; }
    location ~ "^/a b$" { return 200 "regex\n"; }
--- request
GET /a%20b
--- response_body
regex



=== TEST 10: a location inside a location
--- config
    location /a {
        location /a/b { return 200 "inner\n"; }
        return 200 "outer\n";
    }
--- request eval
["GET /a/x", "GET /a/b/x"]
--- response_body eval
["outer\n", "inner\n"]



=== TEST 11: a regex inside a prefix location is tried only there
--- config
    location /a {
        location ~ \.x$ { return 200 "inner\n"; }
        return 200 "outer\n";
    }
    location /b { return 200 "b\n"; }
--- request eval
["GET /a/1.x", "GET /b/1.x"]
--- response_body eval
["inner\n", "b\n"]



=== TEST 12: inner regexes go before outer ones
--- config
    location ~ \.x$ { return 200 "outer\n"; }
    location /a {
        location ~ ^/a/.*x$ { return 200 "inner\n"; }
    }
--- request
GET /a/1.x
--- response_body
inner



=== TEST 13: a location outside of its parent is refused
--- config
    location /a {
        location /b { return 200; }
    }
--- must_die
--- error_log eval
qr/\[emerg\] .*location "\/b" is outside location "\/a" in \S+nginx\.conf:\d+/



=== TEST 14: no locations inside an exact one
--- config
    location = /a {
        location /a { return 200; }
    }
--- must_die
--- error_log eval
qr/\[emerg\] .*location "\/a" cannot be inside the exact location "\/a"/



=== TEST 15: a location given twice is refused
--- config
    location /a { return 200; }
    location /a { return 200; }
--- must_die
--- error_log eval
qr/\[emerg\] .*duplicate location "\/a" in \S+nginx\.conf:\d+/



=== TEST 16: an unknown modifier is refused
--- config
    location ~~ /a { return 200; }
--- must_die
--- error_log eval
qr/\[emerg\] .*invalid location modifier "~~"/



=== TEST 17: a regex that does not compile is refused
--- config
    location ~ "^/(a" { return 200; }
--- must_die
--- error_log eval
qr/\[emerg\] .*pcre2?_compile\(\) failed: missing .* in "\^\/\(a"/



=== TEST 18: a modifier may touch its pattern
--- config
    location =/a { return 200 "exact\n"; }
    location ^~/b { return 200 "prefix\n"; }
    location ~\.c$ { return 200 "regex\n"; }
--- request eval
["GET /a", "GET /b/x.c", "GET /x.c"]
--- response_body eval
["exact\n", "prefix\n", "regex\n"]



=== TEST 19: a named location is not reachable by a URI
--- config
    location / { return 200 "root\n"; }
    location @n { return 200 "named\n"; }
--- request
GET /@n
--- response_body
root



=== TEST 20: try_files ends in a named location
--- config
    location /t { root $TEST_NGINX_HTML_DIR; try_files $uri @app; }
    location @app { return 200 "app $uri\n"; }
--- request
GET /t/none
--- response_body
app /t/none



=== TEST 21: try_files serves the first file there is
--- config
    location /t { root $TEST_NGINX_HTML_DIR; try_files $uri.html $uri.txt @app; }
    location @app { return 200 "app\n"; }
--- user_files
>>> t/a.txt
text
--- request
GET /t/a
--- response_body
text



=== TEST 22: try_files ends in a code
--- config
    location /t { root $TEST_NGINX_HTML_DIR; try_files $uri =410; }
--- request
GET /t/none
--- error_code: 410



=== TEST 23: try_files ends in a URI that goes through locations again
--- config
    location /t { root $TEST_NGINX_HTML_DIR; try_files $uri /index.php?q=$uri&$args; }
    location = /index.php { return 200 "$uri $args\n"; }
--- request
GET /t/x?a=1
--- response_body
/index.php q=/t/x&a=1



=== TEST 24: try_files with a slash looks for a directory
--- config
    location /t { root $TEST_NGINX_HTML_DIR; try_files $uri $uri/ =404; index i.txt; }
--- user_files
>>> t/d/i.txt
index
--- request eval
["GET /t/d", "GET /t/d/", "GET /t/e"]
--- error_code eval
["301", "200", "404"]



=== TEST 25: a prefix location may be empty of handlers: static files
--- config
    location /t { root $TEST_NGINX_HTML_DIR; }
--- request
GET /t/none
--- error_code: 404
--- error_log eval
qr{\[error\] \d+#\d+: \*\d+ open\(\) "\S+/html/t/none" failed \(2: No such file or directory\), client: 127\.0\.0\.1, server: localhost, request: "GET /t/none HTTP/1\.1", host: "localhost"}



=== TEST 26: the slash that a location of a server behind us wants: the rest stays encoded
--- config
    location "/a b/" { proxy_pass http://127.0.0.1:1; }
--- request
GET /a%20b?c=d
--- error_code: 301
--- response_headers
Location: http://localhost:$TEST_NGINX_SERVER_PORT/a%20b/?c=d



=== TEST 27: the name without its slash is redirected only where no location has that very name
--- config
    location /a { return 200 "a\n"; }
    location /a/ { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location ^~ /b { return 200 "b\n"; }
    location /b/ { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location /c/ { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location /d { return 200 "d\n"; }
    location /d/ { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location ~ ^/d$ { return 200 "regex\n"; }
    location / {
        location ~ ^/c$ { return 200 "nested\n"; }
        location /e { return 200 "e\n"; }
        location /e/ { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    }
--- request eval
["GET /a", "GET /b", "GET /c", "GET /d", "GET /e"]
--- error_code eval
[200, 200, 301, 200, 200]
--- response_body_like eval
["^a\n", "^b\n", "301 Moved", "^regex\n", "^e\n"]
