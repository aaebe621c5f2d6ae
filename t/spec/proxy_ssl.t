# SPDX-License-Identifier: Apache-2.0
# TLS towards upstreams.
use Test::Nginx::Socket 'no_plan';

our $Back = <<'_EOC_';
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1 ssl;
        server_name back.test;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_certificate $TEST_NGINX_CERTS/localhost.pem;
        ssl_certificate_key $TEST_NGINX_CERTS/localhost.key;
        ssl_verify_client optional_no_ca;
        location / { return 200 "back $uri [$ssl_server_name] $ssl_protocol $ssl_session_reused $ssl_client_s_dn $connection_requests $http_host\n"; }
    }
_EOC_

our $Http = $Back;

run_tests();

__DATA__

=== TEST 1: over TLS, without SNI
--- http_config eval: $::Back
--- config
    location /t { proxy_pass https://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- request
GET /t
--- response_body_like: ^back /t \[\] TLSv1\.[23] \. {2}1 127\.0\.0\.1:\d+$



=== TEST 2: proxy_ssl_server_name with a name
--- http_config eval: $::Back
--- config
    location /t {
        proxy_pass https://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        proxy_ssl_server_name on;
        proxy_ssl_name $arg_n.test;
    }
--- request
GET /t?n=a
--- response_body_like: ^back /t \[a\.test\] TLS



=== TEST 3: the name of the group is sent
--- http_config eval
$::Back . '
    upstream back.test { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
'
--- config
    location /t {
        proxy_pass https://back.test;
        proxy_ssl_server_name on;
    }
--- request
GET /t
--- response_body_like: ^back /t \[back\.test\] TLS



=== TEST 4: an address is no name
--- http_config eval: $::Back
--- config
    location /t {
        proxy_pass https://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        proxy_ssl_server_name on;
    }
--- request
GET /t
--- response_body_like: ^back /t \[\] TLS



=== TEST 5: verified
--- http_config eval: $::Back
--- config
    location /t {
        proxy_pass https://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        proxy_ssl_name localhost;
        proxy_ssl_verify on;
        proxy_ssl_trusted_certificate $TEST_NGINX_CERTS/ca.pem;
    }
--- request
GET /t
--- response_body_like: ^back /t
--- no_error_log
[warn]
[error]



=== TEST 6: a wildcard name
--- http_config eval: $::Back
--- config
    location /t {
        proxy_pass https://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        proxy_ssl_name x.some.test;
        proxy_ssl_verify on;
        proxy_ssl_trusted_certificate certs/ca.pem;
    }
--- request
GET /t
--- response_body_like: ^back /t



=== TEST 7: a certificate of somebody else's authority
--- http_config eval: $::Back
--- config
    location /t {
        proxy_pass https://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        proxy_ssl_name localhost;
        proxy_ssl_verify on;
        proxy_ssl_trusted_certificate $TEST_NGINX_CERTS/other-ca.pem;
    }
--- request
GET /t
--- error_code: 502
--- error_log eval
[qr/upstream SSL certificate verify error: \(2[01]:unable to .* certificate\) while SSL handshaking to upstream, client: 127\.0\.0\.1, server: localhost, request: "GET \/t HTTP\/1\.1", upstream: "https:\/\/127\.0\.0\.1:\d+\/t"/]



=== TEST 8: one that is over
--- http_config
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1 ssl;
        ssl_certificate $TEST_NGINX_CERTS/expired.pem;
        ssl_certificate_key $TEST_NGINX_CERTS/expired.key;
    }
--- config
    location /t {
        proxy_pass https://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        proxy_ssl_name localhost;
        proxy_ssl_verify on;
        proxy_ssl_trusted_certificate $TEST_NGINX_CERTS/ca.pem;
    }
--- request
GET /t
--- error_code: 502
--- error_log: upstream SSL certificate verify error: (10:certificate has expired) while SSL handshaking to upstream



=== TEST 9: one that it signed itself
--- http_config
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1 ssl;
        ssl_certificate $TEST_NGINX_CERTS/self.pem;
        ssl_certificate_key $TEST_NGINX_CERTS/self.key;
    }
--- config
    location /t {
        proxy_pass https://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        proxy_ssl_name localhost;
        proxy_ssl_verify on;
        proxy_ssl_trusted_certificate $TEST_NGINX_CERTS/ca.pem;
    }
