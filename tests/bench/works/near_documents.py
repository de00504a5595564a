"""Near-duplicate texts by MinHash: 128 hashes in 16 bands of 8, shingles of three words, alike from 0.8 (W8)."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import documents  # noqa: E402
import tables  # noqa: E402

TITLE = "{size} texts of 40 to 80 words: of those that share 0.8 of their shingles of three words one stays"
SIZE, UNIT = 20000, "texts"
prepare = documents.prepare


def contestants(bench, path):
    from compare import Contestant

    def facts(out, _):
        """Banding misses some, and each program draws its own hashes."""
        rows = tables.facts_of(out, ["id"])["rows"]
        return {"rows": (rows, 0.02 * bench.size)}

    def counted(_, printed):
        return {"rows": (int(printed), 0.02 * bench.size)}

    clean = [bench.program("clean/tamis-clean"), "--no-store", "-q", "--threads", str(bench.threads), "--memory", "1G",
             "-m", "deduplicate method=minhash columns=body", path + ".arrow", "-o", "{out}"]
    found = [Contestant("tamis-clean", clean, facts, ".arrow")]
    for peer, module in (("numpy", "numpy"), ("datasketch", "datasketch")):
        if bench.has(module):
            found.append(Contestant(peer, [bench.python, os.path.abspath(__file__), module, path + ".parquet"], counted))
    return found


def shingles(body):
    words = body.split(" ")
    return [" ".join(words[i:i + 3]).encode() for i in range(max(1, len(words) - 2))]


def by_numpy(data):
    """The recipe of the usual Python libraries."""
    import zlib

    import numpy as np
    import pyarrow.parquet as pq
    random, prime = np.random.default_rng(1), np.uint64((1 << 61) - 1)
    a = random.integers(1, int(prime), 128, dtype=np.uint64)[:, None]
    b = random.integers(0, int(prime), 128, dtype=np.uint64)[:, None]
    buckets, signatures, kept = [{} for _ in range(16)], [], 0
    for i, body in enumerate(pq.read_table(data)["body"].to_pylist()):
        hashes = np.array([zlib.crc32(s) for s in shingles(body)], np.uint64)
        signature = ((a * hashes + b) % prime).min(1)
        signatures.append(signature)
        seen = [bucket.setdefault(signature[8 * band:8 * band + 8].tobytes(), i) for band, bucket in enumerate(buckets)]
        kept += not any(o != i and (signatures[o] == signature).mean() >= 0.8 for o in set(seen))
    print(kept)


def by_datasketch(data):
    import datasketch
    import pyarrow.parquet as pq
    index, kept = datasketch.MinHashLSH(threshold=0.8, num_perm=128), 0
    for i, body in enumerate(pq.read_table(data)["body"].to_pylist()):
        hashes = datasketch.MinHash(128)
        hashes.update_batch(shingles(body))
        if not index.query(hashes):
            kept += 1
            index.insert(i, hashes)
    print(kept)


if __name__ == "__main__":
    globals()["by_" + sys.argv[1]](*sys.argv[2:])
