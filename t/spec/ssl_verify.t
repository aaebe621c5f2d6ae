# SPDX-License-Identifier: Apache-2.0
# Certificates of clients.
use Test::Nginx::Socket 'no_plan';

our $Server = <<'_EOC_';
    ssl_certificate $TEST_NGINX_CERTS/localhost.pem;
    ssl_certificate_key $TEST_NGINX_CERTS/localhost.key;
    ssl_client_certificate $TEST_NGINX_CERTS/ca.pem;
_EOC_

our $Port = <<'_EOC_';
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    server_tokens off;
    location /t { return 200 "$ssl_client_verify [$ssl_client_s_dn] [$ssl_client_serial]\n"; }
_EOC_

run_tests();

__DATA__

=== TEST 1: a good certificate
--- http_config eval: $::Server
--- config eval
$::Port . "ssl_verify_client on;"
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: cert=$TEST_NGINX_CERTS/client.pem
--- request
GET /t
--- response_body
SUCCESS [CN=client,O=Test] [1A2B]



=== TEST 2: none where one is required
--- http_config eval: $::Server
--- config eval
$::Port . "ssl_verify_client on;"
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls
--- request
GET /t
--- error_code: 400
--- response_body_like: (?s)<title>400 No required SSL certificate was sent</title>.*<center>No required SSL certificate was sent</center>
--- response_headers
Connection: close
--- error_log: client sent no required SSL certificate while reading client request headers, client: 127.0.0.1, server: localhost, request: "GET /t HTTP/1.1"



=== TEST 3: one of somebody else
--- http_config eval: $::Server
--- config eval
$::Port . "ssl_verify_client on;"
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: cert=$TEST_NGINX_CERTS/self.pem
--- request
GET /t
--- error_code: 400
--- response_body_like: <title>400 The SSL certificate error</title>
--- error_log: client SSL certificate verify error: (18:self-signed certificate) while reading client request headers



=== TEST 4: over TLS 1.2
--- http_config eval: $::Server
--- config eval
$::Port . "ssl_verify_client on;"
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: version=1.2 cert=$TEST_NGINX_CERTS/self.pem
--- request
GET /t
--- error_code: 400
--- error_log: client SSL certificate verify error: (18:self-signed certificate)



=== TEST 5: optional, without
--- http_config eval: $::Server
--- config eval
$::Port . "ssl_verify_client optional;"
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls
--- request
GET /t
--- response_body
NONE [] []



=== TEST 6: optional, but a bad one
--- http_config eval: $::Server
--- config eval
$::Port . "ssl_verify_client optional;"
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: cert=$TEST_NGINX_CERTS/self.pem
--- request
GET /t
--- error_code: 400



=== TEST 7: optional_no_ca lets an unknown issuer pass, and says so
--- http_config eval: $::Server
--- config eval
$::Port . "ssl_verify_client optional_no_ca;"
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: cert=$TEST_NGINX_CERTS/self.pem
--- request
GET /t
--- response_body
FAILED:self-signed certificate [CN=localhost,O=Test] [05]



=== TEST 8: but not one that is over
--- http_config eval: $::Server
--- config eval
$::Port . "ssl_verify_client optional_no_ca;"
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: cert=$TEST_NGINX_CERTS/expired.pem
--- request
GET /t
--- error_code: 400
--- error_log: client SSL certificate verify error: (10:certificate has expired)



=== TEST 9: a revoked one
--- http_config eval: $::Server
--- config eval
$::Port . '
    ssl_verify_client on;
    ssl_crl $TEST_NGINX_CERTS/crl.pem;
'
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: cert=$TEST_NGINX_CERTS/revoked.pem
--- request
GET /t
--- error_code: 400
--- error_log: client SSL certificate verify error: (23:certificate revoked)



=== TEST 10: one that is not
--- http_config eval: $::Server
--- config eval
$::Port . '
    ssl_verify_client on;
    ssl_crl $TEST_NGINX_CERTS/crl.pem;
'
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: cert=$TEST_NGINX_CERTS/client.pem
--- request
GET /t
--- response_body
SUCCESS [CN=client,O=Test] [1A2B]



=== TEST 11: a chain within ssl_verify_depth
--- http_config eval: $::Server
--- config eval
$::Port . "ssl_verify_client on; ssl_verify_depth 1;"
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: cert=$TEST_NGINX_CERTS/chained.pem
--- request
GET /t
--- response_body
SUCCESS [CN=chained,O=Test] [0A]



