# SPDX-License-Identifier: Apache-2.0
# TLS towards clients: certificates, names, protocols, what is said to who speaks none.
use Test::Nginx::Socket 'no_plan';

our $Pair = <<'_EOC_';
    ssl_certificate $TEST_NGINX_CERTS/localhost.pem;
    ssl_certificate_key $TEST_NGINX_CERTS/localhost.key;
_EOC_

run_tests();

__DATA__

=== TEST 1: a request over TLS
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_protocols TLSv1.2 TLSv1.3;
    location /t { return 200 "$scheme $https $ssl_protocol $ssl_session_reused $ssl_client_verify\n"; }
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: trust=$TEST_NGINX_CERTS/ca.pem
--- request
GET /t
--- more_headers
Connection: close
--- response_body
https on TLSv1.3 . NONE
--- tls_is_like: ^TLSv1\.3 TLS_AES_256_GCM_SHA384 CN=localhost,O=Test new, close_notify$



=== TEST 2: TLS 1.2
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    location /t { return 200 "$ssl_protocol $ssl_cipher $ssl_curve\n"; }
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: version=1.2 ciphers=ECDHE-ECDSA-AES128-GCM-SHA256
--- request
GET /t
--- response_body
TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256 X25519



=== TEST 3: ssl_protocols leaves a version out
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_protocols TLSv1.3;
    location /t { return 200 ok; }
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: version=1.2
--- request
GET /t
--- ignore_response
--- tls_is_like: ^failed: tlsv1 alert protocol version
--- error_log eval: qr/SSL_do_handshake\(\) failed \(SSL: error:0A000102:SSL routines::unsupported protocol\) while SSL handshaking, client: 127\.0\.0\.1, server: 0\.0\.0\.0:/



=== TEST 4: SNI chooses certificate and server
--- http_config eval
$::Pair . '
    server { listen $TEST_NGINX_RAND_PORT_0 ssl; server_name localhost; return 200 "first\n"; }
    server {
        listen $TEST_NGINX_RAND_PORT_0 ssl;
        server_name *.test;
        ssl_certificate $TEST_NGINX_CERTS/chained.pem;
        ssl_certificate_key $TEST_NGINX_CERTS/chained.key;
        return 200 "second $ssl_server_name\n";
    }
'
--- config
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: sni=a.test trust=$TEST_NGINX_CERTS/ca.pem
--- request
GET /
--- more_headers
Host: a.test
--- response_body
second a.test
--- tls_is_like: CN=chained



=== TEST 5: a regular expression is a name too, and case does not matter
--- http_config eval
$::Pair . '
    server { listen $TEST_NGINX_RAND_PORT_0 ssl; server_name localhost; return 200 "first\n"; }
    server {
        listen $TEST_NGINX_RAND_PORT_0 ssl;
        server_name ~^w(?<n>\d+)\.test$;
        ssl_certificate $TEST_NGINX_CERTS/self.pem;
        ssl_certificate_key $TEST_NGINX_CERTS/self.key;
        return 200 "second $n\n";
    }
'
--- config
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: sni=W42.Test
--- request
GET /
--- more_headers
Host: w42.test
--- response_body
second 42



=== TEST 6: without Host the default server answers, whatever SNI named
--- http_config eval
$::Pair . '
    server { listen $TEST_NGINX_RAND_PORT_0 ssl; server_name localhost; return 200 "first\n"; }
    server { listen $TEST_NGINX_RAND_PORT_0 ssl; server_name b.test; return 200 "second\n"; }
'
--- config
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: sni=b.test
--- raw_request eval: "GET / HTTP/1.0\r\n\r\n"
--- response_body
first



=== TEST 7: Host chooses among servers that ask for no certificate
--- http_config eval
$::Pair . '
    server { listen $TEST_NGINX_RAND_PORT_0 ssl; server_name a.test; return 200 "first\n"; }
    server { listen $TEST_NGINX_RAND_PORT_0 ssl; server_name b.test; return 200 "second $ssl_server_name\n"; }
'
--- config
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: sni=a.test
--- request
GET /
--- more_headers
Host: b.test
--- response_body
second a.test