--- request
GET /t
--- error_code: 502
--- error_log: upstream SSL certificate verify error: (18:self-signed certificate) while SSL handshaking to upstream



=== TEST 10: another's name
--- http_config
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1 ssl;
        ssl_certificate $TEST_NGINX_CERTS/wrong.pem;
        ssl_certificate_key $TEST_NGINX_CERTS/wrong.key;
    }
--- config
    location /t {
        proxy_pass https://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        proxy_ssl_name localhost;
        proxy_ssl_verify on;
        proxy_ssl_trusted_certificate $TEST_NGINX_CERTS/ca.pem;
    }
--- request
GET /t
--- error_code: 502
--- error_log: upstream SSL certificate does not match "localhost" while SSL handshaking to upstream



=== TEST 11: an address in the certificate
--- http_config eval: $::Back
--- config
    location /t {
        proxy_pass https://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        proxy_ssl_verify on;
        proxy_ssl_trusted_certificate $TEST_NGINX_CERTS/ca.pem;
    }
--- not_nginx: it compares names only
--- request
GET /t
--- response_body_like: ^back /t



=== TEST 12: proxy_ssl auto verifies by the system's authorities
--- http_config eval: $::Back
--- config
    proxy_ssl auto;
    location /t { proxy_pass https://127.0.0.1:$TEST_NGINX_RAND_PORT_1; proxy_ssl_name localhost; }
--- not_nginx: has no such directive
--- request
GET /t
--- error_code: 502
--- error_log eval: qr/upstream SSL certificate verify error: \(2[01]:unable to/
--- no_error_log
[warn]



=== TEST 13: or by those that are given
--- http_config eval: $::Back
--- config
    proxy_ssl auto;
    location /t {
        proxy_pass https://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        proxy_ssl_name localhost;
        proxy_ssl_trusted_certificate $TEST_NGINX_CERTS/ca.pem;
    }
--- not_nginx: has no such directive
--- request
GET /t
--- response_body_like: ^back /t \[localhost\] TLSv1.3



=== TEST 14: an upstream that is not verified is a warning
--- http_config eval: $::Back
--- config
    location /t { proxy_pass https://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- not_nginx: says nothing
--- cli: -t
--- stderr_like: \[warn\] the certificate of "https://127\.0\.0\.1:\d+" is not verified: .* in .*nginx\.conf:\d+



=== TEST 15: a revoked one
--- http_config
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1 ssl;
        ssl_certificate $TEST_NGINX_CERTS/revoked.pem;
        ssl_certificate_key $TEST_NGINX_CERTS/revoked.key;
    }
--- config
    location /t {
        proxy_pass https://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        proxy_ssl_name revoked;
        proxy_ssl_verify on;
        proxy_ssl_trusted_certificate $TEST_NGINX_CERTS/ca.pem;
        proxy_ssl_crl $TEST_NGINX_CERTS/crl.pem;
    }
--- request
GET /t
--- error_code: 502
--- error_log: upstream SSL certificate verify error: (23:certificate revoked)



=== TEST 16: our certificate, with an encrypted key
--- http_config eval: $::Back
--- config
    location /t {
        proxy_pass https://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        proxy_ssl_certificate $TEST_NGINX_CERTS/localhost.pem;
        proxy_ssl_certificate_key $TEST_NGINX_CERTS/locked.key;
        proxy_ssl_password_file $TEST_NGINX_CERTS/passwords;
    }
--- request
GET /t
--- response_body_like: ^back /t \[\] TLSv1\.[23] \. CN=localhost,O=Test 1



=== TEST 17: protocols and ciphers
--- http_config eval: $::Back
--- config
    location /t {
        proxy_pass https://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        proxy_ssl_protocols TLSv1.2;
        proxy_ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256;
        proxy_ssl_conf_command Groups P-384:P-256;
    }
--- request
GET /t
--- response_body_like: ^back /t \[\] TLSv1\.2



=== TEST 18: connections are kept and used again
--- http_config eval
$::Back . '
    upstream kept { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; keepalive 4; }
'
--- config
    location /t { proxy_pass https://kept; proxy_http_version 1.1; proxy_set_header Connection ""; }
--- request eval
["GET /t1", "GET /t2", "GET /t3"]
--- response_body_like eval
["^back /t1 .* 1 kept", "^back /t2 .* 2 kept", "^back /t3 .* 3 kept"]



=== TEST 19: but not for another name
--- http_config eval
$::Back . '
    upstream kept { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; keepalive 4; }
'
--- config
    location /t {
        proxy_pass https://kept;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_ssl_server_name on;
        proxy_ssl_name $arg_n;
    }
--- not_nginx: there a connection is used for any name
--- request eval
["GET /t?n=a.test", "GET /t?n=b.test", "GET /t?n=a.test"]
--- response_body_like eval
["^back /t \\[a.test\\] .* 1 kept", "^back /t \\[b.test\\] .* 1 kept", "^back /t \\[a.test\\] .* 2 kept"]



=== TEST 20: nor one that was not verified where it must be
--- http_config eval
$::Back . '
    upstream kept { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; keepalive 4; }
'
--- config
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    location /a { proxy_pass https://kept; }
    location /b {
        proxy_pass https://kept;
        proxy_ssl_verify on;
        proxy_ssl_trusted_certificate $TEST_NGINX_CERTS/other-ca.pem;
    }
    location /c { proxy_pass http://kept; }
--- not_nginx: there a connection is used for anything
--- request eval
["GET /a", "GET /b", "GET /a", "GET /c"]
--- error_code eval
[200, 502, 200, 400]



=== TEST 21: sessions are resumed
--- http_config eval: $::Back
--- config
    location /t {
        proxy_pass https://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        proxy_http_version 1.0;
        proxy_ssl_protocols TLSv1.2;
    }
--- request eval
["GET /t1", "GET /t2"]
--- response_body_like eval
["^back /t1 \\[\\] TLSv1.2 \\. ", "^back /t2 \\[\\] TLSv1.2 r "]



=== TEST 22: also with TLS 1.3
--- http_config eval: $::Back
--- config
    location /t {
        proxy_pass https://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        proxy_http_version 1.0;
        proxy_ssl_protocols TLSv1.3;
    }
--- request eval
["GET /t1", "GET /t2"]
--- response_body_like eval
["^back /t1 \\[\\] TLSv1.3 \\. ", "^back /t2 \\[\\] TLSv1.3 r "]



=== TEST 23: unless proxy_ssl_session_reuse says otherwise
--- http_config eval: $::Back
--- config
    location /t {
        proxy_pass https://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        proxy_http_version 1.0;
        proxy_ssl_session_reuse off;
    }
--- request eval
["GET /t1", "GET /t2"]
--- response_body_like eval
["^back /t1 \\[\\] TLSv1.\\d \\. ", "^back /t2 \\[\\] TLSv1.\\d \\. "]



=== TEST 24: the scheme in a variable
--- http_config eval: $::Back
--- config
    location /t { proxy_pass $arg_s://127.0.0.1:$TEST_NGINX_RAND_PORT_1/u; }
--- request
GET /t?s=https
--- response_body_like: ^back /u \[\] TLS



=== TEST 25: a body that ends with close_notify
--- config
    location /t { proxy_pass https://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
tls $TEST_NGINX_CERTS/localhost.pem
head
send "HTTP/1.0 200 OK\r\n\r\nall of it\n"
bye
close
--- request
GET /t
--- response_body
all of it
--- no_error_log
[error]



=== TEST 26: a body that is cut is no whole body
--- config
    location /t { proxy_pass https://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
tls $TEST_NGINX_CERTS/localhost.pem
head
send "HTTP/1.0 200 OK\r\n\r\nnot all of"
sleep 0.1
close
--- not_nginx: takes it for whole
--- request
GET /t
--- cut_short
--- response_body: not all of
--- error_log: SSL_read() failed (SSL: error:0A000126:SSL routines::unexpected eof while reading) while reading upstream



=== TEST 27: one with a length needs no close_notify
--- config
    location /t { proxy_pass https://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
tls $TEST_NGINX_CERTS/localhost.pem
head
send "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"
close
--- request
GET /t
--- response_body
ok



=== TEST 28: the end instead of an answer
--- config
    location /t { proxy_pass https://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
tls $TEST_NGINX_CERTS/localhost.pem
head
bye
close
--- request
GET /t
--- error_code: 502
--- error_log: upstream prematurely closed connection while reading response header from upstream



=== TEST 29: the end instead of a handshake
--- config
    location /t { proxy_pass https://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
some
close
--- request
GET /t
--- error_code: 502
--- error_log: peer closed connection in SSL handshake while SSL handshaking to upstream, client: 127.0.0.1



=== TEST 30: plain text instead of a handshake
--- config
    location /t { proxy_pass https://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- origin
accept
some
send "HTTP/1.1 400 Bad Request\r\n\r\n"
hold
--- request
GET /t
--- error_code: 502
--- error_log: SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version number) while SSL handshaking to upstream



=== TEST 31: silence instead of a handshake
--- config
    location /t {
        proxy_pass https://127.0.0.1:$TEST_NGINX_ORIGIN_PORT;
        proxy_connect_timeout 300ms;
    }
--- origin
accept
some
hold
--- request
GET /t
--- error_code: 504
--- error_log: upstream timed out (110: Connection timed out) while SSL handshaking to upstream



=== TEST 32: the next server is tried
--- http_config eval
$::Back . '
    upstream two {
        server 127.0.0.1:$TEST_NGINX_SERVER_PORT;
        server 127.0.0.1:$TEST_NGINX_RAND_PORT_1 backup;
    }
'
--- config
    location /t { proxy_pass https://two; }
--- request
GET /t
--- response_body_like: ^back /t
--- error_log: SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version number) while SSL handshaking to upstream



=== TEST 33: bodies of any size, both ways
--- http_config eval
'
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1 ssl;
        ssl_certificate $TEST_NGINX_CERTS/localhost.pem;
        ssl_certificate_key $TEST_NGINX_CERTS/localhost.key;
        location / { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
    }
'
--- config
    location /t { proxy_pass https://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- origin
accept
head
read 2000000
send "HTTP/1.1 200 OK\r\nContent-Length: 1500000\r\n\r\n" . "0123456789" x 150000
hold
--- request eval
"POST /t\n" . "abcdefghij" x 200000
--- response_body eval
"0123456789" x 150000



=== TEST 34: verify without anybody to trust
--- http_config eval: $::Back
--- config
    location /t { proxy_pass https://127.0.0.1:$TEST_NGINX_RAND_PORT_1; proxy_ssl_verify on; }
--- must_die
--- error_log: no proxy_ssl_trusted_certificate for proxy_ssl_verify



=== TEST 35: a certificate without key
--- http_config eval: $::Back
--- config
    location /t {
        proxy_pass https://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        proxy_ssl_certificate $TEST_NGINX_CERTS/localhost.pem;
    }
--- must_die
--- error_log eval: qr/no "proxy_ssl_certificate_key" is defined for certificate ".*localhost\.pem"/



=== TEST 37: $proxy_error says what is wrong with a certificate
--- http_config
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1 ssl;
        ssl_certificate $TEST_NGINX_CERTS/wrong.pem;
        ssl_certificate_key $TEST_NGINX_CERTS/wrong.key;
    }
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_2 ssl;
        ssl_certificate $TEST_NGINX_CERTS/expired.pem;
        ssl_certificate_key $TEST_NGINX_CERTS/expired.key;
    }
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_3 ssl;
        ssl_certificate $TEST_NGINX_CERTS/self.pem;
        ssl_certificate_key $TEST_NGINX_CERTS/self.key;
    }
    upstream all {
        server 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        server 127.0.0.1:$TEST_NGINX_RAND_PORT_2;
        server 127.0.0.1:$TEST_NGINX_RAND_PORT_3;
        server 127.0.0.1:$TEST_NGINX_SERVER_PORT;
    }
--- config
    location /t {
        proxy_pass https://all;
        proxy_ssl_name localhost;
        proxy_ssl_verify on;
        proxy_ssl_trusted_certificate $TEST_NGINX_CERTS/ca.pem;
        error_page 502 =200 /p;
    }
    location /p { internal; return 200 "$proxy_error\n"; }
--- not_nginx: has no $proxy_error
--- request
GET /t
--- response_body
tls_wrong_name, tls_expired, tls_self_signed, tls_handshake



=== TEST 36: the default port is 443
--- config
    location /t { proxy_pass https://127.0.0.1; error_page 502 =200 /p; }
    location /p { internal; return 200 "$upstream_addr\n"; }
--- not_nginx: needs a name for $upstream_addr
--- request
GET /t
--- response_body
127.0.0.1:443
