"""``python serve.py MODULE PORT``: the module's ``app`` under uvicorn, options as services have."""

import sys

import uvicorn

if __name__ == "__main__":
    uvicorn.run(
        f"{sys.argv[1]}:app",
        factory=True,
        host="127.0.0.1",
        port=int(sys.argv[2]),
        log_level="warning",
        access_log=False,
        app_dir=sys.path[0],
    )
