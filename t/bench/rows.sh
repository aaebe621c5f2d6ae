# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# The rows of the bench. Sourced by run.

say() { printf '%s\n' "$*"; }

field() { sed -n "s/.*\b$1=\([0-9.]*\).*/\1/p" <<<"$2"; }

# Nanoseconds that the worker ran, user ticks, system ticks.
cpu_of() {
    local ran rest stat
    [ -e "/proc/$1" ] || return 1
    read -r ran rest <"/proc/$1/schedstat"
    stat=$(<"/proc/$1/stat")
    # shellcheck disable=SC2086
    set -- ${stat##*) }
    echo "$ran ${12} ${13}"
}

run_load() { $on_load "$load" "$@"; }

# One measurement: rps, CPU us per request: all, user, system, errors.
measure() {    # PROGRAM PATH CONNECTIONS LOAD-OPTIONS…
    local name=$1 path=$2 n=$3 before after out
    shift 3
    before=$(cpu_of "${worker[$name]}")
    out=$(run_load "${port[$name]}" "$path" -c "$n" -t "$seconds" "$@" || true)
    after=$(cpu_of "${worker[$name]}" 2>/dev/null || echo "$before")    # it died meanwhile: errors tell
    awk -v b="$before" -v a="$after" -v r="$(field requests "$out")" -v e="$(field errors "$out")" -v s="$(field rps "$out")" '
        BEGIN {
            split(b, x, " "); split(a, y, " ")
            if (r < 1) r = 1
            all = (y[1] - x[1]) / 1000 / r
            u = y[2] - x[2]; k = y[3] - x[3]
            if (u + k == 0) k = 1
            printf "%.0f %.2f %.2f %.2f %d\n", s, all, all * u / (u + k), all * k / (u + k), e
        }'
}

# Reads "program rps cpu user system errors" lines, a round at a time; prints the row's lines of the table.
summarize() {    # TITLE REACH
    awk -v title="$1" -v reach="$2" '
        function sort(v, n,   i, j, t) {
            for (i = 2; i <= n; ++i)
                for (j = i; j > 1 && v[j - 1] > v[j]; --j) { t = v[j]; v[j] = v[j - 1]; v[j - 1] = t }
        }
        function median(v, n) { sort(v, n); return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2 }
        function spread(what, who,   i, v, n, d) {
            n = 0
            for (i = 1; i <= rounds["nginx"]; ++i) {
                d = data["nginx", what, i]
                if (d > 0) v[++n] = data[who, what, i] / d
            }
            if (!n) return "–"
            d = median(v, n)
            return sprintf("**%.2f** [%.2f–%.2f]", d, v[1], v[n])
        }
        function column(who, what,   i, v) {
            for (i = 1; i <= rounds[who]; ++i) v[i] = data[who, what, i]
            return median(v, rounds[who])
        }
        {
            if (!rounds[$1]++) order[++programs] = $1
            i = rounds[$1]
            data[$1, "rps", i] = $2; data[$1, "cpu", i] = $3; data[$1, "user", i] = $4; data[$1, "sys", i] = $5
            failed[$1] += $6
        }
        END {
            for (p = 1; p <= programs; ++p) {
                who = order[p]
                against = who != "nginx" && rounds["nginx"] ? spread("cpu", who) " | " spread("rps", who) : "– | –"
                printf "| %s | %s | %d | %.1f | %.1f + %.1f | %s | %s |%s\n", title, who, column(who, "rps"),
                    column(who, "cpu"), column(who, "user"), column(who, "sys"), against,
                    who == "sluice" ? "≤ " reach : "", failed[who] ? " " failed[who] " errors" : ""
            }
        }'
}

header_said=
throughput() {    # ROW TITLE REACH PATH CONNECTIONS LOAD-OPTIONS…
    local row=$1 title=$2 reach=$3 path=$4 n=$5 round name line order lines=
    shift 5
    if [ -z "$header_said" ]; then
        header_said=1
        say "| row | program | requests/s | CPU µs a request | user + system | CPU ratio to nginx | requests/s ratio | reach |"
        say "|---|---|---:|---:|---:|---:|---:|---:|"
    fi
    order=$programs
    [[ $row == static-* || $row == php ]] && order=${order/haproxy/}
    [[ $row == 1k-* || $row == fresh || $row == websocket-* ]] || order=${order/relay/}
    for name in $order; do    # warm up
        run_load "${port[$name]}" "$path" -c "$n" -t 0.3 "$@" >/dev/null || true
    done
    for ((round = 1; round <= rounds; ++round)); do
        for name in $order; do
            find_worker "$name"    # here: measure runs in a subshell
            line=$(measure "$name" "$path" "$n" "$@")
            lines+="$name $line"$'\n'
        done
        order="${order#* } ${order%% *}"    # another one begins the next round
    done
    # shellcheck disable=SC2086
    for name in $programs; do grep "^$name " <<<"$lines" || true; done | summarize "$title" "$reach"
}

# The same over TLS: another load generator, and other ports.
tls() {    # PORTS(tls_port|rsa_port) ROW TITLE …
    local -n ports=$1
    local name plain_load=$load
    local -A plain=()
    shift
    load=$tls_load
    for name in $programs; do plain[$name]=${port[$name]} port[$name]=${ports[$name]}; done
    "$@"
    for name in $programs; do port[$name]=${plain[$name]}; done
    load=$plain_load
}

# System calls a request, counted by strace over a number of requests of 64 kept clients.
system_calls() {
    local name out requests
    command -v strace >/dev/null || { say "system calls: strace is not installed"; return; }
    say ""
    say "| system calls a request (1 kB, 64 kept clients) | program | all | of them |"
    say "|---|---|---:|---|"
    for name in $programs; do
        run_load "${port[$name]}" /1k -c 64 -t 0.3 >/dev/null
        strace -c -f -p "${worker[$name]}" -o "$folder/strace" 2>/dev/null &
        local tracer=$!
        sleep 0.5
        out=$(run_load "${port[$name]}" /1k -c 64 -t "$seconds")
        kill -INT $tracer 2>/dev/null || true
        wait $tracer 2>/dev/null || true
        requests=$(field requests "$out")
        awk -v r="$requests" -v name="$name" '
            $1 ~ /^[0-9.]+$/ && $NF != "total" && NF >= 5 { n[$NF] = $4; all += $4 }
            END {
                printf "| | %s | %.2f |", name, all / r
                for (call in n) if (n[call] / r >= 0.005) printf " %s %.2f", call, n[call] / r
                print " |"
            }' "$folder/strace"
    done
}

memory_of() { awk '/^Pss:/ { print $2 }' "/proc/$1/smaps_rollup"; }

idle_memory() {    # COUNT [over TLS]
    local name before after count=$1 pid
    local limit=$(($(ulimit -n) - 1000))
    [ $count -lt $limit ] || count=$limit
    say ""
    say "| memory with $count idle connections${2:+ $2} | program | worker before, MB | with them, MB | kB a connection |"
    say "|---|---|---:|---:|---:|"
    for name in $programs; do
        run_load "${port[$name]}" /1k -c 1 -t 0.3 >/dev/null
        before=$(memory_of "${worker[$name]}")
        rm -f "$folder/idle"
        $on_load "$load" "${port[$name]}" /1k -c $count -i 4 >"$folder/idle" &
        pid=$!
        for _ in $(seq 200); do grep -qs idle "$folder/idle" && break; sleep 0.1; done
        after=$(memory_of "${worker[$name]}")
        kill $pid 2>/dev/null || true
        wait $pid 2>/dev/null || true
        awk -v n="$name" -v b="$before" -v a="$after" -v c=$count \
            'BEGIN { printf "| | %s | %.1f | %.1f | %.2f |\n", n, b / 1024, a / 1024, (a - b) / c }'
        sleep 0.5
    done
}

big_conf() {    # 2000 names in 500 servers, 1000 locations, 100 of them by regular expression
    say "events {} http { access_log off; server_names_hash_max_size 8192; server_names_hash_bucket_size 128;"
    awk -v port="$1" 'BEGIN {
        for (s = 0; s < 500; ++s) {
            printf "server { listen 127.0.0.1:%d; server_name", port
            for (n = 0; n < 4; ++n) printf " host%d-%d.example.com", s, n
            print ";"
            for (l = 0; l < 2; ++l) printf "location /path%d/%d/ { return 200 \"x\"; }\n", s, l
            if (s % 5 == 0) printf "location ~* \"^/re%d/([a-z]+)/(\\d{1,5})\\.(?:php|html)$\" { return 200 $1; }\n", s
            print "}"
        }
        print "}"
    }'
}

