# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# How the bench starts each program. sluice and nginx run the same file. Sourced by run.

declare -A port program worker tls_port rsa_port

free_port() {    # asks the kernel by looking; ports below the ephemeral range
    local p
    for p in $(seq "$1" "$(($1 + 500))"); do
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null; then echo "$p"; return; fi
    done
    echo "t/bench/run: no free port" >&2
    return 1
}

wait_for_port() {
    local i
    for i in $(seq 100); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return; fi
        sleep 0.05
    done
    echo "t/bench/run: nobody listens on $1" >&2
    return 1
}

nginx_conf() {    # PORT TLS-PORT RSA-PORT
    cat <<CONF
worker_processes 1;
daemon off;
error_log logs/error.log warn;
pid logs/server.pid;
worker_rlimit_nofile $(ulimit -n);
events { worker_connections 16384; }
http {
    access_log off;
    client_max_body_size 2m;
    keepalive_requests 100000000;
    keepalive_timeout 300s;
    default_type text/plain;
    upstream origin {
        server 127.0.0.1:$origin_port;
        keepalive 1024;
        keepalive_requests 100000000;
    }
    upstream four {
        server 127.0.0.1:$origin_port;
        server 127.0.0.1:$origin_port;
        server 127.0.0.1:$hole_port;
        server 127.0.0.1:$origin_port;
        keepalive 1024;
    }
    server {
        listen 127.0.0.1:$1 backlog=4096;
        location / {
            proxy_pass http://origin;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
        location /closing/ {
            proxy_pass http://127.0.0.1:$origin_port/;
            proxy_http_version 1.0;
            proxy_set_header Connection close;
        }
        location /static/ { alias $folder/files/; }
        location /1024/ordinary/ {
            proxy_pass http://origin;
            proxy_http_version 1.1;
            proxy_set_header Host \$host;
            proxy_set_header X-Real-IP \$remote_addr;
            proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto \$scheme;
            proxy_set_header X-Forwarded-Host \$http_host;
            proxy_set_header X-Request-ID \$request_id;
            proxy_set_header Connection "";
            proxy_hide_header X-Powered-By;
            proxy_redirect off;
            proxy_connect_timeout 5s;
            proxy_send_timeout 30s;
            proxy_read_timeout 30s;
            proxy_buffer_size 8k;
            proxy_buffers 8 16k;
            proxy_busy_buffers_size 32k;
            proxy_next_upstream error timeout http_503;
            add_header X-Frame-Options SAMEORIGIN;
            add_header X-Content-Type-Options nosniff;
            client_max_body_size 10m;
        }
        location ~ ^/(1|10)m/buffers {
            proxy_pass http://origin;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffer_size 64k;
            proxy_buffers 32 64k;
            proxy_busy_buffers_size 256k;
        }
        location /1m/unbuffered {
            proxy_pass http://origin;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
            proxy_buffer_size 64k;
            proxy_buffers 8 64k;
        }
        location /up/buffers {
            proxy_pass http://origin;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            client_body_buffer_size 1m;
        }
        location /up/unbuffered {
            proxy_pass http://origin;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_request_buffering off;
        }
        location /websocket {
            proxy_pass http://origin;
            proxy_http_version 1.1;
            proxy_set_header Upgrade \$http_upgrade;
            proxy_set_header Connection "upgrade";
        }
        location /1k/dead {
            proxy_pass http://four;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_connect_timeout 1s;
        }
        location /php {
            fastcgi_pass 127.0.0.1:$php_port;
            fastcgi_param SCRIPT_FILENAME $folder/files/answer.php;
            fastcgi_param SCRIPT_NAME \$fastcgi_script_name;
            fastcgi_param QUERY_STRING \$query_string;
            fastcgi_param REQUEST_METHOD \$request_method;
            fastcgi_param CONTENT_TYPE \$content_type;
            fastcgi_param CONTENT_LENGTH \$content_length;
            fastcgi_param REQUEST_URI \$request_uri;
            fastcgi_param SERVER_PROTOCOL \$server_protocol;
            fastcgi_param REMOTE_ADDR \$remote_addr;
        }
    }
    ssl_protocols TLSv1.2 TLSv1.3;
    server {
        listen 127.0.0.1:$2 ssl backlog=4096;
        ssl_certificate $folder/ecdsa.pem;
        ssl_certificate_key $folder/ecdsa.key;
        location / {
            proxy_pass http://origin;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
    }
    server {
        listen 127.0.0.1:$3 ssl backlog=4096;
        ssl_certificate $folder/rsa.pem;
        ssl_certificate_key $folder/rsa.key;
        location / {
            proxy_pass http://origin;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
    }
}
CONF
}

haproxy_conf() {    # PORT TLS-PORT RSA-PORT
    cat <<CONF
global
    nbthread 1
    no strict-limits
    maxconn 15000
defaults
    mode http
    maxconn 15000
    timeout client 300s
    timeout server 300s
    timeout connect 5s
    timeout http-keep-alive 300s
frontend ecdsa
    bind 127.0.0.1:$2 backlog 4096 ssl crt $folder/ecdsa.both
    default_backend origin
frontend rsa
    bind 127.0.0.1:$3 backlog 4096 ssl crt $folder/rsa.both
    default_backend origin
frontend front
    bind 127.0.0.1:$1 backlog 4096
    use_backend closing if { path_beg /closing/ }
    default_backend origin
backend origin
    http-reuse always
    server o 127.0.0.1:$origin_port pool-max-conn 1024
backend closing
    http-request replace-path /closing(/.*) \1
    http-request set-header Connection close
    option httpclose
    http-reuse never
    server o 127.0.0.1:$origin_port
CONF
}

start_program() {    # NAME
    local name=$1 home=$folder/$1
    mkdir -p "$home/logs"
    port[$name]=$(free_port "$next_port")
    tls_port[$name]=$(free_port $((${port[$name]} + 1)))
    rsa_port[$name]=$(free_port $((${tls_port[$name]} + 1)))
    next_port=$((${rsa_port[$name]} + 1))
    case $name in
        haproxy)
            haproxy_conf "${port[$name]}" "${tls_port[$name]}" "${rsa_port[$name]}" >"$home/haproxy.cfg"
            $on_proxy haproxy -db -f "$home/haproxy.cfg" >"$home/logs/out" 2>&1 &
            ;;
        relay) $on_proxy "$relay" "${port[$name]}" "$origin_port" >"$home/logs/out" 2>&1 & ;;
        *)
            local binary=$name
            [ "$name" = sluice ] && binary=$sluice
            nginx_conf "${port[$name]}" "${tls_port[$name]}" "${rsa_port[$name]}" >"$home/nginx.conf"
            $on_proxy "$binary" -p "$home/" -e "$home/logs/error.log" -c "$home/nginx.conf" >"$home/logs/out" 2>&1 &
            ;;
    esac
    pids+=($!)
    program[$name]=$!
    wait_for_port "${port[$name]}" || { cat "$home"/logs/* >&2; return 1; }
    find_worker "$name"
}

# As new: what earlier rows left in their memory is gone.
restart_programs() {
    local name
    for name in $programs; do
        kill "${program[$name]}"
        wait "${program[$name]}" 2>/dev/null || true
        unset "worker[$name]"
        start_program "$name"
    done
}

# The process that serves: a child, or the program itself. Says so when there is a new one.
find_worker() {
    local name=$1 old=${worker[$1]:-}
    [ -n "$old" ] && [ -e "/proc/$old" ] && return
    worker[$name]=$(pgrep -P "${program[$name]}" | head -n 1 || true)
    worker[$name]=${worker[$name]:-${program[$name]}}
    [ -z "$old" ] || echo "t/bench/run: worker $old of $name died; see -k" >&2
}

make_certificates() {
    local kind
    for kind in "ecdsa ec -pkeyopt ec_paramgen_curve:P-256" "rsa rsa:2048"; do
        # shellcheck disable=SC2086
        set -- $kind
        openssl req -x509 -nodes -days 2 -subj /CN=localhost -keyout "$folder/$1.key" -out "$folder/$1.pem" \
            -newkey "${@:2}" 2>/dev/null
        cat "$folder/$1.pem" "$folder/$1.key" >"$folder/$1.both"
    done
}

start_all() {
    make_certificates
    mkdir -p "$folder/files"
    head -c 1024 /dev/zero | tr '\0' x >"$folder/files/1k"
    head -c 1048576 /dev/zero | tr '\0' x >"$folder/files/1m"
    chmod 755 "$folder"
    origin_port=$(free_port 19100)
    hole_port=$(free_port $((origin_port + 1)))
    php_port=$(free_port $((hole_port + 1)))
    next_port=$((php_port + 1))
    $on_load "$origin" "$origin_port" "$hole_port" &
    origin_pid=$!
    pids+=($!)
    wait_for_port "$origin_port"
    local p
    for p in $programs; do start_program "$p"; done
}

# A script that answers 1 kB, behind php-fpm; false: that is not installed.
start_php() {
    local fpm
    fpm=$(command -v php-fpm || ls /usr/sbin/php-fpm[0-9]* 2>/dev/null | head -n 1) || return 1
    [ -n "$fpm" ] || return 1
    echo '<?php header("Content-Length: 1024"); echo str_repeat("x", 1024);' >"$folder/files/answer.php"
    cat >"$folder/php.conf" <<CONF
[global]
error_log = $folder/php.log
daemonize = no
[www]
listen = 127.0.0.1:$php_port
listen.backlog = 4096
pm = static
pm.max_children = 8
$([ "$(id -u)" -eq 0 ] && echo "user = root")
CONF
    $on_load "$fpm" -R -n -y "$folder/php.conf" >"$folder/php.out" 2>&1 &
    pids+=($!)
    wait_for_port "$php_port"
}

version_of() {
    case $1 in
        nginx) nginx -v 2>&1 ;;
        haproxy) haproxy -v | head -n 1 ;;
        relay) echo "forwards bytes, knows no HTTP (t/bench/relay.cc)" ;;
        sluice) "$sluice" -v 2>&1 | tail -n 1 ;;
    esac
}
