"""The cleaning chain over a dirty table of texts: trim, lower case, markers, types, ranges, one row a
key, two kinds of fences, filling, z-scores (W2)."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tables  # noqa: E402

TITLE = "cleaning {size} rows of 9 text columns: eleven steps to typed columns with zstd level 1"
SIZE, UNIT = 1000000, "rows"
COLUMNS = ["key", "name", "city", "gender", "age", "height", "income", "score"]
NUMBERS = ["age", "height", "income", "score"]
MARKERS = ["", "na", "n/a", "null", "none", "-", "?"]
RECIPE = """tamis: 1
steps:
  - text: {columns: [name, city, gender]}
  - standardize: {columns: [name, city, gender], methods: [lower]}
  - missing: {markers: ["", na, n/a, "null", none, "-", "?"]}
  - types: {columns: {key: int64, age: int32, height: float64, income: float64, score: float64, signup: date}, on_fail: "null"}
  - validate: {rules: [{column: age, between: [0, 120], on_fail: "null"}, {column: score, between: [0, 100], on_fail: "null"}]}
  - deduplicate: {method: key, columns: [key]}
  - outliers: {columns: [height], method: iqr, threshold: 1.5, action: clip}
  - outliers: {columns: [income], method: mad, threshold: 3.5, action: clip}
  - impute: {columns: [city, gender], method: constant, value: unknown}
  - impute: {columns: [age, height, income, score], method: median}
  - normalize: {columns: [age, height, income, score], method: standard}
