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
    next_port=$((origin_port + 1))
    $on_load "$origin" "$origin_port" &
    pids+=($!)
    wait_for_port "$origin_port"
    local p
    for p in $programs; do start_program "$p"; done
}

version_of() {
    case $1 in
        nginx) nginx -v 2>&1 ;;
        haproxy) haproxy -v | head -n 1 ;;
        sluice) "$sluice" -v 2>&1 | tail -n 1 ;;
    esac
}
