"""A folder of pictures to rows of bytes with format and size (only headers are read)."""

import glob
import os
import sys

TITLE = "{size} pictures of 500 x 375 in a folder, to a table of their bytes, format, width and height"
SIZE, UNIT = 2000, "pictures"


def prepare(bench):
    """Noise on gradients: JPEG of quality 90, each twentieth a PNG."""
    folder = bench.path(f"pictures-{bench.size}")
    if os.path.exists(folder):
        return folder
    import random

    from PIL import Image
    os.makedirs(folder + ".part", exist_ok=True)
    random.seed(7)
    for i in range(bench.size):
        small = Image.frombytes("RGB", (50, 38), random.randbytes(50 * 38 * 3))
        picture = small.resize((500, 375), Image.BICUBIC)
        name = os.path.join(folder + ".part", f"{i:06d}")
        picture.save(name + ".png") if i % 20 == 9 else picture.save(name + ".jpg", quality=90)
    os.rename(folder + ".part", folder)
    return folder


def contestants(bench, data):
    from compare import Contestant
    ingest = [bench.program("ingest/tamis-ingest"), "--no-store", "-q", "--threads", str(bench.threads)]
    found = [Contestant("tamis-ingest", ingest + [data, "-o", "{out}"], facts, ".arrow"),
             Contestant("tamis-ingest, no compression",
                        ingest + ["--compression", "none", data, "-o", "{out}"], facts, ".arrow")]
    for peer, module in (("Pillow and pyarrow", "PIL"), ("DuckDB (no header read)", "duckdb")):
        if bench.has(module):
            command = [bench.python, os.path.abspath(__file__), module, data, "{out}", str(bench.threads)]
            found.append(Contestant(peer, command, facts if module == "PIL" else only_rows, ".parquet"))
    return found


def facts(path, _):
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
    table = pq.read_table(path) if path.endswith(".parquet") else pa.ipc.open_file(path).read_all()
    return {"rows": table.num_rows, "width": pc.sum(table["width"]).as_py(),
            "height": pc.sum(table["height"]).as_py(),
            "bytes": pc.sum(pc.binary_length(table["image"])).as_py()}


def only_rows(path, _):
    import pyarrow.parquet as pq
    return {"rows": pq.ParquetFile(path).metadata.num_rows}


def by_PIL(data, out, _):
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq
    from PIL import Image
    rows = []
    for path in sorted(glob.glob(os.path.join(data, "*"))):
        with open(path, "rb") as file:
            image = file.read()
        with Image.open(io.BytesIO(image)) as picture:
            rows.append({"path": path, "image": image, "format": picture.format,
                         "width": picture.width, "height": picture.height, "bytes": len(image)})
    pq.write_table(pa.Table.from_pylist(rows), out, compression="zstd", compression_level=1)


def by_duckdb(data, out, threads):
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import tables
    tables.duckdb_to_parquet(f"SELECT * FROM read_blob('{data}/*')", out, threads)


if __name__ == "__main__":
    globals()["by_" + sys.argv[1]](*sys.argv[2:])
