# tests/peers/postgresql_server.sh: sourced behind invariants/lib.sh: a real PostgreSQL server on a free
# loopback port, in the temporary folder, as an unprivileged user. Skips the test where none is installed.
password='s3cret-w0rd'
server=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -x "${server:=$(dirname "$(command -v postgres || echo /none/x)")}/initdb" ] || {
    echo 'skipped: no PostgreSQL server (./setup --test installs one)'
    exit 77
}

unprivileged() {
    if [ "$(id -u)" -ne 0 ]; then exec "$@"; fi
    exec setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups "$@"
}

stop_server() {
    [ -n "${postmaster:-}" ] && kill -INT "$postmaster" 2>/dev/null && wait "$postmaster" 2>/dev/null
    leave
}
trap stop_server EXIT

start_server() {
    mkdir "$work/server" && echo "$password" >"$work/server/password"
    [ "$(id -u)" -ne 0 ] || { chown -R nobody "$work/server" && chmod 755 "$work"; }
    (cd "$work/server" && unprivileged "$server/initdb" -D data -U keeper --pwfile=password \
        --auth=scram-sha-256 -E UTF8 --locale=C --no-sync) >initdb.log 2>&1 || { cat initdb.log; exit 1; }
    for port in $((20000 + RANDOM)) $((20000 + RANDOM)) $((20000 + RANDOM)); do
        (cd "$work/server" && unprivileged "$server/postgres" -D data -p "$port" -k '' -F \
            -c listen_addresses=127.0.0.1) >server.log 2>&1 &
        postmaster=$!
        for _ in $(seq 100); do
            "$server/pg_isready" -q -h 127.0.0.1 -p "$port" && return 0
            kill -0 "$postmaster" 2>/dev/null || break
            sleep 0.1
        done
    done
    cat server.log
    exit 1
}

address() { echo "postgresql://keeper:$password@127.0.0.1:$port/$1"; }
sql() { PGPASSWORD=$password psql -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$port" -U keeper -d "${2:-postgres}" -At -c "$1"; }

start_server
