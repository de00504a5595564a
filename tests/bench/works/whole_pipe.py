"""The whole pipe: CSV, seven cleaning steps, a version in order of entity and time, with lineage; the peers
write a sorted Parquet file."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tables  # noqa: E402

TITLE = "CSV of {size} MiB, 20 columns: read, cleaned in seven steps, sorted by entity and time, stored"
SIZE, UNIT = 512, "MiB"
RECIPE = """tamis: 1
steps:
  - text: {columns: [zone, store_fwd]}
  - missing: {markers: ["N/A", "-"]}
  - validate: {rules: [{column: fare, between: [0, 100], on_fail: reject}]}
  - deduplicate: {method: key, columns: [trip_id]}
  - outliers: {columns: [trip_distance], method: mad, action: clip}
  - impute: {columns: [passenger_count, rate_code], method: median, indicator: true}
  - normalize: {columns: [fare, tip, total], method: standard}
"""
VIEW = """view: trips
entity: [pu_loc]
event_time: pickup_ts
features:
""" + "".join(f"  {name}: {{type: {kind}}}\n" for kind, names in (
    ("int64", "trip_id vendor_id do_loc payment_type passenger_count rate_code"), ("utf8", "store_fwd zone"),
    ("timestamp", "dropoff_ts"), ("bool", "passenger_count_missing rate_code_missing"),
    ("float64", "trip_distance fare extra mta_tax tip tolls total lat lon")) for name in names.split())

COMPARED = ["pu_loc", "pickup_ts", "dropoff_ts", "trip_distance", "passenger_count", "rate_code", "zone", "store_fwd", "lat"]


def prepare(bench):
    for name, text in (("pipe.yaml", RECIPE), ("trips.yaml", VIEW)):
        with open(bench.path(name), "w", encoding="utf-8") as file:
            file.write(text)
    return bench.generate(f"trips-{bench.size}.csv", "trips", str(bench.size))


def contestants(bench, data):
    from compare import Contestant

    def stored(store, _):
        rows = store + ".rows.arrow"
        subprocess.run([bench.program("features/tamis-features"), "get", "trips", "--from", "1970-01-01T00:00:00Z", "--store",
                        store, "-q", "-o", rows], check=True)
        found = tables.facts_of(rows, COMPARED)
        os.remove(rows)
        return found

    def facts(path, _):
        return tables.facts_of(path, COMPARED)

    common = f"-q --memory 512M --threads {bench.threads} --store {{out}}"
    script = " && ".join((
        f"{bench.program('features/tamis-features')} define {bench.path('trips.yaml')} -q --store {{out}}",
        f"{bench.program('ingest/tamis-ingest')} {common} {data} | {bench.program('clean/tamis-clean')} {common} "
        f"--recipe {bench.path('pipe.yaml')} | {bench.program('features/tamis-features')} put {common} trips"))
    found = [Contestant("tamis: ingest, clean and put in a pipe", ["sh", "-c", script], stored)]
    for peer, module in (("DuckDB", "duckdb"), ("Polars", "polars")):
        if bench.has(module):
            found.append(Contestant(peer, [bench.python, os.path.abspath(__file__), module, data, "{out}",
                                           str(bench.threads)], facts, ".parquet"))
    return found


def by_duckdb(data, out, threads):
    import duckdb
    c = duckdb.connect()
    c.execute(f"SET threads={threads}")
    c.execute(f"""CREATE TEMP TABLE t AS SELECT * REPLACE (nullif(nullif(trim(zone), 'N/A'), '-') AS zone,
        nullif(nullif(trim(store_fwd), 'N/A'), '-') AS store_fwd), row_number() OVER () AS place
        FROM read_csv('{data}', header=true) WHERE fare IS NULL OR fare BETWEEN 0 AND 100""")
    c.execute("CREATE TEMP TABLE u AS SELECT t.* FROM t SEMI JOIN (SELECT min(place) AS place FROM t GROUP BY trip_id) f "
              "ON t.place = f.place")
    c.execute("DROP TABLE t")
    c.execute("""CREATE TEMP TABLE s AS SELECT median(trip_distance) AS m, 3.5 * 1.4826 * mad(trip_distance) AS r,
        median(passenger_count) AS p, median(rate_code) AS q, avg(fare) AS fa, stddev_pop(fare) AS fs, avg(tip) AS ta,
        stddev_pop(tip) AS ts, avg(total) AS oa, stddev_pop(total) AS os FROM u""")
    c.execute(f"""COPY (SELECT u.* EXCLUDE (place) REPLACE (least(greatest(trip_distance, m - r), m + r) AS trip_distance,
        coalesce(passenger_count, p) AS passenger_count, coalesce(rate_code, q) AS rate_code, (fare - fa) / fs AS fare,
        (tip - ta) / ts AS tip, (total - oa) / os AS total), passenger_count IS NULL AS passenger_count_missing,
        rate_code IS NULL AS rate_code_missing FROM u, s ORDER BY pu_loc, pickup_ts)
        TO '{out}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)""")


def by_polars(data, out, _):
    import polars as pl
    texts = [pl.col(name).str.strip_chars().replace({"N/A": None, "-": None}) for name in ("zone", "store_fwd")]
    times = pl.col("pickup_ts", "dropoff_ts").str.to_datetime("%Y-%m-%d %H:%M:%S")
    frame = (pl.scan_csv(data).with_columns(times, *texts)
             .filter(pl.col("fare").is_between(0, 100) | pl.col("fare").is_null()).collect(engine="streaming")
             .unique("trip_id", keep="first", maintain_order=True))
    middle = frame["trip_distance"].median()
    reach = 3.5 * 1.4826 * (frame["trip_distance"] - middle).abs().median()
    gaps = ["passenger_count", "rate_code"]
    frame = frame.with_columns(pl.col("trip_distance").clip(middle - reach, middle + reach),
                               *[pl.col(name).is_null().alias(name + "_missing") for name in gaps],
                               *[pl.col(name).fill_null(pl.col(name).median()) for name in gaps])
    scaled = pl.col("fare", "tip", "total")
    frame = frame.with_columns((scaled - scaled.mean()) / scaled.std(ddof=0)).sort("pu_loc", "pickup_ts")
    frame.write_parquet(out, compression="zstd", compression_level=1)


if __name__ == "__main__":
    globals()["by_" + sys.argv[1]](*sys.argv[2:])
