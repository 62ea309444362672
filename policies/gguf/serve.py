"""The process that serves a GGUF model: llama.cpp's own server, on a port of the loopback.

`python -m outlay.policies.gguf.serve JSON` prints the address as one line of JSON once the model is
loaded, and ends when its standard input does: with the process that started it, however that ends.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading


def main(told: str) -> None:
    """Serves what `server.ModelServer` asks for."""
    import xllamacpp

    threading.Thread(target=_end_with_input, daemon=True).start()
    wanted = json.loads(told)
    params = xllamacpp.CommonParams()
    params.model.path = wanted["file"]
    adapters = []
    for path in wanted["adapters"]:
        adapter = xllamacpp.CommonAdapterLoraInfo()
        adapter.path, adapter.scale = path, 1.0
        adapters.append(adapter)
    params.lora_adapters = adapters
    params.n_parallel = wanted["slots"]
    params.n_ctx = wanted["context"] * wanted["slots"]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = wanted["threads"]
    params.hostnames, params.port = ["127.0.0.1"], _free_port()
    params.use_jinja, params.offline, params.ui, params.fit_params = True, True, False, False
    server = xllamacpp.Server(params)
    print(json.dumps({"url": f"{server.listening_address}/v1"}), flush=True)
    threading.Event().wait()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _end_with_input() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
