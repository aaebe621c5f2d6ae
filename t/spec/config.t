# SPDX-License-Identifier: Apache-2.0
# The configuration language and its errors.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: quotes and escapes
--- config
    location /t { return 200 "a\"b'c\\d\te;{}#\n"; }
--- request
GET /t
--- response_body eval
"a\"b'c\\d\te;{}#\n"



=== TEST 2: single quotes
--- config
    location /t { return 200 'a"b\'c\n'; }
--- request
GET /t
--- response_body eval
"a\"b'c\n"



=== TEST 3: a backslash before other characters stays
--- config
    location ~ "^/\w\.x$" { return 200 "a\qb"; }
--- request
GET /t.x
--- response_body: a\qb



=== TEST 4: comments
--- config
    # location /t { return 404; }
    location /t { # here too
        return 200 "a#b"; # and here
    }
--- request
GET /t
--- response_body: a#b



=== TEST 5: a hash inside a word is no comment
--- config
    location /t { return 200 a#b; }
--- request
GET /t
--- response_body: a#b



=== TEST 6: a directive over several lines
--- config
    location /t { return
        200
        "x
y"
        ; }
--- request
GET /t
--- response_body eval
"x\ny"



=== TEST 7: CRLF line ends
--- config eval
"location /t {\r\n return 200 'ok';\r\n}\r\n"
--- request
GET /t
--- response_body: ok



=== TEST 8: a byte order mark in an included file
--- config
    include $TEST_NGINX_HTML_DIR/a.conf;
--- user_files eval
[["a.conf", "\xef\xbb\xbflocation /t { return 200 ok; }"]]
--- request
GET /t
--- response_body: ok
--- not_nginx: nginx takes it for a part of the first word



=== TEST 9: braces and variables touch
--- config
    location /t{return 200 ${arg_a}x;}
--- request
GET /t?a=1
--- response_body: 1x



=== TEST 10: include with a glob, in order, and one that matches nothing
--- config
    include $TEST_NGINX_HTML_DIR/inc/*.conf;
    include $TEST_NGINX_HTML_DIR/none/*.conf;
--- user_files
>>> inc/a.conf
location ~ ^/t { return 200 "a\n"; }
>>> inc/b.conf
location ~ ^/t { return 200 "b\n"; }
--- request
GET /t
--- response_body
a



=== TEST 11: include is relative to the configuration's folder
--- config
    include ../html/a.conf;
--- user_files
>>> a.conf
location /t { return 200 "a\n"; }
--- request
GET /t
--- response_body
a



=== TEST 12: events before http
--- nginx_conf
daemon off; master_process off; pid logs/nginx.pid; error_log logs/error.log info;
events { worker_connections 64; }
http { access_log logs/access.log; server { listen $TEST_NGINX_SERVER_PORT; return 200 "ok\n"; } }
--- request
GET /
--- response_body
ok



=== TEST 13: units of sizes and times
--- config
    client_max_body_size 1K;
    keepalive_timeout 1m30s 1m30s;
    location /t { client_body_buffer_size 16K; send_timeout 100ms; proxy_read_timeout 1h; return 200 "ok\n"; }
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: a\r\n\r\n"
--- response_headers
Keep-Alive: timeout=90



=== TEST 14: directives that deployments have and that must parse
--- main_config
worker_rlimit_nofile 1024;
env A; env B=c;
timer_resolution 100ms;
pcre_jit on;
--- http_config
    types_hash_max_size 2048;
    server_names_hash_bucket_size 128;
    variables_hash_max_size 1024;
    sendfile on; tcp_nopush on; tcp_nodelay on;
    reset_timedout_connection on;
    send_timeout 10s; client_body_timeout 10s; client_header_timeout 10s;
    client_body_buffer_size 16k;
    lingering_close on; lingering_time 5s; lingering_timeout 1s;
    output_buffers 2 32k; postpone_output 1460;
    keepalive_time 1h;
    open_file_cache off;
    log_subrequest off;
--- config
    location /t { return 200 "ok\n"; }
--- request
GET /t
--- response_body
ok



=== TEST 15: an unknown directive
--- config
    include $TEST_NGINX_HTML_DIR/a.conf;
--- user_files
>>> a.conf
listen 8;

nonsense on;
--- must_die
--- error_log: [emerg] 
--- stderr_like: \[emerg\] .*unknown directive "nonsense" in \S+/html/a\.conf:3\n



=== TEST 16: a directive where it is not allowed
--- config
    include $TEST_NGINX_HTML_DIR/a.conf;
--- user_files
>>> a.conf
worker_processes 1;
--- must_die
--- stderr_like: \[emerg\] .*"worker_processes" directive is not allowed here in \S+/html/a\.conf:1\n



=== TEST 17: too many and too few arguments
--- config
    root a b;
--- must_die
--- stderr_like: \[emerg\] .*invalid number of arguments in "root" directive in \S+nginx\.conf:\d+\n



=== TEST 18: a directive without arguments
--- config
    root;
--- must_die
--- stderr_like: \[emerg\] .*invalid number of arguments in "root" directive in \S+nginx\.conf:\d+\n



=== TEST 19: a duplicate directive
--- config
    include $TEST_NGINX_HTML_DIR/a.conf;
--- user_files
>>> a.conf
root a;
root b;
--- must_die
--- stderr_like: \[emerg\] .*"root" directive is duplicate in \S+/html/a\.conf:2\n



=== TEST 20: a block directive without a block
--- config
    location /t;
--- must_die
--- stderr_like: \[emerg\] .*directive "location" has no opening "\{" in \S+nginx\.conf:\d+\n



=== TEST 21: a simple directive with a block
--- config
    root /x { }
--- must_die
--- stderr_like: \[emerg\] .*directive "root" is not terminated by ";" in \S+nginx\.conf:\d+\n



=== TEST 22: a missing semicolon at the end of a block
--- config
    include $TEST_NGINX_HTML_DIR/a.conf;
--- user_files
>>> a.conf
location /t {
    return 200
}
--- must_die
--- stderr_like: \[emerg\] .*unexpected "\}" in \S+/html/a\.conf:3\n



=== TEST 23: a closing brace too many
--- nginx_conf
events { }
}
--- must_die
--- stderr_like: \[emerg\] .*unexpected "\}" in \S+nginx\.conf:2\n



=== TEST 24: a block that is not closed
--- nginx_conf
events {
--- must_die
--- stderr_like: \[emerg\] .*unexpected end of file, expecting "\}" in \S+nginx\.conf:2\n



=== TEST 25: a directive that is not ended
--- nginx_conf
events { }
daemon off
--- must_die
--- stderr_like: \[emerg\] .*unexpected end of file, expecting ";" or "\}" in \S+nginx\.conf:3\n



=== TEST 26: a quote that is not closed
--- nginx_conf
events { }
error_log "logs/x;
--- must_die
--- stderr_like: \[emerg\] .*unexpected end of file, expecting .* in \S+nginx\.conf:3\n



=== TEST 27: something directly after a quote
--- config
    root "a"b;
--- must_die
--- stderr_like: \[emerg\] .*unexpected "b" in \S+nginx\.conf:\d+\n



=== TEST 28: a lone semicolon
--- config
    include $TEST_NGINX_HTML_DIR/a.conf;
--- user_files
>>> a.conf
root a;;
--- must_die
--- stderr_like: \[emerg\] .*unexpected ";" in \S+/html/a\.conf:1\n



=== TEST 29: a value that is neither on nor off
--- config
    sendfile maybe;
--- must_die
--- stderr_like: \[emerg\] .*invalid value "maybe" in "sendfile" directive, it must be "on" or "off" in \S+nginx\.conf:\d+\n



=== TEST 30: a number that is none
--- config
    keepalive_requests many;
--- must_die
--- stderr_like: \[emerg\] .*"keepalive_requests" directive invalid number in \S+nginx\.conf:\d+\n|invalid number



=== TEST 31: a time that is none
--- config
    send_timeout 1parsec;
--- must_die
--- stderr_like: \[emerg\] .*"send_timeout" directive invalid value in \S+nginx\.conf:\d+\n



=== TEST 32: a size that is none
--- config
    client_max_body_size 1z;
--- must_die
--- stderr_like: \[emerg\] .*"client_max_body_size" directive invalid value in \S+nginx\.conf:\d+\n



=== TEST 33: an enumeration's value
--- config
    if_modified_since sometimes;
--- must_die
--- stderr_like: \[emerg\] .*invalid value "sometimes" in \S+nginx\.conf:\d+\n



=== TEST 34: an included file that is not there
--- config
    include $TEST_NGINX_HTML_DIR/none.conf;
--- must_die
--- stderr_like: \[emerg\] .*open\(\) "\S+/html/none\.conf" failed \(2: No such file or directory\) in \S+nginx\.conf:\d+\n



=== TEST 35: no events block
--- nginx_conf
daemon off;
--- must_die
--- stderr_like: \[emerg\] .*no "events" section in configuration



=== TEST 36: a host that cannot be resolved at start is no reason to stay away
--- config
    location /t { proxy_pass http://no-such-host.invalid; }
    location /ok { return 200 "ok\n"; }
--- request eval
["GET /ok", "GET /t"]
--- error_code eval
["200", "502"]
--- timeout: 10
--- not_nginx: nginx refuses to start: host not found in upstream



=== TEST 37: -t of a good configuration
--- config
--- cli: -t
--- stderr_like: ^(nginx|sluice): the configuration file \S+nginx\.conf syntax is ok\n(nginx|sluice): configuration file \S+nginx\.conf test is successful\n$



=== TEST 38: -t of a bad one
--- config
    nonsense;
--- cli: -t
--- exit_code: 1
--- stderr_like: \[emerg\] (\d+#\d+: )?unknown directive "nonsense" in \S+nginx\.conf:\d+\n.*configuration file \S+nginx\.conf test failed\n$



=== TEST 39: -T prints the files
--- config
    include $TEST_NGINX_HTML_DIR/a.conf;
--- user_files
>>> a.conf
location /some/thing { return 200; }
--- cli: -T
--- stdout_like: # configuration file \S+nginx\.conf:\n.*# configuration file \S+/html/a\.conf:\nlocation /some/thing \{ return 200; \}\n



=== TEST 40: -t -q is silent when all is well
--- config
--- cli: -t -q
--- stderr_like: ^$



=== TEST 41: -v
--- config
--- cli: bare -v
--- stderr_like: ^nginx version: (nginx|sluice)/\d+\.\d+\.\d+



=== TEST 42: -V
--- config
--- cli: bare -V
--- stderr_like: ^nginx version: nginx/\d+\.\d+\.\d+.*\nconfigure arguments:.* --with-



=== TEST 43: -?
--- config
--- cli: bare -?
--- stderr_like: Usage: (nginx|sluice) \[-\?hvVtTq\] \[-s signal\] .*-t +: test configuration and exit\n



=== TEST 44: an option that does not exist
--- config
--- cli: bare -y
--- exit_code: 1
--- stderr_like: invalid option: "y"



=== TEST 45: -s with an unknown signal
--- config
--- cli: bare -s dance
--- exit_code: 1
--- stderr_like: invalid option: "-s dance"



=== TEST 46: -g adds directives
--- config
--- cli: -t -g worker_rlimit_nofile__1;
--- exit_code: 1
--- stderr_like: \[emerg\] (\d+#\d+: )?unknown directive "worker_rlimit_nofile__1" in command line



=== TEST 47: an unknown variable is shown where it stands, with the nearest name
--- config
    location /t {
        return 200 "a\t$requst_uri";
    }
--- must_die
--- stderr_like: \[emerg\] .*unknown "requst_uri" variable(.|\n)*:\d+:24:\n +return 200 "a\\t\$requst_uri";\n {27}\^\n  did you mean "\$request_uri"\?
--- not_nginx: it names neither line nor place



=== TEST 48: unknown variables and zones are told with all other errors, behind those of the text
--- http_config
    limit_req_zone $remote_addr zone=one:1m rate=1r/s;
--- config
    location /t { return 200 $nobody; limit_req zone=oen; }
    nonsense;
--- must_die
--- stderr_like: unknown directive "nonsense"(.|\n)*unknown "nobody" variable(.|\n)*zero size shared memory zone "oen"(.|\n)*did you mean "one"\?(.|\n)*3 errors in all
--- not_nginx: it tells the first only



=== TEST 49: what a directive that failed would have defined is no further error
--- http_config
    map $uri $mine { default a b; }
    limit_conn_zone $remote_addr zone=two:1;
--- config
    set $other 1;
    location /t { return 200 "$mine $other"; limit_conn two 1; }
    location ~ (?<third { return 200 $third; }
--- must_die
--- stderr_like: ^(?![\s\S]*(unknown "|zero size))[\s\S]*4 errors in all, 1 of them for what is not built into this sluice: rewrite\n
--- not_nginx: it tells the first only



=== TEST 50: carets at what is wrong inside a directive
--- config
    location ~ "^/a\t(b" { return 200; }
    server_name ~^(www;
    listen 127.0.0.1:1 defered;
    listen 127.0.0.1:2 backlog=x;
--- http_config
    map $uri $x { ~*^/(a b; }
--- must_die
--- stderr_like: map \$uri \$x \{ ~\*\^/\(a b; \}\n {28}\^\n(.|\n)*"\^/a\\t\(b" \{ return 200; \}\n {27}\^\n(.|\n)*~\^\(www;\n {26}\^\n(.|\n)*defered;\n {27}\^\n  did you mean "deferred"\?\n(.|\n)*backlog=x;\n {27}\^
--- not_nginx: it shows no line



=== TEST 51: a group that was misspelt
--- http_config
    upstream backend { server 127.0.0.1:1; }
--- config
    location /a { proxy_pass http://bakend.invalid.; }
    location /b { proxy_pass http://backedn; }
    location /c { fastcgi_pass bakend; }
--- must_die
--- stderr_like: host not found in upstream "backedn"(.|\n)*did you mean upstream "backend" \(declared at \S+nginx\.conf:\d+\)\?(.|\n)*no port in upstream "bakend"(.|\n)*did you mean upstream "backend"
--- not_nginx: it only says that there is no such host



=== TEST 52: logs that cannot be opened name the line that asks for them
--- config
    access_log /nowhere/at/all/access.log;
--- must_die
--- stderr_like: \[emerg\] .*open\(\) "/nowhere/at/all/access\.log" failed \(2: No such file or directory\) in \S+nginx\.conf:\d+\n
--- not_nginx: it names no line



=== TEST 53: parameters that are not built in are counted as such, too
--- http_config
    gzip on;
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl http2;
--- must_die
--- stderr_like: the "http2" parameter is not built into this sluice[\s\S]*2 errors in all, 2 of them for what is not built into this sluice: gzip, http2\n
--- not_nginx: it has them



=== TEST 54: what failed may have defined a variable in capitals
--- config
    set $WEB_ROOT /var/www;
    root $WEB_ROOT/html;
--- must_die
--- stderr_like: unknown directive "set"[^\n]*\n(?![\s\S]*unknown "web_root")
--- not_nginx: it has set



=== TEST 55: logs to syslog are counted as not built in
--- http_config
    access_log syslog:server=127.0.0.1:5514 combined;
--- config
    error_log syslog:server=127.0.0.1:5514 warn;
--- must_die
--- stderr_like: "syslog" logs are not built into this sluice[\s\S]*write a file[\s\S]*2 errors in all, 2 of them for what is not built into this sluice: syslog\n
--- not_nginx: it has them



=== TEST 56: the key for memcached is the configuration's to define, not another module's
--- config
    location /t { memcached_pass 127.0.0.1:$TEST_NGINX_RAND_PORT_0; }
--- must_die
--- stderr_like: unknown "memcached_key" variable(?![\s\S]*not built)