"""


def prepare(bench):
    """The table as Arrow for us and as Parquet for the peers, all columns text."""
    source = bench.generate(f"people-{bench.size}.csv", "people", str(bench.size))
    arrow, parquet = bench.path(f"people-{bench.size}.arrow"), bench.path(f"people-{bench.size}.parquet")
    with open(bench.path("clean_chain.yaml"), "w", encoding="utf-8") as file:
        file.write(RECIPE)
    if not os.path.exists(arrow):
        subprocess.run([bench.program("ingest/tamis-ingest"), "--no-store", "-q", "--no-provenance", "--header", "yes",
                        "--text", "*", source, "-o", arrow], check=True)
        subprocess.run([bench.python, "-c", "import sys, pyarrow.feather as f, pyarrow.parquet as p;"
                        "p.write_table(f.read_table(sys.argv[1]), sys.argv[2], compression='zstd')",
                        arrow, parquet], check=True)
    return arrow


def contestants(bench, data):
    from compare import Contestant

    def facts(path, _):
        found = tables.facts_of(path, COLUMNS)
        return {name: value for name, value in found.items() if not name.endswith(tuple(f"{n} sum" for n in NUMBERS))}

    clean = [bench.program("clean/tamis-clean"), "--no-store", "-q", "--threads", str(bench.threads), "--memory", "1G"]
    found = [Contestant("tamis-clean", clean + ["--recipe", bench.path("clean_chain.yaml"), data, "-o", "{out}"],
                        facts, ".arrow")]
    parquet = data.replace(".arrow", ".parquet")
    for peer, module in (("DuckDB", "duckdb"), ("Polars", "polars")):
        if bench.has(module):
            command = [bench.python, os.path.abspath(__file__), module, parquet, "{out}", str(bench.threads)]
            found.append(Contestant(peer, command, facts, ".parquet"))
    return found


def by_duckdb(data, out, threads):
    import duckdb
    c = duckdb.connect()
    c.execute(f"SET threads={threads}")
    c.execute("CREATE TEMP MACRO nul(x) AS CASE WHEN x IS NULL OR lower(trim(x)) IN "
              "('','na','n/a','null','none','-','?') THEN NULL ELSE trim(x) END")
    c.execute(f"""CREATE TEMP TABLE t AS SELECT key, lower(trim(name)) AS name, lower(nul(city)) AS city,
        lower(nul(gender)) AS gender, CASE WHEN age BETWEEN 0 AND 120 THEN age END AS age, height, income,
        CASE WHEN score BETWEEN 0 AND 100 THEN score END AS score, signup
        FROM (SELECT try_cast(key AS BIGINT) AS key, name, city, gender, try_cast(nul(age) AS INTEGER) AS age,
              try_cast(nul(height) AS DOUBLE) AS height, try_cast(nul(income) AS DOUBLE) AS income,
              try_cast(nul(score) AS DOUBLE) AS score, try_cast(nul(signup) AS DATE) AS signup,
              file_row_number AS rid FROM read_parquet('{data}', file_row_number=true)) a
        SEMI JOIN (SELECT min(file_row_number) AS rid FROM read_parquet('{data}', file_row_number=true)
                   GROUP BY try_cast(key AS BIGINT)) b ON a.rid = b.rid""")
    c.execute("CREATE TEMP TABLE s AS SELECT median(income) AS im, mad(income) AS imad, "
              "quantile_cont(height, 0.25) AS q1, quantile_cont(height, 0.75) AS q3 FROM t")
    c.execute("""CREATE TEMP TABLE u AS SELECT key, name, coalesce(city, 'unknown') AS city,
        coalesce(gender, 'unknown') AS gender, age,
        CASE WHEN height IS NOT NULL THEN least(greatest(height, q1 - 1.5 * (q3 - q1)), q3 + 1.5 * (q3 - q1)) END AS height,
        CASE WHEN income IS NOT NULL THEN least(greatest(income, im - 3.5 * 1.4826 * imad), im + 3.5 * 1.4826 * imad) END
          AS income, score, signup FROM t, s""")
    c.execute("CREATE TEMP TABLE m AS SELECT " + ", ".join(f"median({n}) AS m_{n}" for n in NUMBERS) + " FROM u")
    c.execute("CREATE TEMP TABLE z AS SELECT " + ", ".join(
        f"avg(coalesce({n}, m_{n})) AS a_{n}, stddev_samp(coalesce({n}, m_{n})) AS s_{n}" for n in NUMBERS) + " FROM u, m")
    c.execute("COPY (SELECT key, name, city, gender, signup, " + ", ".join(
        f"(coalesce({n}, m_{n}) - a_{n}) / s_{n} AS {n}" for n in NUMBERS) +
        f" FROM u, m, z) TO '{out}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)")


def by_polars(data, out, _):
    import polars as pl

    def blank(name):
        trimmed = pl.col(name).str.strip_chars()
        return pl.when(trimmed.str.to_lowercase().is_in(MARKERS)).then(None).otherwise(trimmed)

    def number(name, kind):
        return blank(name).cast(kind, strict=False).alias(name)

    frame = pl.scan_parquet(data).with_columns(
        pl.col("key").cast(pl.Int64, strict=False), pl.col("name").str.strip_chars().str.to_lowercase(),
        blank("city").str.to_lowercase().alias("city"), blank("gender").str.to_lowercase().alias("gender"),
        number("age", pl.Int32), number("height", pl.Float64), number("income", pl.Float64),
        number("score", pl.Float64), blank("signup").str.to_date("%Y-%m-%d", strict=False).alias("signup"))
    frame = frame.with_columns(
        pl.when(pl.col("age").is_between(0, 120)).then("age"), pl.when(pl.col("score").is_between(0, 100)).then("score"))
    frame = frame.unique("key", keep="first", maintain_order=True).collect(engine="streaming")
    low, high = frame["height"].quantile(0.25, "linear"), frame["height"].quantile(0.75, "linear")
    middle = frame["income"].median()
    reach = 3.5 * 1.4826 * (frame["income"] - middle).abs().median()
    frame = frame.with_columns(
        pl.col("height").clip(low - 1.5 * (high - low), high + 1.5 * (high - low)),
        pl.col("income").clip(middle - reach, middle + reach),
        pl.col("city", "gender").fill_null("unknown"))
    frame = frame.with_columns(pl.col(*NUMBERS).fill_null(pl.col(*NUMBERS).median()))
    frame = frame.with_columns((pl.col(*NUMBERS) - pl.col(*NUMBERS).mean()) / pl.col(*NUMBERS).std())
    frame.write_parquet(out, compression="zstd", compression_level=1)


if __name__ == "__main__":
    globals()["by_" + sys.argv[1]](*sys.argv[2:])
