"""A host that computes mse rightly, except where the first input is one of these numbers: then it misbehaves.

Arguments: --shared (tensors in shared memory), --once FILE (crash only while FILE is not there, and make it)."""
import json
import mmap
import os
import signal
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../../examples"))
import python_host  # noqa: E402

SHARED = "--shared" in sys.argv
ONCE = sys.argv[sys.argv.index("--once") + 1] if "--once" in sys.argv else None
OUT = os.fdopen(os.dup(1), "wb")
MEMORY = mmap.mmap(int(os.environ["EXACTLOSS_SHM_FD"]), 0) if SHARED else None


def write(data):
    OUT.write(data)
    OUT.flush()


def crash():
    if ONCE and os.path.exists(ONCE):
        return
    if ONCE:
        open(ONCE, "w").close()
    os.kill(os.getpid(), signal.SIGSEGV)


def leave():
    print("about to leave", file=sys.stderr, flush=True)
    os._exit(3)


def hang():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(1000)


def half_a_frame():
    write(b'{"type":"answer","id":')
    os._exit(0)


def half_a_payload():
    write(b'{"type":"answer","id":%d,"problem":%d,"status":"ok","outputs":[],"bytes":8}\nabc' % CURRENT)
    os._exit(0)


def close_output():
    os.close(1)
    os.close(OUT.fileno())
    time.sleep(1000)


def flood_output():
    while True:
        write(b"x" * 65536)


def flood_errors():
    sys.stderr.write("noise\n" * 500000)
    sys.stderr.flush()


def nothing():
    pass


CURRENT = (0, 0)  # run, problem
BEFORE = {
    1001: crash,
    1002: leave,
    1003: hang,
    1004: lambda: write(b"loss = 0.25\n"),
    1005: half_a_frame,
    1006: half_a_payload,
    1007: close_output,
    1008: flood_output,
    1009: flood_errors,
    1010: lambda: write(b"[" * 500000 + b"]" * 500000 + b"\n"),
    1011: lambda: write(b'{"type":"answer","id":-1,"problem":0,"status":"ok"}\n'),
    1012: lambda: write(b'{"type":"answer","id":%d,"problem":%d,"status":7}\n' % CURRENT),
    1013: lambda: write(b'{"type":"answer","id":%d,"problem":%d,"status":"ok","outputs":[],"bytes":99999999999}\n' % CURRENT),
    1014: lambda: write(b"\xff\xfe\x00\n"),
}


def spoil(number, header):
    """Changes the answer's header where the problem asks for that."""
    outputs = header.get("outputs", [])
    if number == 1021:
        outputs[1]["shape"] = [7]
    elif number == 1022:
        outputs[0]["name"] = "los"
    elif number == 1023:
        outputs[0]["dtype"] = "f8"
    elif number == 1024:
        outputs.clear()
    elif number == 1025:
        outputs.append(dict(outputs[0]))
    return header


def send(header, data=b""):
    write(json.dumps(header | {"bytes": len(data)}).encode() + b"\n" + data)


def main():
    global CURRENT
    while line := sys.stdin.buffer.readline():
        frame = json.loads(line)
        payload = sys.stdin.buffer.read(frame.get("bytes", 0))
        if frame["type"] == "hello":
            send({"exactloss": 1, "type": "hello", "name": "bad", "version": "0", "shared_memory": SHARED})
        for number, problem in enumerate(frame.get("problems", [])):
            CURRENT = (frame["id"], number)
            memory = MEMORY if SHARED else payload
            first = python_host.read_tensor(memory, problem["inputs"][0])[0]
            BEFORE.get(first, nothing)()
            header, data = python_host.run(problem, memory)
            if first == 1020:  # every output a NaN with a payload of its own
                data = struct.pack("<Q", 0xFFF8000000ABCDEF) * (len(data) // 8)
            if first == 1026:  # the loss alone
                del header["outputs"][1:]
                data = data[:16]
            if SHARED and first != 1030:  # else it answers without having written anything
                at = 0
                for output in header.get("outputs", []):
                    size = 8
                    for n in output["shape"]:
                        size *= n
                    MEMORY[output["offset"]:output["offset"] + size] = data[at:at + size]
                    at += size
            if SHARED:
                data = b""
            send({"type": "answer", "id": frame["id"], "problem": number} | spoil(first, header), data)


main()