=== TEST 8: 421 where the other server asks for a certificate
--- http_config eval
$::Pair . '
    server { listen $TEST_NGINX_RAND_PORT_0 ssl; server_name a.test; return 200 "first\n"; }
    server {
        listen $TEST_NGINX_RAND_PORT_0 ssl; server_name b.test; return 200 "second\n";
        ssl_verify_client on;
        ssl_client_certificate $TEST_NGINX_CERTS/ca.pem;
    }
'
--- config
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: sni=a.test
--- request
GET /
--- more_headers
Host: b.test
--- error_code: 421
--- error_log: client attempted to request the server name different from the one that was negotiated



=== TEST 9: ssl_reject_handshake
--- http_config eval
$::Pair . '
    server { listen $TEST_NGINX_RAND_PORT_0 ssl default_server; ssl_reject_handshake on; }
    server { listen $TEST_NGINX_RAND_PORT_0 ssl; server_name a.test; return 200 "first\n"; }
'
--- config
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: sni=b.test
--- request
GET /
--- ignore_response
--- tls_is_like: ^failed: tlsv1 unrecognized name



=== TEST 10: the others of its address are served
--- http_config eval
$::Pair . '
    server { listen $TEST_NGINX_RAND_PORT_0 ssl default_server; ssl_reject_handshake on; }
    server { listen $TEST_NGINX_RAND_PORT_0 ssl; server_name a.test; return 200 "first\n"; }
'
--- config
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: sni=a.test
--- request
GET /
--- more_headers
Host: a.test
--- response_body
first



=== TEST 11: plain HTTP on a TLS port is told so
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    server_tokens off;
    location /t { return 200 ok; }
--- connect: $TEST_NGINX_RAND_PORT_0
--- request
GET /t
--- error_code: 400
--- response_body_like: (?s)<title>400 The plain HTTP request was sent to HTTPS port</title>.*<center>The plain HTTP request was sent to HTTPS port</center>
--- response_headers
Connection: close
--- access_log_like: "GET /t HTTP/1\.1" 400 \d+
--- error_log: client sent plain HTTP request to HTTPS port while reading client request headers



=== TEST 12: error_page 497
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    error_page 497 301 =307 https://localhost$request_uri;
    location /t { return 200 ok; }
--- connect: $TEST_NGINX_RAND_PORT_0
--- request
GET /t?a=b
--- error_code: 307
--- response_headers
Location: https://localhost/t?a=b



=== TEST 13: RSA beside ECDSA, RSA asked for
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_certificate $TEST_NGINX_CERTS/localhost.pem;
    ssl_certificate $TEST_NGINX_CERTS/rsa.pem;
    ssl_certificate_key $TEST_NGINX_CERTS/localhost.key;
    ssl_certificate_key $TEST_NGINX_CERTS/rsa.key;
    location /t { return 200 "ok\n"; }
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: sigalgs=RSA-PSS+SHA256
--- request
GET /t
--- response_body
ok
--- tls_is_like: CN=rsa



=== TEST 14: and ECDSA
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_certificate $TEST_NGINX_CERTS/rsa.pem;
    ssl_certificate $TEST_NGINX_CERTS/localhost.pem;
    ssl_certificate_key $TEST_NGINX_CERTS/localhost.key;
    ssl_certificate_key $TEST_NGINX_CERTS/rsa.key;
    location /t { return 200 "ok\n"; }
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: version=1.2 ciphers=ECDHE-ECDSA-AES128-GCM-SHA256
--- request
GET /t
--- response_body
ok
--- tls_is_like: CN=localhost



=== TEST 15: an encrypted key
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_certificate certs/localhost.pem;
    ssl_certificate_key $TEST_NGINX_CERTS/locked.key;
    ssl_password_file certs/passwords;
    location /t { return 200 "ok\n"; }
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: trust=$TEST_NGINX_CERTS/ca.pem
--- request
GET /t
--- response_body
ok



