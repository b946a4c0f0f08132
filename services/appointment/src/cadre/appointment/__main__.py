"""``python -m cadre.appointment``: the service as a process, configured by CADRE_* variables."""

from cadre.appointment.app import SERVICE
from cadre.shared.serving.process import run

if __name__ == "__main__":
    run(SERVICE)
