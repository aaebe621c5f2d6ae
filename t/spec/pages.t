# SPDX-License-Identifier: Apache-2.0
# The built-in pages, byte for byte.
use Test::Nginx::Socket 'no_plan';

our $Tail = '<hr><center>(nginx|sluice)/[0-9.]+</center>\r\n</body>\r\n</html>\r\n$';

run_tests();

__DATA__

=== TEST 1: what each code's page says
--- config
    location = /301 { return 301; }
    location = /302 { return 302; }
    location = /303 { return 303; }
    location = /307 { return 307; }
    location = /308 { return 308; }
    location = /400 { return 400; }
    location = /401 { return 401; }
    location = /402 { return 402; }
    location = /403 { return 403; }
    location = /404 { return 404; }
    location = /405 { return 405; }
    location = /406 { return 406; }
    location = /409 { return 409; }
    location = /410 { return 410; }
    location = /411 { return 411; }
    location = /412 { return 412; }
    location = /413 { return 413; }
    location = /414 { return 414; }
    location = /415 { return 415; }
    location = /416 { return 416; }
    location = /421 { return 421; }
    location = /429 { return 429; }
    location = /494 { return 494; }
    location = /495 { return 495; }
    location = /496 { return 496; }
    location = /497 { return 497; }
    location = /500 { return 500; }
    location = /501 { return 501; }
    location = /502 { return 502; }
    location = /503 { return 503; }
    location = /504 { return 504; }
    location = /505 { return 505; }
    location = /507 { return 507; }
--- request eval
["GET /301",
 "GET /302",
 "GET /303",
 "GET /307",
 "GET /308",
 "GET /400",
 "GET /401",
 "GET /402",
 "GET /403",
 "GET /404",
 "GET /405",
 "GET /406",
 "GET /409",
 "GET /410",
 "GET /411",
 "GET /412",
 "GET /413",
 "GET /414",
 "GET /415",
 "GET /416",
 "GET /421",
 "GET /429",
 "GET /494",
 "GET /495",
 "GET /496",
 "GET /497",
 "GET /500",
 "GET /501",
 "GET /502",
 "GET /503",
 "GET /504",
 "GET /505",
 "GET /507"]
--- error_code eval
[301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 406, 409, 410, 411, 412, 413, 414, 415, 416, 421, 429, 400, 400, 400, 400, 500, 501, 502, 503, 504, 505, 507]
--- response_headers eval
["Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html",
 "Content-Type: text/html"]
--- response_body_like eval
['^<html>\r\n<head><title>301 Moved Permanently</title></head>\r\n<body>\r\n<center><h1>301 Moved Permanently</h1></center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>302 Found</title></head>\r\n<body>\r\n<center><h1>302 Found</h1></center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>303 See Other</title></head>\r\n<body>\r\n<center><h1>303 See Other</h1></center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>307 Temporary Redirect</title></head>\r\n<body>\r\n<center><h1>307 Temporary Redirect</h1></center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>308 Permanent Redirect</title></head>\r\n<body>\r\n<center><h1>308 Permanent Redirect</h1></center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>400 Bad Request</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>401 Authorization Required</title></head>\r\n<body>\r\n<center><h1>401 Authorization Required</h1></center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>402 Payment Required</title></head>\r\n<body>\r\n<center><h1>402 Payment Required</h1></center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>403 Forbidden</title></head>\r\n<body>\r\n<center><h1>403 Forbidden</h1></center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not Found</h1></center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>405 Not Allowed</title></head>\r\n<body>\r\n<center><h1>405 Not Allowed</h1></center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>406 Not Acceptable</title></head>\r\n<body>\r\n<center><h1>406 Not Acceptable</h1></center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>409 Conflict</title></head>\r\n<body>\r\n<center><h1>409 Conflict</h1></center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>410 Gone</title></head>\r\n<body>\r\n<center><h1>410 Gone</h1></center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>411 Length Required</title></head>\r\n<body>\r\n<center><h1>411 Length Required</h1></center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>412 Precondition Failed</title></head>\r\n<body>\r\n<center><h1>412 Precondition Failed</h1></center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body>\r\n<center><h1>413 Request Entity Too Large</h1></center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>414 Request-URI Too Large</title></head>\r\n<body>\r\n<center><h1>414 Request-URI Too Large</h1></center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>415 Unsupported Media Type</title></head>\r\n<body>\r\n<center><h1>415 Unsupported Media Type</h1></center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>416 Requested Range Not Satisfiable</title></head>\r\n<body>\r\n<center><h1>416 Requested Range Not Satisfiable</h1></center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>421 Misdirected Request</title></head>\r\n<body>\r\n<center><h1>421 Misdirected Request</h1></center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>429 Too Many Requests</title></head>\r\n<body>\r\n<center><h1>429 Too Many Requests</h1></center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>400 Request Header Or Cookie Too Large</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n<center>Request Header Or Cookie Too Large</center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>400 The SSL certificate error</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n<center>The SSL certificate error</center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>400 No required SSL certificate was sent</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n<center>No required SSL certificate was sent</center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>400 The plain HTTP request was sent to HTTPS port</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n<center>The plain HTTP request was sent to HTTPS port</center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>500 Internal Server Error</title></head>\r\n<body>\r\n<center><h1>500 Internal Server Error</h1></center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>501 Not Implemented</title></head>\r\n<body>\r\n<center><h1>501 Not Implemented</h1></center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n<center><h1>503 Service Temporarily Unavailable</h1></center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n<body>\r\n<center><h1>504 Gateway Time-out</h1></center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>505 HTTP Version Not Supported</title></head>\r\n<body>\r\n<center><h1>505 HTTP Version Not Supported</h1></center>\r\n' . $::Tail,
 '^<html>\r\n<head><title>507 Insufficient Storage</title></head>\r\n<body>\r\n<center><h1>507 Insufficient Storage</h1></center>\r\n' . $::Tail]
