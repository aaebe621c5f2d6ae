=== TEST 1: return answers
--- config
    location /t { return 200 "ok\n"; }
--- request
GET /t
--- response_body
ok
