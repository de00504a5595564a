"""JPEG pictures to tensors a network takes: decode, resize by area, (x / 255 - mean) / std, float32 CHW."""

import glob
import os
import sys

TITLE = "{size} JPEG pictures of 500 x 375 to float32 tensors of 3 x 224 x 224, by area, with mean and std"
SIZE, UNIT = 2000, "pictures"
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SIDE = 224


def prepare(bench):
    """Noise on gradients, quality 90, as a folder and as the rows ingestion makes of it."""
    folder = bench.path(f"tensors-{bench.size}")
    if os.path.exists(folder):
        return folder
    import random
    import subprocess

    from PIL import Image
    os.makedirs(folder + ".part", exist_ok=True)
    random.seed(7)
    for i in range(bench.size):
        small = Image.frombytes("RGB", (50, 38), random.randbytes(50 * 38 * 3))
        small.resize((500, 375), Image.BICUBIC).save(os.path.join(folder + ".part", f"{i:06d}.jpg"), quality=90)
    subprocess.run([bench.program("ingest/tamis-ingest"), "--no-store", "-q", "--compression", "none",
                    folder + ".part", "-o", folder + ".arrow"], check=True)
    os.rename(folder + ".part", folder)
    return folder


def contestants(bench, data):
    from compare import Contestant
    words = (f"normalize pictures=image size={SIDE},{SIDE} fit=stretch keep_pictures=false "
             f"mean={','.join(map(str, MEAN))} std={','.join(map(str, STD))}")
    found = [Contestant("tamis-clean", [bench.program("clean/tamis-clean"), "--no-store", "-q", "--device", "cpu",
                                        "--threads", str(bench.threads), "--compression", "none", data + ".arrow",
                                        "-m", words, "-o", "{out}"], facts, ".arrow"),
             Contestant("limit: libjpeg-turbo decodes", [bench.program("tests/bench/decode"), data,
                                                         str(bench.threads)])]
    for peer, module in (("OpenCV", "cv2"), ("Pillow", "PIL"), ("pyvips", "pyvips")):
        if works(module):
            found.append(Contestant(peer, [bench.python, os.path.abspath(__file__), module, data, "{out}",
                                           str(bench.threads)], facts, ".npy"))
    return found


def works(module):
    """pyvips needs Debian's libvips42 as well."""
    import importlib
    try:
        importlib.import_module(module)
    except (ImportError, OSError):
        return False
    return True


def facts(path, _):
    """Rows, and the means to a hundredth of white: resizers round differently."""
    import numpy as np
    if path.endswith(".npy"):
        tensors = np.load(path, mmap_mode="r")
    else:
        import pyarrow as pa
        columns = pa.ipc.open_file(pa.memory_map(path)).read_all()["tensor"].chunks
        tensors = np.concatenate([c.storage.flatten().to_numpy() for c in columns]).reshape(-1, 3, SIDE, SIDE)
    means = tensors[::37].mean(axis=(0, 2, 3), dtype=np.float64) * STD + MEAN
    return {"rows": len(tensors), **{f"mean {i}": (float(m), 0.01) for i, m in enumerate(means)}}


def in_threads(one, data, out, threads):
    """Each tensor is written where it belongs; the calls release the interpreter lock."""
    from concurrent.futures import ThreadPoolExecutor

    import numpy as np
    paths = sorted(glob.glob(os.path.join(data, "*.jpg")))
    tensors = np.lib.format.open_memmap(out, "w+", np.float32, (len(paths), 3, SIDE, SIDE))

    def work(i):
        tensors[i] = one(paths[i])
    with ThreadPoolExecutor(int(threads)) as pool:
        list(pool.map(work, range(len(paths))))
    tensors.flush()


def by_cv2(data, out, threads):
    import cv2
    import numpy as np
    cv2.setNumThreads(1)
    mean = tuple(255 * m for m in MEAN)
    std = np.array(STD, np.float32)[:, None, None] * 255

    def one(path):
        picture = cv2.resize(cv2.imread(path, cv2.IMREAD_COLOR), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        tensor = cv2.dnn.blobFromImage(picture, 1.0, (SIDE, SIDE), mean, swapRB=True)[0]
        tensor /= std
        return tensor
    in_threads(one, data, out, threads)


def by_numpy(one_hwc, data, out, threads):
    import numpy as np
    scale = 1 / (255 * np.array(STD, np.float32))[:, None, None]
    offset = (np.array(MEAN, np.float32) / np.array(STD, np.float32))[:, None, None]

    def one(path):
        tensor = one_hwc(path).transpose(2, 0, 1).astype(np.float32)
        tensor *= scale
        tensor -= offset
        return tensor
    in_threads(one, data, out, threads)


def by_PIL(data, out, threads):
    import numpy as np
    from PIL import Image
    by_numpy(lambda path: np.asarray(Image.open(path).convert("RGB").resize((SIDE, SIDE), Image.BOX)), data, out,
             threads)


def by_pyvips(data, out, threads):
    import pyvips
    by_numpy(lambda path: pyvips.Image.thumbnail(path, SIDE, height=SIDE, size="force").numpy(), data, out, threads)


if __name__ == "__main__":
    globals()["by_" + sys.argv[1]](*sys.argv[2:])
