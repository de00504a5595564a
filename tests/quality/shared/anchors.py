"""Other tools on the same sets, where they are installed; each says so when it is not."""
import collections
import itertools
import logging
import os
import warnings

MISSING = "not installed"
warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)


def f1(found, truth):
    return 2 * len(found & truth) / max(1, len(found) + len(truth))


# ---- splink: default comparisons for names and text, clusters at probability 0.5 ----

def splink_model(frames, columns, kind):
    """Trained as its own tutorial does it: u from random pairs, m by EM over two blockings."""
    import splink.comparison_library as library
    from splink import Linker, SettingsCreator, block_on
    from splink.backends.duckdb import DuckDBAPI
    api = DuckDBAPI()
    settings = SettingsCreator(
        link_type=kind,
        comparisons=[library.JaroWinklerAtThresholds(column, [0.92, 0.8]) for column in columns],
        blocking_rules_to_generate_predictions=[block_on(column) for column in columns],
        probability_two_random_records_match=1 / max(len(frame) for frame in frames))
    linker = Linker([api.register(frame) for frame in frames], settings)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
    for column in columns[:2]:
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(column))
    return linker


def splink_pairs(tables, columns, kind):
    """Pairs of positions over all tables."""
    import pandas
    frames, first = [], 0
    for table in tables:
        frame = pandas.DataFrame(table[1:], columns=[cell.strip() for cell in table[0]])
        frame = frame[columns].apply(lambda column: column.str.lower().str.strip())
        frame = frame.replace("", None)
        frame["unique_id"] = range(first, first + len(frame))
        first += len(frame)
        frames.append(frame)
    linker = splink_model(frames, columns, kind)
    predicted = linker.inference.predict(threshold_match_probability=0.5)
    if kind == "link_only":
        found = predicted.as_pandas_dataframe()
        return {tuple(sorted(pair)) for pair in zip(found["unique_id_l"], found["unique_id_r"])}
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        predicted, threshold_match_probability=0.5).as_pandas_dataframe()
    groups = collections.defaultdict(list)
    for cluster, row in zip(clusters["cluster_id"], clusters["unique_id"]):
        groups[cluster].append(row)
    return {pair for group in groups.values() for pair in itertools.combinations(sorted(group), 2)}


def splink(tables, columns, truth, kind):
    try:
        import splink as _
    except ImportError:
        return MISSING
    try:
        return f"{f1(splink_pairs(tables, columns, kind), truth):.4f}"
    except Exception as error:  # another version, another interface
        return "failed: " + type(error).__name__


def splink_link(tables, columns, truth):
    return splink(tables, columns, truth, "link_only")


def splink_dedupe(table, columns, truth):
    return splink([table], columns, truth, "dedupe_only")


# ---- datasketch: 128 permutations, its own choice of bands for the threshold ----

def datasketch_recall(sets, truth, threshold):
    try:
        from datasketch import MinHash, MinHashLSH
    except ImportError:
        return MISSING
    index = MinHashLSH(threshold=threshold, num_perm=128)
    sketches = MinHash.bulk([[shingle.encode() for shingle in one] for one in sets], num_perm=128)
    found = set()
    for position, sketch in enumerate(sketches):
        found.update((other, position) for other in index.query(sketch))
        index.insert(position, sketch)
    return f"{len(found & truth) / len(truth):.4f}"


# ---- pictures: the distance at which each finds most without a wrong one ----

def best_recall(distances, truth):
    """The largest recall at precision 1, over all distances."""
    wrong = min((distance for pair, distance in distances.items() if pair not in truth),
                default=1 << 30)
    return sum(distances[pair] < wrong for pair in truth if pair in distances) / len(truth)


def hash_distances(names, hash_of):
    hashes = {name: hash_of(name) for name in names}
    return {(a, b): hashes[a] - hashes[b] for a, b in itertools.combinations(sorted(names), 2)}


def pictures(folder, names, truth):
    """One line an anchor."""
    lines = []
    try:
        import imagehash
        from PIL import Image
        for kind in ("phash", "dhash"):
            distances = hash_distances(names, lambda name: getattr(imagehash, kind)(
                Image.open(os.path.join(folder, name))))
            lines.append(f"ImageHash {kind} {best_recall(distances, truth):.3f} at 1.00")
    except ImportError:
        lines.append("ImageHash " + MISSING)
    try:
        from imagededup.methods import PHash
        method = PHash(verbose=False)
        codes = {name: int(method.encode_image(os.path.join(folder, name)), 16) for name in names}
        distances = {(a, b): (codes[a] ^ codes[b]).bit_count()
                     for a, b in itertools.combinations(sorted(names), 2)}
        lines.append(f"imagededup PHash {best_recall(distances, truth):.3f} at 1.00")
    except ImportError:
        lines.append("imagededup " + MISSING)
    return lines