start_up() {
    local name binary i begin end
    say ""
    say "| reading 2000 names, 1000 locations, 100 regular expressions (-t) | program | ms | ratio | reach |"
    say "|---|---|---:|---:|---:|"
    big_conf "$(free_port $next_port)" >"$folder/big.conf"
    local -A took=()
    for i in 1 2 3 4 5 6 7; do
        for name in $programs; do
            [ "$name" = haproxy ] && continue
            binary=$name
            [ "$name" = sluice ] && binary=$sluice
            begin=$(date +%s%N)
            $on_proxy "$binary" -t -q -p "$folder/$name/" -e "$folder/$name/logs/error.log" -c "$folder/big.conf" ||
                { say "$name cannot read it"; return; }
            end=$(date +%s%N)
            took[$name]+="$((end - begin)) "
        done
    done
    local -A median=()
    for name in "${!took[@]}"; do
        median[$name]=$(tr ' ' '\n' <<<"${took[$name]}" | grep . | sort -n | sed -n 4p)
    done
    for name in "${!median[@]}"; do
        awk -v n="$name" -v a="${median[$name]}" -v b="${median[nginx]:-0}" 'BEGIN {
            printf "| | %s | %.1f | %s | %s |\n", n, a / 1e6, b && n != "nginx" ? sprintf("**%.2f**", a / b) : "–",
                n == "sluice" ? "≤ 0.50" : "" }'
    done
}

