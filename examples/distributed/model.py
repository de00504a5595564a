#!/usr/bin/env python3
"""What a large job would take, from figures measured on one machine.

    model.py [--terabytes 1,10,100] [--nodes 10,100,1000] [--cores 16] [--network 1.25] [--storage 100]

Measured (tests/bench/pipe, tests/bench/shards.py; two Zen cores): MB of CSV a core and second of each
stage, bytes of state a row, seconds of merge a row. Assumed, and not measured: all cores of a node work
at this speed; each node reads and writes --network GB/s; the shared file system gives --storage GB/s to
all nodes together; merges run on one node, one after the other, at the speed of one core; nothing fails.
Real clusters are slower. The table is for seeing what becomes the limit, not for promises."""

import argparse

ROW = 136.2  # bytes of CSV a row of the table measured
SPEED = {"ingest": 147e6, "clean": 37e6, "put": 92e6}  # CSV bytes a core and second
PASSES = 3  # two rounds of fit and one apply read the shard; each costs at most a clean
ARROW = 0.22  # bytes of an Arrow file by bytes of CSV
# recipe: bytes of state a row, of merged state a row, merge seconds a row
RECIPES = {"types, impute mean, standard": (2.1, 0.005, 0.21e-6), "and deduplicate by key": (26.1, 1.1, 0.39e-6),
           "and MinHash": (241.8, 7.5, 6.4e-6)}
CHUNK = 65536  # rows of a chunk: one row in version_chunks and chunks
COMMIT = 40e3  # rows the catalog takes a second in one transaction


def clock(seconds):
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 60:.0f} min" if seconds < 36000 else f"{seconds / 3600:.0f} h"


def work(size, nodes, cores, network, storage, recipe):
    rows, gigabytes = size / ROW, min(nodes * network, storage) * 1e9
    state, merged, merge = RECIPES[recipe]
    moved = size + size * ARROW * (2 * PASSES + 2)
    return {"compute": size * (1 / SPEED["ingest"] + PASSES / SPEED["clean"] + 1 / SPEED["put"]) / (nodes * cores),
            "files": moved / gigabytes,
            "merge": rows * merge + rows * state / (network * 1e9),
            "merged state to all": rows * merged * nodes / gigabytes,
            "catalog": rows / CHUNK / COMMIT}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--terabytes", default="1,10,100")
    parser.add_argument("--nodes", default="10,100,1000")
    parser.add_argument("--cores", type=int, default=16)
    parser.add_argument("--network", type=float, default=1.25)
    parser.add_argument("--storage", type=float, default=100)
    options = parser.parse_args()
    print("| recipe | TB | nodes | compute | files | merge | merged state to all | catalog | sum | limit |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for recipe in RECIPES:
        for size in map(float, options.terabytes.split(",")):
            for nodes in map(int, options.nodes.split(",")):
                parts = work(size * 1e12, nodes, options.cores, options.network, options.storage, recipe)
                cells = " | ".join(map(clock, parts.values()))
                print(f"| {recipe} | {size:g} | {nodes} | {cells} | {clock(sum(parts.values()))} | "
                      f"{max(parts, key=parts.get)} |")


if __name__ == "__main__":
    main()
