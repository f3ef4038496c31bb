"""Runs every check of foreign clients against the real binary and compares what passed with ledger.txt.

CHATELAINE_LEDGER=write takes what passed as the new ledger (read the diff). An argument runs only the checks with it in their name.
"""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "native"))
LEDGER = HERE / "ledger.txt"

import stack  # noqa: E402

AREAS = ["wire", "accounts", "sessions", "messages", "files", "keys", "manage", "pages", "aegis", "certificates"]


def native(wanted):
    for area in AREAS:
        __import__(area)
    return stack.run(["h2c", "tls"], wanted)


def browser(wanted):
    """The checks of a page, in Chromium; see web/run.mjs."""
    from keyring import KEY

    page, stubs = stack.MADE / "page", stack.make_web_stubs(HERE / "node_modules/.bin/protoc-gen-ts")
    page.mkdir(parents=True, exist_ok=True)
    (page / "index.html").write_text('<!doctype html><meta charset="utf-8"><title>A page</title><script src="/page.js"></script>\n')
    node({"build": True, "page": str(page), "stubs": str(stubs)})
    limit = {"rate_limit.enabled": "true", "ourchat.rate_limit.num_of_burst_requests": "3", "ourchat.rate_limit.replenish_duration": "60s"}
    with stack.Server(**{"web.root": page}) as server, stack.Server(**limit) as limited, stack.Server(**{"ourchat.maintaining": "true"}) as shut:
        chief = {"handle": "chief", "display_name": "Chief", "email": "chief@example.org", "password": stack.PASSWORD}
        server.web("POST", "/setup", {"token": server.setup_token(), **chief})
        told = node(
            {
                "page": str(page),
                "plain": f"http://{server.address}",
                "secure": f"https://{server.address}",
                "limited": f"http://{limited.address}",
                "shut": f"http://{shut.address}",
                "key": KEY.pkcs1.hex(),
                "wanted": wanted,
            }
        )
    failures = [one for one in told if "error" in one]
    for one in failures:
        print(f"FAILED {one['name']}\n{one['error']}\n", flush=True)
    return [one["name"] for one in told if "error" not in one], len(failures)


def node(job):
    done = subprocess.run(["node", str(HERE / "web/run.mjs")], input=json.dumps(job), stdout=subprocess.PIPE, text=True, timeout=300)
    if done.returncode != 0:
        raise RuntimeError("the browser half broke off")
    return json.loads(done.stdout) if done.stdout else None


def compare(passed):
    """What the ledger has and did not pass, and what passed and is not in it."""
    lines = LEDGER.read_text().splitlines() if LEDGER.exists() else []
    words = [line for line in lines if line.startswith("#")]
    if os.environ.get("CHATELAINE_LEDGER") == "write":
        LEDGER.write_text("\n".join([*words, *sorted(passed)]) + "\n")
        return True
    known = {line for line in lines if line and not line.startswith("#")}
    for name in sorted(known - set(passed)):
        print(f"in the ledger, did not pass: {name}")
    for name in sorted(set(passed) - known):
        print(f"passed, not in the ledger: {name}")
    return known == set(passed)


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    begun = time.monotonic()
    stack.make_stubs()
    # Two programs of their own, each with its servers: they do not wait for one another.
    with concurrent.futures.ThreadPoolExecutor() as pool:
        halves = [pool.submit(native, wanted), pool.submit(browser, wanted)]
    (passed, failed), (more, worse) = (half.result() for half in halves)
    passed, failed = passed + more, failed + worse
    print(f"{len(passed)} checks passed, {failed} failed in {time.monotonic() - begun:.0f} s")
    if wanted:
        return failed == 0
    return compare(passed) and failed == 0


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