=== TEST 16: the server's order of ciphers
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_ciphers ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256;
    ssl_prefer_server_ciphers on;
    location /t { return 200 "$ssl_cipher\n"; }
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: version=1.2 ciphers=ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384
--- request
GET /t
--- response_body
ECDHE-ECDSA-AES256-GCM-SHA384



=== TEST 17: the client's order of ciphers
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_ciphers ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256;
    location /t { return 200 "$ssl_cipher\n"; }
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: version=1.2 ciphers=ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384
--- request
GET /t
--- response_body
ECDHE-ECDSA-AES128-GCM-SHA256



=== TEST 18: ssl_ecdh_curve
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_ecdh_curve secp384r1;
    location /t { return 200 "$ssl_curve\n"; }
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls
--- request
GET /t
--- response_body
secp384r1



=== TEST 19: ssl_dhparam makes DHE possible
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_certificate $TEST_NGINX_CERTS/rsa.pem;
    ssl_certificate_key $TEST_NGINX_CERTS/rsa.key;
    ssl_dhparam $TEST_NGINX_CERTS/dh.pem;
    location /t { return 200 "$ssl_cipher\n"; }
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: version=1.2 ciphers=DHE-RSA-AES128-GCM-SHA256
--- request
GET /t
--- response_body
DHE-RSA-AES128-GCM-SHA256



=== TEST 20: ssl_conf_command
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_protocols TLSv1.3;
    ssl_conf_command Ciphersuites TLS_CHACHA20_POLY1305_SHA256;
    location /t { return 200 "$ssl_cipher\n"; }
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls
--- request
GET /t
--- response_body
TLS_CHACHA20_POLY1305_SHA256



=== TEST 21: http/1.1 is negotiated
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    location /t { return 200 "$ssl_alpn_protocol\n"; }
--- not_nginx: $ssl_alpn_protocol came with 1.21.4, but Debian's build negotiates h2 here too
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: alpn=http/1.1
--- request
GET /t
--- response_body
http/1.1



=== TEST 22: a client that speaks nothing of ours is refused
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    location /t { return 200 ok; }
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: alpn=spdy/3
--- request
GET /t
--- ignore_response
--- tls_is_like: ^failed: tlsv1 alert no application protocol



=== TEST 23: redirects are https
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    location /t { return 301 /u; }
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls
--- request
GET /t
--- more_headers
Host: localhost
--- error_code: 301
--- response_headers eval
"Location: https://localhost:\$TEST_NGINX_RAND_PORT_0/u"



=== TEST 24: on a plain connection the variables are empty
--- config
    location /t { return 200 "[$ssl_protocol][$ssl_cipher][$ssl_server_name][$ssl_client_verify][$ssl_session_reused]\n"; }
--- request
GET /t
--- response_body
[][][][][]



=== TEST 25: bodies of any size, both ways
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/u; }
    location /u { proxy_pass http://127.0.0.1:$TEST_NGINX_ORIGIN_PORT; }
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls
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



=== TEST 26: files go through TLS, too
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    sendfile on;
--- user_files eval
[["big", "0123456789" x 100000]]
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls
--- request
GET /big
--- response_body eval
"0123456789" x 100000



=== TEST 27: several requests on one connection, then close_notify
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    location /t { return 200 "$request_uri $connection_requests\n"; }
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls
--- pipelined_requests eval
["GET /t1", "GET /t2", "GET /t3"]
--- response_body eval
["/t1 1\n", "/t2 2\n", "/t3 3\n"]



=== TEST 28: a server without certificate
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_0 ssl; }
--- config
--- must_die
--- error_log eval: qr/\[emerg\] .*: no "ssl_certificate" is defined for the "listen \.\.\. ssl" directive in .*nginx\.conf:\d+/



=== TEST 29: a certificate without key
--- http_config
    server { listen $TEST_NGINX_RAND_PORT_0 ssl; ssl_certificate certs/ca.pem; }
--- config
--- must_die
--- error_log: no "ssl_certificate_key" is defined for certificate "certs/ca.pem"



=== TEST 30: a certificate that is not there
--- http_config
    server {
        listen $TEST_NGINX_RAND_PORT_0 ssl;
        ssl_certificate $TEST_NGINX_CERTS/none.pem;
        ssl_certificate_key $TEST_NGINX_CERTS/localhost.key;
    }
