#!/usr/bin/env bash
# The whole job on a real Spark: a standalone master and two workers on loopback. A worker is killed in
# the middle; the rows are those of one process over the same Parquet files.
. "$(dirname "${BASH_SOURCE[0]}")/../invariants/lib.sh"
python=$here/../../build-spark/bin/python
[ -x "$python" ] && command -v java >/dev/null || { echo 'skipped: no Spark (./setup --distributed)'; exit 77; }
SPARK_HOME=$("$python" -c 'import os, pyspark; print(os.path.dirname(pyspark.__file__))')
export SPARK_HOME SPARK_LOCAL_IP=127.0.0.1 SPARK_LOCAL_DIRS=$work/local PYSPARK_PYTHON=$python
start() { # NAME CLASS ARGUMENT...
    SPARK_DAEMON_MEMORY=512m "$SPARK_HOME/bin/spark-class" "org.apache.spark.deploy.$2" --host 127.0.0.1 --webui-port 0 "${@:3}" >"$1.log" 2>&1 &
}
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
start master master.Master --port "$port"
for n in 1 2; do
    start "worker$n" worker.Worker --cores 1 --memory 1g --work-dir "$work/work$n" "spark://127.0.0.1:$port"
    worker[n]=$!
done
for _ in $(seq 60); do
    [ "$(grep -c 'Registering worker' master.log)" -ge 2 ] && break
    sleep 1
done
same 'two workers' 2 "$(grep -c 'Registering worker' master.log)"

"$build/tests/bench/generate" trips "${TAMIS_MIB:-48}" >trips.csv
cp "$here/../distributed/recipe.yaml" .
step=$here/../../examples/distributed/step
"$step" job init trips.csv recipe.yaml 4
for i in 2 3 4; do "$step" job ingest $i; done
mkdir in
"$python" - <<'PYTHON'
import pyarrow as pa
import pyarrow.parquet as pq
for i in range(1, 5):
    table = pa.ipc.open_file(f"job/part-{i}.arrow").read_all()
    place = table.schema.get_field_index("_source")
    table = table.set_column(place, "_source", table["_source"].cast(pa.string())).replace_schema_metadata()
    pq.write_table(table, f"in/part-{i}.parquet")
PYTHON
"$python" "$here/../../examples/distributed/spark/clean.py" in out recipe.yaml --master "spark://127.0.0.1:$port" \
    --programs "$build/clean" >said 2>spark.log &
job=$!
for _ in $(seq 240); do # until an executor works
    grep -q 'Launched executor\|Asked to launch executor' worker2.log && grep -q 'Asked to launch executor' worker1.log && break
    sleep 0.5
done
sleep 8
kill -9 "${worker[2]}"
pkill -9 -f "$work/work2" 2>/dev/null
wait $job
same 'the job ends well although a worker died' 0 $?
check 'it says that the data passed' grep -q '"passed": *true' said
"$python" - >verdict <<'PYTHON'
import glob
import subprocess
import pyarrow as pa
import pyarrow.parquet as pq
parts = sorted(glob.glob("in/*.parquet"))
with pa.OSFile("whole.arrow", "wb") as file:
    table = pa.concat_tables([pq.read_table(p) for p in parts]).replace_schema_metadata()
    with pa.ipc.new_file(file, table.schema) as out:
        out.write_table(table, max_chunksize=65536)
subprocess.run(["tamis-clean", "-q", "--no-store", "whole.arrow", "--recipe", "recipe.yaml", "-o", "one.arrow"], check=True)
one = pa.ipc.open_file("one.arrow").read_all()
many = pa.concat_tables([pq.read_table(p) for p in sorted(glob.glob("out/*.parquet"))])
plain = [pa.string() if pa.types.is_dictionary(field.type) else field.type for field in one.schema]
schema = pa.schema([pa.field(name, kind) for name, kind in zip(one.column_names, plain)])
one, many = (t.replace_schema_metadata().select(one.column_names).cast(schema).combine_chunks() for t in (one, many))
print(one.num_rows > 0 and one.equals(many))
PYTHON
same 'the rows are those of one process' True "$(cat verdict)"
[ "$broken" -eq 0 ] || tail -n 30 spark.log
finish
