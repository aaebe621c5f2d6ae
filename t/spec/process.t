# SPDX-License-Identifier: Apache-2.0
# Master, workers, pid file, and what a tool that drives the server relies on.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: a master with two workers
--- nginx_conf
daemon off; worker_processes 2; pid logs/nginx.pid; error_log logs/error.log info;
events { }
http { access_log off; server { listen $TEST_NGINX_SERVER_PORT; return 200 "ok\n"; } }
--- request
GET /
--- response_body
ok
--- error_log eval
[qr/\[notice\] \d+#\d+: start worker processes/, qr/\[notice\] \d+#\d+: start worker process \d+/]



=== TEST 2: worker_processes auto
--- nginx_conf
daemon off; worker_processes auto; pid logs/nginx.pid; error_log logs/error.log info;
events { }
http { access_log off; server { listen $TEST_NGINX_SERVER_PORT; return 200 "ok\n"; } }
--- request
GET /
--- response_body
ok



=== TEST 3: master_process off works, and events may stand last
--- nginx_conf
daemon off; master_process off; pid logs/nginx.pid; error_log logs/error.log info;
http { access_log off; server { listen $TEST_NGINX_SERVER_PORT; return 200 "ok\n"; } }
events { }
--- request
GET /
--- response_body
ok



=== TEST 4: many env lines and every temp path
--- main_config
env A=1; env B; env C=; env D=x=y;
--- http_config
    client_body_temp_path tmp/a 1 2;
    proxy_temp_path tmp/b;
    fastcgi_temp_path tmp/c;
    uwsgi_temp_path tmp/d;
    scgi_temp_path tmp/e;
--- config
    location /t { return 200 "ok\n"; }
--- request
GET /t
--- response_body
ok



=== TEST 5: user root at the end
--- post_server_config
--- main_config
user root;
--- config
    location /t { return 200 "ok\n"; }
--- request
GET /t
--- response_body
ok



=== TEST 6: a port that is taken
--- http_config
    server { listen 127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- config
--- origin
accept
hold
--- timeout: 10
--- must_die
--- error_log eval
qr/\[emerg\] .*bind\(\) to 127\.0\.0\.1:\d+ failed \(98: Address already in use\)/



=== TEST 7: an address that is not ours
--- http_config
    server { listen 203.0.113.1:$TEST_NGINX_RAND_PORT_1; }
--- config
--- must_die
--- error_log eval
qr/\[emerg\] .*bind\(\) to 203\.0\.113\.1:\d+ failed \(99: Cannot assign requested address\)/



=== TEST 8: a log folder that does not exist
--- config
    access_log none/access.log;
--- must_die
--- error_log eval
qr{\[emerg\] .*open\(\) "\S+/none/access\.log" failed \(2: No such file or directory\)}



=== TEST 9: -s without a running server
--- config
--- cli: -s stop
--- exit_code: 1
--- stderr_like: \[error\] .*(open\(\) "\S+/logs/nginx\.pid" failed \(2: No such file or directory\)|invalid PID number)



=== TEST 10: -t opens what the configuration names
--- config
    access_log none/access.log;
--- cli: -t
--- exit_code: 1
--- stderr_like: \[emerg\] .*open\(\) "\S+/none/access\.log" failed



=== TEST 11: a configuration that is not there
--- config
--- cli: bare -t -p $TEST_NGINX_SERVER_ROOT/ -c conf/none.conf
--- exit_code: 1
--- stderr_like: \[emerg\] .*open\(\) "\S+/conf/none\.conf" failed \(2: No such file or directory\)



=== TEST 12: -e names the first error log
--- config
    nonsense;
--- cli: -e logs/first.log
--- exit_code: 1
--- stderr_like: ^(nginx|sluice): \[emerg\] unknown directive "nonsense" in \S+nginx\.conf:\d+\n



=== TEST 13: -q with an error still tells it
--- config
    nonsense;
--- cli: -t -q
--- exit_code: 1
--- stderr_like: unknown directive "nonsense"



=== TEST 14: a watchdog that nobody keeps is a warning with its line
--- nginx_conf
daemon off; pid logs/nginx.pid; error_log logs/error.log info;
events { }
worker_watchdog 5s;
master_process off;
http { access_log off; server { listen $TEST_NGINX_SERVER_PORT; return 200 "ok\n"; } }
--- cli: -t
--- exit_code: 0
--- stderr_like: \[warn\] "worker_watchdog" has no effect with "master_process off": .* in \S+nginx\.conf:3\n
--- not_nginx: worker_watchdog is sluice's



=== TEST 15: and the server starts with it
--- nginx_conf
daemon off; master_process off; pid logs/nginx.pid; error_log logs/error.log info;
events { }
worker_watchdog 5s;
http { access_log off; server { listen $TEST_NGINX_SERVER_PORT; return 200 "ok\n"; } }
--- request
GET /
--- response_body
ok
--- error_log: [warn]
--- not_nginx: worker_watchdog is sluice's



=== TEST 16: with a master it is none
--- nginx_conf
daemon off; pid logs/nginx.pid; error_log logs/error.log info;
events { }
worker_watchdog 5s;
http { access_log off; server { listen $TEST_NGINX_SERVER_PORT; return 200 "ok\n"; } }
--- cli: -t
--- exit_code: 0
--- stderr_like: ^\S+: the configuration file \S+ syntax is ok\n
--- not_nginx: worker_watchdog is sluice's



=== TEST 17: a relative -c that is right from where one stands
--- config
--- cli: bare -t -e stderr -p $TEST_NGINX_SERVER_ROOT/nowhere/ -c ../../../../../../../../../../../../etc/passwd
--- exit_code: 1
--- stderr_like: failed \(2: No such file or directory\)\n  a relative -c begins at the prefix, "\S+/nowhere/", not where you are: -c "\$PWD/\.\.\S+/passwd"\n
--- not_nginx: it leaves one to find out



=== TEST 18: no configuration file where one is looked for
--- config
--- cli: bare -t -e stderr -p $TEST_NGINX_SERVER_ROOT/nowhere/
--- exit_code: 1
--- stderr_like: failed \(2: No such file or directory\)\n  say with -c where the file is, or give another prefix than "\S+/nowhere/" with -p\n
--- not_nginx: it leaves one to find out
