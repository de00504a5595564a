#!/usr/bin/env bash
# The whole job on a real Slurm: slurmctld and three slurmd on loopback, in a private directory. A node is
# killed in the middle; the version is that of one process; an array whose shard fails leaves no version.
. "$(dirname "${BASH_SOURCE[0]}")/../invariants/lib.sh"
for program in slurmctld slurmd sbatch munged; do
    PATH=$PATH:/usr/sbin command -v $program >/dev/null || { echo "skipped: $program is not there (./setup distributed)"; exit 77; }
done
[ "$(id -u)" = 0 ] || { echo 'skipped: slurmd wants to be root'; exit 77; }
export PATH=$PATH:/usr/sbin SLURM_CONF=$work/slurm.conf
submit=$here/../../examples/distributed/slurm/submit
port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
trap 'scancel --user root 2>/dev/null; leave' EXIT

cluster() {
    mkdir -p munge state spool run && chmod 700 munge && chown -R munge: munge 2>/dev/null
    dd if=/dev/urandom of=munge/key bs=64 count=1 2>/dev/null
    chown munge: munge/key && chmod 400 munge/key && chmod 755 "$work"
    runuser -u munge -- munged --foreground --force --key-file=munge/key --socket="$work/munge/socket" \
        --pid-file="$work/munge/pid" --log-file="$work/munge/log" --seed-file="$work/munge/seed" >/dev/null 2>&1 &
    cat >slurm.conf <<CONF
ClusterName=tamis
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=$(port)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
CredType=cred/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool/%n
SlurmctldPidFile=$work/run/ctld.pid
SlurmdPidFile=$work/run/%n.pid
SlurmctldLogFile=$work/ctld.log
SlurmdLogFile=$work/%n.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=10
MinJobAge=3600
JobRequeue=1
KillWait=2
SchedulerParameters=kill_invalid_depend,sched_interval=2,batch_sched_delay=0
MpiDefault=none
$(for n in 1 2 3; do echo "NodeName=n$n NodeHostname=localhost NodeAddr=127.0.0.1 Port=$(port) CPUs=1 RealMemory=800"; done)
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
CONF
    slurmctld -D -i >/dev/null 2>&1 &
    for n in 1 2 3; do
        slurmd -D -N n$n >/dev/null 2>&1 &
            node[n]=$!
    done
    for _ in $(seq 60); do
        [ "$(sinfo -h -o '%t %D' 2>/dev/null)" = 'idle 3' ] && return
        sleep 1
    done
}
state_of() { scontrol show job "$1" 2>/dev/null | sed -n 's/.*JobState=\([A-Z_]*\).*/\1/p' | head -1; }
await() { # JOB SECONDS
    for _ in $(seq "$2"); do
        case $(state_of "$1") in COMPLETED | FAILED | CANCELLED | TIMEOUT | NODE_FAIL) break ;; esac
        sleep 1
    done
    state_of "$1"
}

declare -a node
cluster
same 'three nodes are idle' 'idle 3' "$(sinfo -h -o '%t %D')"
"$build/tests/bench/generate" trips "${TAMIS_MIB:-48}" >trips.csv
cp "$here/../distributed/recipe.yaml" "$here/../distributed/trips.yaml" .
export TAMIS_STORE=$work/one
tamis-features define -q trips.yaml
tamis-ingest -q "$work/trips.csv" | tamis-clean -q --recipe recipe.yaml - | tamis-features put -q trips -
one=$(sqlite3 -readonly one/catalog.db "SELECT digest FROM versions WHERE dataset = 'feature/trips'")

export TAMIS_STORE=$work/many
tamis-features define -q trips.yaml
last=$("$submit" "$work/job" trips.csv recipe.yaml 5 trips -- --export ALL)
for _ in $(seq 120); do # until the second stage works, then a node dies with what runs on it
    squeue -h -w n2 -t R -o %j | grep -q tamis-fit && break
    sleep 0.5
done
kill -9 "${node[2]}"
pkill -9 -f "$work/job/part" 2>/dev/null
scontrol update nodename=n2 state=down reason=died
same 'the last job is done although a node died' COMPLETED "$(await "$last" 300)"
same 'the version of five shards is that of one process' "$one" \
    "$(sqlite3 -readonly many/catalog.db "SELECT digest FROM versions WHERE dataset = 'feature/trips'")"
same 'all its rows' "$(sqlite3 -readonly one/catalog.db 'SELECT max(rows) FROM versions')" \
    "$(sqlite3 -readonly many/catalog.db 'SELECT max(rows) FROM versions')"

cp -r job again && rm -f again/clean-3.arrow* again/merged-* again/fit-2-* again/clean-*.done
echo truncated >again/fit-1-4.state
sed -i "s,$work/job,$work/again," again/job
"$here/../../examples/distributed/step" "$work/again" merge 1 >said 2>&1
same 'a merge refuses a state that is not whole' 1 $?
[ "$broken" -eq 0 ] || tail -n 20 ctld.log job/*.log
finish
