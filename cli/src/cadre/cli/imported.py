"""What the process that forks services imports: all that they need, once.

What is imported stays. Looking for garbage among it meanwhile would find nothing and take a tenth
of the start; looking later, each service would copy what all of them share.
"""

import gc
import os
from importlib import import_module

from cadre.cli.children import dying_with
from cadre.contracts.vocabulary import SERVICES

dying_with(os.getppid())()
gc.disable()
import_module("cadre.shared.process")
for name in SERVICES:
    import_module(f"cadre.{name}.app")
gc.freeze()
gc.enable()