# Latency at half of what nginx (or, without it, sluice) can do.
latency() {
    local name out top rate who=sluice round
    [[ " $programs " == *" nginx "* ]] && who=nginx
    out=$(run_load "${port[$who]}" /1k -c 64 -t "$seconds")
    top=$(field rps "$out")
    rate=$((top / 2))
    say ""
    say "| latency at $rate requests/s, 64 kept clients, 1 kB | program | p50 µs | p99 µs | p99.9 µs |"
    say "|---|---|---:|---:|---:|"
    local -A seen=()
    for ((round = 1; round <= rounds; ++round)); do
        for name in $programs; do
            out=$(run_load "${port[$name]}" /1k -c 64 -t "$seconds" -r "$rate")
            seen[$name]+="$(field p50 "$out") $(field p99 "$out") $(field p999 "$out")"$'\n'
        done
    done
    for name in $programs; do
        printf '| (median of %d rounds) | %s |' "$rounds" "$name"
        for i in 1 2 3; do
            printf ' %s |' "$(awk -v i=$i 'NF { print $i }' <<<"${seen[$name]}" | sort -n | sed -n "$(((rounds + 1) / 2))p")"
        done
        printf '\n'
    done
}

# One of four peers answers no SYN. A client may meet it once in a fail_timeout (10 s), and waits for one
# connect timeout (1 s) then; a pause between the rounds lets it be forgotten.
dead_peer() {
    local name out
    say ""
    say "| a dead peer among four, 500 requests/s for 8 s | program | answered | failed | waited a second or more | longest, ms |"
    say "|---|---|---:|---:|---:|---:|"
    for name in $programs; do
        [ "$name" = haproxy ] && continue
        out=$(run_load "${port[$name]}" /1k/dead -c 64 -t 8 -r 500)
        awk -v n="$name" -v r="$(field requests "$out")" -v e="$(field errors "$out")" -v s="$(field slow "$out")" \
            -v m="$(field max "$out")" 'BEGIN { printf "| | %s | %d | %d | %d | %.0f |\n", n, r, e, s, m / 1000 }'
    done
}

peers_conf() {    # BALANCER
    say "events {} http { access_log off; upstream many { $1"
    awk 'BEGIN { for (i = 0; i < 10000; ++i) printf "server 10.0.%d.%d:80;\n", i / 250, i % 250 }'
    say "} server { listen 127.0.0.1:$2; location / { proxy_pass http://many; } } }"
}