--- config
--- must_die
--- error_log eval: qr/cannot load certificate ".*none\.pem": BIO_new_file\(\) failed \(SSL: error:80000002:system library::No such file or directory:calling fopen\(.*none\.pem, r\) error:10000080:BIO routines::no such file\)/



=== TEST 31: a key that is not there
--- http_config
    server {
        listen $TEST_NGINX_RAND_PORT_0 ssl;
        ssl_certificate $TEST_NGINX_CERTS/localhost.pem;
        ssl_certificate_key $TEST_NGINX_CERTS/none.key;
    }
--- config
--- must_die
--- error_log eval: qr/cannot load certificate key ".*none\.key": BIO_new_file\(\) failed \(SSL: error:80000002/



=== TEST 32: a key of another certificate
--- http_config
    server {
        listen $TEST_NGINX_RAND_PORT_0 ssl;
        ssl_certificate $TEST_NGINX_CERTS/localhost.pem;
        ssl_certificate_key $TEST_NGINX_CERTS/self.key;
    }
--- config
--- must_die
--- error_log eval: qr/SSL_CTX_use_PrivateKey\(".*self\.key"\) failed \(SSL: error:05800074:x509 certificate routines::key values mismatch\)/



=== TEST 33: a key that is locked
--- http_config
    server {
        listen $TEST_NGINX_RAND_PORT_0 ssl;
        ssl_certificate $TEST_NGINX_CERTS/localhost.pem;
        ssl_certificate_key $TEST_NGINX_CERTS/locked.key;
        ssl_password_file $TEST_NGINX_CERTS/ca.pem;
    }
--- config
--- must_die
--- error_log eval: qr/cannot load certificate key ".*locked\.key": PEM_read_bio_PrivateKey\(\) failed \(SSL: .*bad decrypt/



=== TEST 34: errors name the line, in sluice
--- http_config
    server {
        listen $TEST_NGINX_RAND_PORT_0 ssl;
        ssl_certificate $TEST_NGINX_CERTS/self.key;
        ssl_certificate_key $TEST_NGINX_CERTS/self.key;
    }
--- config
--- not_nginx: it names no line
--- must_die
--- error_log eval: qr/cannot load certificate ".*self\.key": PEM_read_bio_X509_AUX\(\) failed \(SSL: error:0480006C:PEM routines::no start line:Expecting: TRUSTED CERTIFICATE\) in .*nginx\.conf:\d+/



=== TEST 35: unknown ciphers
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_ciphers foo;
--- must_die
--- error_log: SSL_CTX_set_cipher_list("foo") failed (SSL: error:0A0000B9:SSL routines::no cipher match)



=== TEST 36: an unknown protocol
--- http_config eval: $::Pair
--- config
    ssl_protocols SSLv9;
--- must_die
--- error_log: invalid value "SSLv9"



=== TEST 37: an unknown command
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_conf_command Foo bar;
--- must_die
--- error_log: SSL_CONF_cmd("Foo", "bar") failed (SSL: error:0A000182:SSL routines::unknown cmd name:cmd=Foo)



=== TEST 38: a password file that is not there
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_password_file none;
--- must_die
--- error_log eval: qr/open\(\) ".*conf\/none" failed \(2: No such file or directory\) in .*nginx\.conf:\d+/



=== TEST 39: half a handshake, then the end
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
--- connect: $TEST_NGINX_RAND_PORT_0
--- raw_request eval: "\x16\x03\x01\x02\x00\x01\x00"
--- shutdown
--- ignore_response
--- error_log: peer closed connection in SSL handshake while SSL handshaking, client: 127.0.0.1



=== TEST 48: a client that only looks
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
--- connect: $TEST_NGINX_RAND_PORT_0
--- raw_request eval: ""
--- shutdown
--- ignore_response
--- error_log: client closed connection while SSL handshaking, client: 127.0.0.1



=== TEST 40: a handshake record of garbage
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
--- connect: $TEST_NGINX_RAND_PORT_0
--- raw_request eval: "\x16\x03\x01\x00\x05hello"
--- shutdown
--- ignore_response
--- error_log eval: qr/SSL_do_handshake\(\) failed \(SSL: error:.*while SSL handshaking, client: 127\.0\.0\.1/



=== TEST 41: half a handshake, then silence
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    client_header_timeout 300ms;
--- connect: $TEST_NGINX_RAND_PORT_0
--- raw_request eval: "\x16\x03\x01\x02\x00\x01\x00"
--- ignore_response
--- error_log: client timed out (110: Connection timed out) while SSL handshaking, client: 127.0.0.1



=== TEST 42: ssl_handshake_timeout
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_handshake_timeout 200ms;
--- not_nginx: http has no such directive there
--- connect: $TEST_NGINX_RAND_PORT_0
--- raw_request eval: "\x16\x03\x01\x02\x00\x01\x00"
--- ignore_response
--- error_log: client timed out (110: Connection timed out) while SSL handshaking, client: 127.0.0.1



=== TEST 43: a client that goes without close_notify
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    location /t { return 200 "ok\n"; }
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: quiet
--- request
GET /t
--- response_body
ok
--- no_error_log
[error]
[crit]



=== TEST 44: small records first, and ssl_buffer_size
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_buffer_size 4k;
--- user_files eval
[["big", "0123456789" x 10000]]
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls
--- request
GET /big
--- response_body eval
"0123456789" x 10000



=== TEST 45: TLS 1.2 and 1.3 by default
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    location /t { return 200 "$ssl_protocol\n"; }
--- not_nginx: 1.22 leaves TLS 1.3 out, and TLS 1.1 in
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls
--- request
GET /t
--- response_body
TLSv1.3



=== TEST 46: no TLS 1.1 by default
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    location /t { return 200 "$ssl_protocol\n"; }
--- not_nginx: 1.22 leaves TLS 1.3 out, and TLS 1.1 in
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: version=1.1 ciphers=DEFAULT:@SECLEVEL=0
--- request
GET /t
--- ignore_response
--- tls_is_like: ^failed: tlsv1 alert protocol version



=== TEST 47: who names no server is not let around a certificate
--- http_config eval
$::Pair . '
    server {
        listen $TEST_NGINX_RAND_PORT_0 ssl; server_name b.test; return 200 "second\n";
        ssl_verify_client on;
        ssl_client_certificate $TEST_NGINX_CERTS/ca.pem;
    }
    server { listen $TEST_NGINX_RAND_PORT_0 ssl; server_name a.test; return 200 "first\n"; }
'
--- config
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: sni=a.test
--- raw_request eval: "GET / HTTP/1.0\r\n\r\n"
--- error_code: 421



=== TEST 49: ssl_stapling_file
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_stapling on;
    ssl_stapling_file $TEST_NGINX_CERTS/ocsp.der;
    location /t { return 200 "ok\n"; }
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: status
--- request
GET /t
--- response_body
ok
--- tls_is_like: CN=localhost,O=Test new stapled



=== TEST 50: who does not ask gets none
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_stapling on;
    ssl_stapling_file $TEST_NGINX_CERTS/ocsp.der;
    location /t { return 200 "ok\n"; }
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls
--- request
GET /t
--- tls_is_like: CN=localhost,O=Test new,



=== TEST 51: a staple that is none
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_stapling on;
    ssl_stapling_file $TEST_NGINX_CERTS/ca.pem;
--- must_die
--- error_log eval: qr/d2i_OCSP_RESPONSE_bio\(".*ca\.pem"\) failed \(SSL: error:/



=== TEST 52: data: instead of files
--- http_config
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_certificate data:foo;
    ssl_certificate_key data:bar;
--- must_die
--- error_log: cannot load certificate "data:foo": PEM_read_bio_X509_AUX() failed (SSL: error:0480006C:PEM routines::no start line:Expecting: TRUSTED CERTIFICATE)


=== TEST 53: names of certificates with variables
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_certificate $TEST_NGINX_CERTS/$ssl_server_name.pem;
    ssl_certificate_key $TEST_NGINX_CERTS/$ssl_server_name.key;
    location /t { return 200 "$ssl_server_name\n"; }
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: sni=wrong,client
--- request eval
["GET /t", "GET /t"]
--- response_body eval
["wrong\n", "client\n"]
--- tls_is_like eval: qr/CN=elsewhere.*\n.*CN=client/



=== TEST 54: one that is not there
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_certificate $TEST_NGINX_CERTS/$ssl_server_name.pem;
    ssl_certificate_key $TEST_NGINX_CERTS/$ssl_server_name.key;
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: sni=nobody
--- request
GET /t
--- ignore_response
--- tls_is_like: failed
--- error_log eval: qr/\[error\] .*cannot load certificate ".*nobody\.pem": BIO_new_file\(\) failed \(SSL: .*while SSL handshaking, client: 127\.0\.0\.1/



=== TEST 55: a relative name, and a key that is locked
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_certificate certs/${ssl_server_name}.pem;
    ssl_certificate_key $TEST_NGINX_CERTS/locked.key;
    ssl_password_file $TEST_NGINX_CERTS/passwords;
    location /t { return 200 "ok\n"; }
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: sni=localhost
--- request
GET /t
--- response_body
ok
--- tls_is_like: CN=localhost



=== TEST 56: kept for a while
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_certificate $TEST_NGINX_CERTS/$ssl_server_name.pem;
    ssl_certificate_key $TEST_NGINX_CERTS/$ssl_server_name.key;
    ssl_certificate_cache max=2 inactive=1m valid=1s;
    location /t { return 200 "ok\n"; }
--- not_nginx: 1.27.4 has it
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: sni=wrong,client,localhost,wrong,wrong
--- request eval
["GET /t", "GET /t", "GET /t", "GET /t", "GET /t"]
--- response_body eval
["ok\n", "ok\n", "ok\n", "ok\n", "ok\n"]
--- tls_is_like eval: qr/CN=elsewhere.*\n.*CN=client.*\n.*CN=localhost.*\n.*CN=elsewhere.*\n.*CN=elsewhere/



=== TEST 57: ssl_certificate_cache without a size
--- http_config
--- config
    ssl_certificate_cache inactive=1m;
--- not_nginx: 1.27.4 has it
--- must_die
--- error_log: "ssl_certificate_cache" must have the "max" parameter



=== TEST 58: data: in a variable
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_certificate data:$arg_a;
    ssl_certificate_key data:$arg_a;
--- not_nginx: the error is told at another level
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: sni=a.test
--- request
GET /t
--- ignore_response
--- tls_is_like: failed
--- error_log: cannot load certificate "data:": PEM_read_bio_X509_AUX() failed (SSL: error:0480006C:PEM routines::no start line



=== TEST 59: how the certificate signed
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_certificate $TEST_NGINX_CERTS/localhost.pem;
    ssl_certificate_key $TEST_NGINX_CERTS/localhost.key;
    ssl_certificate $TEST_NGINX_CERTS/rsa.pem;
    ssl_certificate_key $TEST_NGINX_CERTS/rsa.key;
    ssl_verify_client optional_no_ca;
    location /t { return 200 "$ssl_sigalg [$ssl_client_sigalg]\n"; }
--- not_nginx: 1.29.3 has them
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: version=1.3 cert=$TEST_NGINX_CERTS/client.pem
--- request
GET /t
--- response_body_like: ^(ecdsa_secp256r1_sha256|rsa_pss_rsae_sha256) \[ecdsa_secp256r1_sha256\]$



=== TEST 60: an RSA one, and no client's
--- http_config eval: $::Pair
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_certificate $TEST_NGINX_CERTS/rsa.pem;
    ssl_certificate_key $TEST_NGINX_CERTS/rsa.key;
    location /t { return 200 "$ssl_sigalg [$ssl_client_sigalg]\n"; }
--- not_nginx: 1.29.3 has them
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: version=1.3 sigalgs=RSA-PSS+SHA256
--- request
GET /t
--- response_body
rsa_pss_rsae_sha256 []
