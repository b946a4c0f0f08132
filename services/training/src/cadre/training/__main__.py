"""``python -m cadre.training``: the service as a process, configured by CADRE_* variables."""

from cadre.shared.serving.process import run
from cadre.training.app import SERVICE

if __name__ == "__main__":
    run(SERVICE)