=== TEST 12: and beyond it
--- http_config eval: $::Server
--- config eval
$::Port . "ssl_verify_client on; ssl_verify_depth 0;"
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: cert=$TEST_NGINX_CERTS/chained.pem
--- request
GET /t
--- error_code: 400
--- error_log eval: qr/client SSL certificate verify error: \((20|22):/



=== TEST 13: ssl_trusted_certificate is trusted as well
--- http_config
    ssl_certificate $TEST_NGINX_CERTS/localhost.pem;
    ssl_certificate_key $TEST_NGINX_CERTS/localhost.key;
    ssl_client_certificate $TEST_NGINX_CERTS/other-ca.pem;
    ssl_trusted_certificate $TEST_NGINX_CERTS/ca.pem;
--- config eval
$::Port . "ssl_verify_client on;"
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: cert=$TEST_NGINX_CERTS/client.pem
--- request
GET /t
--- response_body
SUCCESS [CN=client,O=Test] [1A2B]



=== TEST 14: error_page 495 and 496
--- http_config eval: $::Server
--- config eval
$::Port . '
    ssl_verify_client on;
    error_page 495 496 =403 /who;
    location /who { return 200 "who are you\n"; }
'
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls
--- request
GET /t
--- error_code: 403
--- response_body
who are you



=== TEST 15: variables of the certificate
--- http_config eval: $::Server
--- config eval
'
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_verify_client on;
    location /t { return 200 "$ssl_client_i_dn|$ssl_client_s_dn_legacy|$ssl_client_i_dn_legacy|$ssl_client_v_remain|$ssl_client_fingerprint|$ssl_client_v_start|$ssl_client_v_end\n"; }
'
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: cert=$TEST_NGINX_CERTS/client.pem
--- request
GET /t
--- response_body_like: ^CN=test ca,O=Test\|/O=Test/CN=client\|/O=Test/CN=test ca\|(29|30)\|[0-9a-f]{40}\|\w+ +\d+ \d\d:\d\d:\d\d \d{4} GMT\|\w+ +\d+ \d\d:\d\d:\d\d \d{4} GMT$



=== TEST 16: the certificate itself
--- http_config eval: $::Server
--- config eval
'
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_verify_client on;
    location /t { return 200 "$ssl_client_raw_cert\n$ssl_client_cert\n$ssl_client_escaped_cert\n"; }
'
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: cert=$TEST_NGINX_CERTS/client.pem
--- request
GET /t
--- response_body_like: ^-----BEGIN CERTIFICATE-----\n[\w+/=\n]+-----END CERTIFICATE-----\n\n-----BEGIN CERTIFICATE-----\n(\t[\w+/=]+\n)+\t-----END CERTIFICATE-----\n-----BEGIN%20CERTIFICATE-----%0A[\w%]+-----END%20CERTIFICATE-----%0A\n$



=== TEST 17: nobody to trust
--- http_config
    ssl_certificate $TEST_NGINX_CERTS/localhost.pem;
    ssl_certificate_key $TEST_NGINX_CERTS/localhost.key;
--- config eval
$::Port . "ssl_verify_client on;"
--- must_die
--- error_log: no ssl_client_certificate for ssl_verify_client



=== TEST 18: a list that is not there
--- http_config
    ssl_certificate $TEST_NGINX_CERTS/localhost.pem;
    ssl_certificate_key $TEST_NGINX_CERTS/localhost.key;
    ssl_client_certificate $TEST_NGINX_CERTS/none.pem;
--- config eval
$::Port . "ssl_verify_client on;"
--- must_die
--- error_log eval: qr/SSL_CTX_load_verify_locations\(".*none\.pem"\) failed \(SSL: error:80000002:system library::No such file or directory/



=== TEST 19: where there is one server only, Host may be another name than that of the handshake
--- http_config eval
$::Server . '
    server {
        listen $TEST_NGINX_RAND_PORT_0 ssl; server_name a.test; return 200 "$host\n";
        ssl_verify_client optional;
    }
'
--- config
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: sni=a.test
--- request
GET /
--- more_headers
Host: b.test
--- response_body
b.test



=== TEST 20: and may be missing
--- http_config eval
$::Server . '
    server {
        listen $TEST_NGINX_RAND_PORT_0 ssl; server_name a.test; return 200 "$host\n";
        ssl_verify_client optional;
    }
'
--- config
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: sni=a.test
--- raw_request eval: "GET / HTTP/1.0\r\n\r\n"
--- response_body
a.test
