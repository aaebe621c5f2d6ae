# SPDX-License-Identifier: Apache-2.0
# access_log, log_format, error_log.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: the combined format
--- config
    location /t { return 200 "12345"; }
--- request
GET /t?x=1
--- more_headers
Referer: http://r.test/
User-Agent: ua/1 "q"
--- access_log_like: ^127\.0\.0\.1 - - \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "GET /t\?x=1 HTTP/1\.1" 200 5 "http://r\.test/" "ua/1 \\x22q\\x22"\n$



=== TEST 2: what is missing is a dash
--- http_config
    log_format s '[$remote_user] [$http_x] [$arg_a] "$http_referer"';
--- config
    access_log logs/access.log s;
    location /t { return 200; }
--- request
GET /t
--- access_log_is
[-] [-] [-] "-"



=== TEST 3: $remote_user of Authorization
--- http_config
    log_format s '$remote_user';
--- config
    access_log logs/access.log s;
    location /t { return 200; }
--- request
GET /t
--- more_headers
Authorization: Basic bWU6c2VjcmV0
--- access_log_is
me



=== TEST 4: the default escape
--- http_config
    log_format s '$http_x';
--- config
    access_log logs/access.log s;
    location /t { return 200; }
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: a\"b\\c\td\xe4\r\n\r\n"
--- access_log_is
a\x22b\x5Cc\x09d\xE4



=== TEST 5: escape=json
--- http_config
    log_format s escape=json '{"x":"$uri","y":"$http_y"}';
--- config
    access_log logs/access.log s;
    location /t { return 200; }
--- raw_request eval
"GET /t/a%22b%5Cc%09d%01%C3%A4/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- access_log_is eval
"{\"x\":\"/t/a\\\"b\\\\c\\td\\u0001\xc3\xa4/\",\"y\":\"\"}\n"



=== TEST 6: escape=none
--- http_config
    log_format s escape=none '$http_x[$http_y]';
--- config
    access_log logs/access.log s;
    location /t { return 200; }
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: a\"b\\c\xe4\r\n\r\n"
--- access_log_is eval
"a\"b\\c\xe4[]\n"



=== TEST 7: log_format joins its words
--- http_config
    log_format s '$status '
                 '$request_method'
                 ' end';
--- config
    access_log logs/access.log s;
    location /t { return 200; }
--- request
GET /t
--- access_log_is
200 GET end



=== TEST 8: access_log off
--- config
    location /t { access_log off; return 200; }
--- request
GET /t
--- access_log_is:



=== TEST 9: if= skips empty and 0
--- http_config
    log_format s '$uri $arg_l';
--- config
    access_log logs/access.log s if=$arg_l;
    location /t { return 200; }
--- request eval
["GET /t", "GET /t?l=0", "GET /t?l=1", "GET /t?l=no"]
--- access_log_is
/t 1
/t no



=== TEST 10: several logs
--- http_config
    log_format a 'a $uri';
    log_format b 'b $uri';
--- config
    access_log logs/one.log a;
    access_log logs/two.log b;
    location /t { return 200; }
--- request
GET /t
--- files_are
>>> logs/one.log
a /t
>>> logs/two.log
b /t



=== TEST 11: a location's logs replace the server's
--- http_config
    log_format s '$uri';
--- config
    access_log logs/one.log s;
    location /t { access_log logs/two.log s; return 200; }
--- request
GET /t
--- files_are
>>> logs/one.log
>>> logs/two.log
/t



=== TEST 12: buffer and flush
--- http_config
    log_format s '$uri';
--- config
    access_log logs/access.log s buffer=4k flush=100ms;
    location /t { return 200; }
--- request eval
["GET /t1", "GET /t2"]
--- access_log_is
/t1
/t2



=== TEST 13: a variable in the path
--- http_config
    log_format s '$uri';
--- config
    access_log logs/$arg_f.log s;
    location /t { return 200; }
--- request eval
["GET /t?f=a", "GET /t?f=b"]
--- files_are
>>> logs/a.log
/t
>>> logs/b.log
/t



=== TEST 14: bad requests are logged
--- http_config
    log_format s '$status "$request"';
--- config
    access_log logs/access.log s;
--- raw_request eval
"bad\r\n\r\n"
--- error_code: 400
--- access_log_is
400 "bad"



=== TEST 15: a client that closed early is 499
--- http_config
    log_format s '$status $request_method $uri';
--- config
    access_log logs/access.log s;
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
head
sleep 3
--- request
GET /t
--- timeout: 0.2
--- abort
--- access_log_is
499 GET /t



=== TEST 16: an unknown format is refused
--- config
    access_log logs/access.log nonsense;
--- must_die
--- error_log eval
qr/\[emerg\] .*unknown log format "nonsense" in \S+nginx\.conf:\d+/



=== TEST 17: a format given twice is refused
--- http_config
    log_format a '1';
    log_format a '2';
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*duplicate "log_format" name "a"/



=== TEST 18: an unknown variable in a format is refused
--- http_config
    log_format a '$nothing_here';
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*unknown "nothing_here" variable/



=== TEST 19: error log lines
--- config
    location /t { root $TEST_NGINX_HTML_DIR; }
--- request
GET /t?q
--- error_code: 404
--- error_log eval
qr{^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[error\] \d+#\d+: \*\d+ open\(\) "\S+/html/t" failed \(2: No such file or directory\), client: 127\.0\.0\.1, server: localhost, request: "GET /t\?q HTTP/1\.1", host: "localhost"$}



=== TEST 20: log_not_found off
--- config
    location /t { root $TEST_NGINX_HTML_DIR; log_not_found off; }
--- request
GET /t
--- error_code: 404
--- no_error_log
[error]



=== TEST 21: a referrer ends the error line
--- config
    location /t { root $TEST_NGINX_HTML_DIR; }
--- request
GET /t
--- more_headers
Referer: http://r.test/
--- error_code: 404
--- error_log: host: "localhost", referrer: "http://r.test/"



=== TEST 22: the level of error_log is minded
--- config
    error_log logs/error.log crit;
    location /t { root $TEST_NGINX_HTML_DIR; }
--- request
GET /t
--- error_code: 404
--- no_error_log
[error]



=== TEST 23: several error logs
--- config
    error_log logs/one.log error;
    error_log logs/error.log info;
    location /t { root $TEST_NGINX_HTML_DIR; }
--- request
GET /t
--- error_code: 404
--- error_log: No such file or directory



=== TEST 24: debug level has debug lines
--- log_level: debug
--- config
    location /t { return 200; }
--- request
GET /t
--- error_log: [debug]



=== TEST 25: an unknown level is refused
--- main_config
error_log logs/x.log loud;
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*invalid log level "loud" in \S+nginx\.conf:\d+/