# Groups of 10,000: how long reading takes, and (of sluice) a pick.
many_peers() {
    local name binary i begin end balancer
    say ""
    say "| reading a group of 10,000 servers (-t) | program | ms, without what an empty one takes | reach |"
    say "|---|---|---:|---:|"
    echo "events {} http { upstream many { server 10.0.0.1; } server { listen 127.0.0.1:$next_port; location / {
        proxy_pass http://many; } } }" >"$folder/empty.conf"
    for balancer in "" "least_conn;" "ip_hash;" "hash \$uri;" "hash \$uri consistent;" "random two;"; do
        peers_conf "$balancer" "$next_port" >"$folder/peers.conf"
        for name in $programs; do
            [ "$name" = haproxy ] && continue
            binary=$name
            [ "$name" = sluice ] && binary=$sluice
            local -A took=()
            for i in 1 2 3 4 5; do
                for what in empty peers; do
                    begin=$(date +%s%N)
                    $on_proxy "$binary" -t -q -p "$folder/$name/" -e "$folder/$name/logs/error.log" \
                        -c "$folder/$what.conf" || { say "$name cannot read it"; return; }
                    end=$(date +%s%N)
                    took[$what]+="$((end - begin)) "
                done
            done
            awk -v n="$name" -v b="${balancer:-round robin}" -v a="$(middle "${took[peers]}")" -v e="$(middle "${took[empty]}")" \
                'BEGIN { printf "| %s | %s | %.1f | %s |\n", b, n, (a - e) / 1e6, n == "sluice" ? "≤ 100" : "" }'
        done
    done
    say ""
    say "Picks in a group of 10,000 (aim: ≤ 1 µs):"
    $on_proxy "$picks" --gtest_brief=1 --gtest_filter=Balancers.TenThousandPeers | grep loads || true    # its verdict is the test's
}

# What handshakes beside them do to plain requests: latency at a sixteenth of what nginx (or, without
# it, sluice) can do, without and with RSA-2048 handshakes at a steady pace. The clients' own
# cryptography shares a core with the load and the origin: these go first, or it would be taken for
# the proxy's delay.
latency_beside() {    # HANDSHAKES-A-SECOND…
    local name out top rate who=sluice round pace beside usual_load=$on_load
    local -A p50=() p99=() done_of=()
    if chrt -f -p 20 "$origin_pid" 2>/dev/null; then
        on_load="chrt -f 10 $on_load"
    else
        say "(no right to real-time priority: the clients' cryptography is in these figures)"
    fi
    [[ " $programs " == *" nginx "* ]] && who=nginx
    out=$(run_load "${port[$who]}" /1k -c 64 -t "$seconds")
    top=$(field rps "$out")
    rate=$((top / 16))
    for ((round = 1; round <= rounds; ++round)); do
        for name in $programs; do
            for pace in 0 "$@"; do
                beside=
                if [ "$pace" -gt 0 ]; then
                    $usual_load nice -n 15 "$tls_load" "${rsa_port[$name]}" /1k -c 32 -x -v 1.3 -p "$pace" \
                        -t "$(awk -v s="$seconds" 'BEGIN { print s + 0.4 }')" >"$folder/beside" &
                    beside=$!
                    sleep 0.2
                fi
                out=$(run_load "${port[$name]}" /1k -c 64 -t "$seconds" -r "$rate")
                p50[$name.$pace]+="$(field p50 "$out") "
                p99[$name.$pace]+="$(field p99 "$out") "
                [ -z "$beside" ] || { wait "$beside" || true; done_of[$name.$pace]+="$(field rps "$(<"$folder/beside")") "; }
            done
        done
    done
    on_load=$usual_load
    chrt -o -p 0 "$origin_pid" 2>/dev/null || true
    say ""
    say "| plain latency at $rate requests/s beside RSA-2048 handshakes | program | handshakes/s | p50 µs | p99 µs | p99 ratio | reach |"
    say "|---|---|---:|---:|---:|---:|---:|"
    for name in $programs; do
        for pace in 0 "$@"; do
            awk -v n="$name" -v h="$(middle "${done_of[$name.$pace]:-0}")" -v a="$(middle "${p50[$name.$pace]}")" \
                -v b="$(middle "${p99[$name.$pace]}")" -v base="$(middle "${p99[$name.0]}")" -v pace="$pace" 'BEGIN {
                printf "| | %s | %d | %d | %d | %s | %s |\n", n, h, a, b,
                    (pace > 0 && base > 0) ? sprintf("**%.2f**", b / base) : "–", (n == "sluice" && pace > 0) ? "≤ 2" : "" }'
        done
    done
}

# The median of words.
middle() {
    tr ' ' '\n' <<<"$1" | grep . | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}
