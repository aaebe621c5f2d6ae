# SPDX-License-Identifier: Apache-2.0
# map {}
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: exact values and default
--- http_config
    map $arg_a $out { one 1; two 2; default none; }
--- config
    location /t { return 200 "$out\n"; }
--- request eval
["GET /t?a=one", "GET /t?a=two", "GET /t?a=three", "GET /t"]
--- response_body eval
["1\n", "2\n", "none\n", "none\n"]



=== TEST 2: no default is empty
--- http_config
    map $arg_a $out { one 1; }
--- config
    location /t { return 200 "[$out]\n"; }
--- request
GET /t
--- response_body
[]



=== TEST 3: strings are compared without case
--- http_config
    map $arg_a $out { One 1; }
--- config
    location /t { return 200 "[$out]\n"; }
--- request
GET /t?a=oNE
--- response_body
[1]



=== TEST 4: an empty string is a value
--- http_config
    map $arg_a $out { "" empty; default some; }
--- config
    location /t { return 200 "$out\n"; }
--- request eval
["GET /t", "GET /t?a=x"]
--- response_body eval
["empty\n", "some\n"]



=== TEST 5: regexes, in order, after strings
--- http_config
    map $arg_a $out { ~^a first; ~^ab second; abc exact; }
--- config
    location /t { return 200 "$out\n"; }
--- request eval
["GET /t?a=ab", "GET /t?a=abc"]
--- response_body eval
["first\n", "exact\n"]



=== TEST 6: ~* does not mind the case
--- http_config
    map $arg_a $out { ~^x case; ~*^x nocase; }
--- config
    location /t { return 200 "$out\n"; }
--- request eval
["GET /t?a=x", "GET /t?a=X"]
--- response_body eval
["case\n", "nocase\n"]



=== TEST 7: captures in the value
--- http_config
    map $uri $out { ~^/t/(\w+)/(?<name>\w+) "$2-$name-$1"; }
--- config
    location /t { return 200 "$out\n"; }
--- request
GET /t/a/b
--- response_body
b-b-a



=== TEST 8: variables in the source and in values
--- http_config
    map "$arg_a:$arg_b" $out { 1:2 "yes $request_method"; default $arg_c; }
--- config
    location /t { return 200 "$out\n"; }
--- request eval
["GET /t?a=1&b=2", "GET /t?c=3"]
--- response_body eval
["yes GET\n", "3\n"]



=== TEST 9: hostnames
--- http_config
    map $http_host $out {
        hostnames;
        default 0;
        .a.test 1;
        *.b.test 2;
        c.* 3;
        x.b.test 4;
    }
--- config
    location /t { return 200 "$out\n"; }
--- request eval
["GET /t", "GET /t", "GET /t", "GET /t", "GET /t", "GET /t"]
--- more_headers eval
["Host: a.test", "Host: w.a.test", "Host: y.b.test", "Host: c.org", "Host: x.b.test", "Host: z.test"]
--- response_body eval
["1\n", "1\n", "2\n", "3\n", "4\n", "0\n"]



=== TEST 10: a backslash hides special words
--- http_config
    map $arg_a $out { \default d; \hostnames h; default none; }
--- config
    location /t { return 200 "$out\n"; }
--- request eval
["GET /t?a=default", "GET /t?a=hostnames", "GET /t?a=x"]
--- response_body eval
["d\n", "h\n", "none\n"]



=== TEST 11: include inside a map
--- http_config
    map $arg_a $out { include $TEST_NGINX_HTML_DIR/map.conf; default none; }
--- config
    location /t { return 200 "$out\n"; }
--- user_files
>>> map.conf
one 1;
two 2;
--- request eval
["GET /t?a=two", "GET /t"]
--- response_body eval
["2\n", "none\n"]



=== TEST 12: a map of a map
--- http_config
    map $arg_a $first { 1 one; }
    map $first $second { one uno; default nada; }
--- config
    location /t { return 200 "$second\n"; }
--- request
GET /t?a=1
--- response_body
uno



=== TEST 13: volatile parses and works
--- http_config
    map $arg_a $out { volatile; 1 one; }
--- config
    location /t { return 200 "$out\n"; }
--- request
GET /t?a=1
--- response_body
one



=== TEST 14: a value given twice is refused
--- http_config
    map $arg_a $out { a 1; a 2; }
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*conflicting parameter "a" in \S+nginx\.conf:\d+/



=== TEST 15: two defaults are refused
--- http_config
    map $arg_a $out { default 1; default 2; }
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*duplicate default map parameter/



=== TEST 16: a line of three words is refused
--- http_config
    map $arg_a $out { a b c; }
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*invalid number of the map parameters/



=== TEST 17: the target must be a variable
--- http_config
    map $arg_a out { a b; }
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*invalid variable name "out"/
