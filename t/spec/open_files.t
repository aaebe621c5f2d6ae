# SPDX-License-Identifier: Apache-2.0
# open_file_cache, and what serves without it; disable_symlinks.
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: a small file again and again
--- config
    location / { root html; }
--- user_files
>>> a.txt 1000000000
hello
--- pipelined_requests eval
["GET /a.txt", "GET /a.txt", "HEAD /a.txt", "GET /a.txt"]
--- response_body eval
["hello\n", "hello\n", "", "hello\n"]



=== TEST 2: the same from the cache, with conditions and ranges
--- config
    location / { root html; open_file_cache max=10 inactive=20s; open_file_cache_valid 30s; }
--- user_files
>>> a.txt 1000000000
hello
--- more_headers eval
["", "If-None-Match: \"3b9aca00-6\"", "Range: bytes=1-2", "Range: bytes=0-0,2-3", "If-Match: \"x\""]
--- request eval
["GET /a.txt", "GET /a.txt", "GET /a.txt", "GET /a.txt", "GET /a.txt"]
--- error_code eval
["200", "304", "206", "206", "412"]



=== TEST 3: files, folders and what is missing, with errors cached
--- config
    location / {
        root html;
        index i.txt;
        open_file_cache max=10;
        open_file_cache_errors on;
        open_file_cache_min_uses 2;
    }
--- user_files
>>> d/i.txt
index
>>> a.txt
hello
--- request eval
["GET /d/", "GET /d/", "GET /d", "GET /d", "GET /none", "GET /none", "GET /a.txt", "GET /a.txt", "GET /a.txt"]
--- error_code eval
["200", "200", "301", "301", "404", "404", "200", "200", "200"]



=== TEST 4: try_files with the cache
--- config
    location / {
        root html;
        open_file_cache max=10;
        open_file_cache_errors on;
        try_files $uri $uri/ /fallback.txt;
    }
--- user_files
>>> fallback.txt
fell
>>> a.txt
hello
--- request eval
["GET /none", "GET /none", "GET /a.txt", "GET /a.txt"]
--- response_body eval
["fell\n", "fell\n", "hello\n", "hello\n"]



=== TEST 5: open_file_cache off
--- config
    open_file_cache max=10;
    location / { root html; open_file_cache off; }
--- user_files
>>> a.txt
hello
--- request eval
["GET /a.txt", "GET /a.txt"]
--- response_body eval
["hello\n", "hello\n"]



=== TEST 6: a large file from the cache
--- config
    location / { root html; sendfile on; open_file_cache max=10; }
--- user_files eval
">>> a.txt\n" . ("x" x 300000)
--- request eval
["GET /a.txt", "GET /a.txt"]
--- response_body_like eval
["^(x{1000}){300}\n\$", "^(x{1000}){300}\n\$"]



=== TEST 7: what open_file_cache takes
--- config
    open_file_cache on;
--- must_die
--- error_log eval
qr/\[emerg\] .*invalid "open_file_cache" parameter "on" in \S+nginx\.conf:\d+/



=== TEST 8: open_file_cache needs max
--- config
    open_file_cache inactive=20s;
--- must_die
--- error_log eval
qr/\[emerg\] .*"open_file_cache" must have the "max" parameter in \S+nginx\.conf:\d+/



=== TEST 9: open_file_cache twice
--- config
    open_file_cache off;
    open_file_cache max=10;
--- must_die
--- error_log eval
qr/\[emerg\] .*"open_file_cache" directive is duplicate in \S+nginx\.conf:\d+/



=== TEST 10: disable_symlinks on
--- config
    location / { root html; disable_symlinks on; }
    location /proc/ { root /; disable_symlinks on; }
    location /self/ { alias /proc/self/; disable_symlinks on; }
--- user_files
>>> a.txt
hello
--- request eval
["GET /a.txt", "GET /proc/mounts", "GET /self/status", "GET /none"]
--- error_code eval
["200", "403", "404", "404"]
--- error_log eval
qr/openat\(\) "\/proc\/mounts" failed \(40: Too many levels of symbolic links\)/



=== TEST 11: links in a trusted beginning
--- config
    location /a/ { alias /proc/self/; disable_symlinks on from=/proc/self; }
    location /b/ { alias /proc/self/; disable_symlinks on from=/proc/self/; }
    location /c/ { alias /proc/self/; disable_symlinks on from=/proc; }
    location /d/ { alias /proc/self/; disable_symlinks on from=/other; }
    location /e/ { alias /proc/self/; disable_symlinks on from=$document_root; }
--- request eval
["HEAD /a/cmdline", "HEAD /b/cmdline", "HEAD /c/cmdline", "HEAD /d/cmdline", "HEAD /e/cmdline"]
--- error_code eval
["200", "200", "404", "404", "200"]



=== TEST 12: links to what belongs to the same user
--- config
    location / { root /proc/; disable_symlinks if_not_owner; }
--- request eval
["HEAD /self/cmdline", "HEAD /mounts"]
--- error_code eval
["200", "200"]



=== TEST 13: try_files passes over what may not be followed
--- config
    location / { root html; disable_symlinks on; try_files $uri /a.txt; }
    location /proc/ { root /; disable_symlinks on; try_files $uri =410; }
--- user_files
>>> a.txt
hello
--- request eval
["GET /x", "HEAD /proc/mounts"]
--- error_code eval
["200", "410"]



=== TEST 14: disable_symlinks with open_file_cache
--- config
    open_file_cache max=10;
    location /a/ { alias /proc/self/; }
    location /b/ { alias /proc/self/; disable_symlinks on; }
--- request eval
["HEAD /a/cmdline", "HEAD /b/cmdline", "HEAD /a/cmdline", "HEAD /b/cmdline"]
--- error_code eval
["200", "404", "200", "404"]



=== TEST 15: disable_symlinks needs a mode
--- config
    disable_symlinks from=/a;
--- must_die
--- error_log eval
qr/\[emerg\] .*"disable_symlinks" must have "off", "on" or "if_not_owner" parameter in \S+nginx\.conf:\d+/



=== TEST 16: from= says nothing with off
--- config
    disable_symlinks off from=/a;
--- must_die
--- error_log eval
qr/\[emerg\] .*"from=" cannot be used with "off" parameter in \S+nginx\.conf:\d+/



=== TEST 17: disable_symlinks with two modes
--- config
    disable_symlinks on off;
--- must_die
--- error_log eval
qr/\[emerg\] .*duplicate parameters "on off" in \S+nginx\.conf:\d+/



=== TEST 18: disable_symlinks with something else
--- config
    disable_symlinks yes;
--- must_die
--- error_log eval
qr/\[emerg\] .*invalid parameter "yes" in \S+nginx\.conf:\d+/
