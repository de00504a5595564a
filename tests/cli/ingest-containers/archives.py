"""Makes archives no packer would: archives.py KIND FILE."""
import io, struct, sys, tarfile, zipfile, zlib

def member(tar, name, data=b"a,b\n1,x\n", kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    info.size = len(data) if kind == tarfile.REGTYPE else 0
    tar.addfile(info, io.BytesIO(data))

def hostile_tar(file):
    """Every kind of member that is refused, and two that are not."""
    with tarfile.open(file, "w", format=tarfile.GNU_FORMAT, errors="surrogateescape") as tar:
        member(tar, "good.csv")
        member(tar, "good.csv", b"a,b\n2,second\n")
        member(tar, "../up.csv")
        member(tar, "/etc/absolute.csv")
        member(tar, "in\\..\\..\\windows.csv")
        member(tar, "C:\\drive.csv")
        member(tar, "link.csv", kind=tarfile.SYMTYPE, link="/etc/passwd")
        member(tar, "hard.csv", kind=tarfile.LNKTYPE, link="good.csv")
        member(tar, "pipe.csv", kind=tarfile.FIFOTYPE)
        member(tar, "device.csv", kind=tarfile.CHRTYPE)
        member(tar, "latin-\udce9.csv")
        member(tar, "red-\x1b[31m\u202e.csv", b"a,b\n3,escape\n")
        member(tar, "folder", kind=tarfile.DIRTYPE)
        member(tar, "._good.csv", b"\0\5\x16\7")

def hostile_pictures(file, picture):
    data = open(picture, "rb").read()
    with tarfile.open(file, "w", format=tarfile.PAX_FORMAT) as tar:
        member(tar, "a" * 150 + "/\u00e9t\u00e9.png", data)
        member(tar, "../up.png", data)
        member(tar, "link.png", kind=tarfile.SYMTYPE, link="/etc/passwd")
        member(tar, "b.png", data)
        member(tar, "b.png", data)
        member(tar, "empty.png", b"")
        member(tar, "notes.txt", b"text")
        member(tar, "._b.png", b"\0\5\x16\7")

def local(name, method, crc, packed, plain, flags=0):
    return struct.pack("<4s5H3I2H", b"PK\3\4", 20, flags, method, 0, 33, crc, packed, plain,
                       len(name), 0) + name

def central(name, method, crc, packed, plain, offset, flags=0):
    return struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, flags, method, 0, 33, crc, packed, plain,
                       len(name), 0, 0, 0, 0, 0, offset) + name

def end(count, size, offset):
    return struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, size, offset, 0)

def overlap_zip(file, members=2000, plain=4 << 20):
    """Many directory entries that share one body."""
    body = b"a,b\n" + b"1,x\n" * (plain // 4 - 1)
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = deflate.compress(body) + deflate.flush()
    crc = zlib.crc32(body)
    data = local(b"m0.csv", 8, crc, len(packed), len(body)) + packed
    entries = b"".join(central(b"m%d.csv" % i, 8, crc, len(packed), len(body), 0)
                       for i in range(members))
    with open(file, "wb") as out:
        out.write(data + entries + end(members & 0xffff, len(entries), len(data)))

def quoted_zip(file, members=60, plain=4 << 20):
    """Each member's body quotes the header of the next one in a stored block and goes on with its
    body (after David Fifield, "A better zip bomb", 2019)."""
    body = b"a,b\n" + b"1,x\n" * (plain // 4 - 1)
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = deflate.compress(body) + deflate.flush()
    data, plain_data, entries, offsets = b"", body, [], []
    tail = packed
    for i in reversed(range(members)):
        name = b"m%03d.csv" % i
        crc = zlib.crc32(plain_data)
        header = local(name, 8, crc, len(tail), len(plain_data))
        entries.append((name, crc, len(tail), len(plain_data), len(header) + len(tail)))
        block = b"\0" + struct.pack("<2H", len(header), len(header) ^ 0xffff) + header
        data, plain_data = header + tail, header + plain_data
        tail = block + tail
    total = len(data)
    directory = b"".join(central(n, 8, c, p, q, total - back) for n, c, p, q, back in reversed(entries))
    with open(file, "wb") as out:
        out.write(data + directory + end(members, len(directory), total))

def encrypted_zip(file):
    body = b"a,b\n1,x\n"
    one = local(b"good.csv", 0, zlib.crc32(body), len(body), len(body)) + body
    two = local(b"secret.csv", 0, 1, 20, 8, flags=1) + b"x" * 20
    entries = central(b"good.csv", 0, zlib.crc32(body), len(body), len(body), 0)
    entries += central(b"secret.csv", 0, 1, 20, 8, len(one), flags=1)
    with open(file, "wb") as out:
        out.write(one + two + entries + end(2, len(entries), len(one + two)))

def plain_zip(file, *members):
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        for name in members:
            out.write(name)

def peak(limit, *command):
    """Runs a command and says when it had more than `limit` MiB in memory."""
    import resource, subprocess
    code = subprocess.call(command)
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    if most > int(limit):
        print(f"{most} MiB in memory")
    sys.exit(code)

if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
