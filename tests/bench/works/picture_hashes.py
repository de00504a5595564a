"""Perceptual hashes of pictures and all pairs that are alike: one of each cluster stays (W7)."""

import glob
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

TITLE = "{size} JPEG pictures of 500 x 375, a tenth of them others written again: one of those that look alike stays"
SIZE, UNIT = 2000, "pictures"


def prepare(bench):
    folder = bench.path(f"hashes-{bench.size}")
    if os.path.exists(folder):
        return folder
    import random

    from PIL import Image
    os.makedirs(folder + ".part", exist_ok=True)
    random.seed(9)
    kept = []
    for i in range(bench.size):
        if i % 10 == 9:
            picture, quality = kept[random.randrange(len(kept))], 60
        else:
            picture, quality = Image.frombytes("RGB", (25, 19), random.randbytes(25 * 19 * 3)), 90
            kept.append(picture)
        picture.resize((500, 375), Image.BICUBIC).save(os.path.join(folder + ".part", f"{i:06d}.jpg"), quality=quality)
    subprocess.run([bench.program("ingest/tamis-ingest"), "--no-store", "-q", "--compression", "none", folder + ".part",
                    "-o", folder + ".arrow"], check=True)
    os.rename(folder + ".part", folder)
    return folder


def contestants(bench, folder):
    from compare import Contestant

    def facts(path, _):
        import pyarrow as pa
        reader = pa.ipc.open_file(pa.memory_map(path))
        return {"kept": sum(reader.get_batch(i).num_rows for i in range(reader.num_record_batches))}

    def counted(_, printed):
        return {"kept": int(printed)}

    clean = [bench.program("clean/tamis-clean"), "--no-store", "-q", "--threads", str(bench.threads), "--compression",
             "none", folder + ".arrow", "-m", "deduplicate method=perceptual align=false mirror=false", "-o", "{out}"]
    found = [Contestant("tamis-clean", clean, facts, ".arrow"),
             Contestant("limit: libjpeg-turbo decodes", [bench.program("tests/bench/decode"), folder, str(bench.threads)])]
    for peer, module in (("OpenCV", "cv2"), ("Pillow", "PIL"), ("ImageHash", "imagehash")):
        if bench.has(module):
            found.append(Contestant(peer, [bench.python, os.path.abspath(__file__), module, folder, str(bench.threads)],
                                    counted))
    return found


def count_kept(hashes):
    """All pairs at a Hamming distance of at most 10: a picture goes when one before it is alike."""
    import numpy as np
    hashes, kept = np.asarray(hashes, np.uint64), []
    bits = np.array([bin(i).count("1") for i in range(65536)], np.uint8)
    for one in hashes:
        x = np.array(kept, np.uint64) ^ one
        apart = sum(bits[(x >> np.uint64(s)) & np.uint64(65535)].astype(int) for s in (0, 16, 32, 48))
        if not kept or apart.min() > 10:
            kept.append(one)
    print(len(kept))


def in_threads(one, folder, threads):
    from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor(int(threads)) as pool:
        count_kept(list(pool.map(one, sorted(glob.glob(os.path.join(folder, "*.jpg"))))))


def bits_of(low):
    import numpy as np
    return int.from_bytes(np.packbits((low > np.median(low)).ravel()).tobytes(), "big")


def by_cv2(folder, threads):
    """Gray at an eighth of the size, which libjpeg decodes directly, then 32 x 32 and the low cosines."""
    import cv2
    import numpy as np
    cv2.setNumThreads(1)

    def one(path):
        gray = cv2.imread(path, cv2.IMREAD_REDUCED_GRAYSCALE_4)
        small = cv2.resize(gray, (32, 32), interpolation=cv2.INTER_AREA)
        return bits_of(cv2.dct(small.astype(np.float32))[:8, :8])
    in_threads(one, folder, threads)


def by_PIL(folder, threads):
    import numpy as np
    from PIL import Image
    k = np.arange(32)
    basis = np.cos(np.pi * (2 * k[None, :] + 1) * np.arange(8)[:, None] / 64)

    def one(path):
        picture = Image.open(path)
        picture.draft("L", (125, 94))
        small = np.asarray(picture.convert("L").resize((32, 32), Image.BOX), np.float32)
        return bits_of(basis @ small @ basis.T)
    in_threads(one, folder, threads)


def by_imagehash(folder, threads):
    import imagehash
    from PIL import Image
    in_threads(lambda path: int(str(imagehash.phash(Image.open(path))), 16), folder, threads)


if __name__ == "__main__":
    globals()["by_" + sys.argv[1]](*sys.argv[2:])
