"""``python -m cadre.cli.installation.background DIR CLAIMS``: the supervisor of a system.

`cadre up` starts it and hands it the claims on the directory, as numbers of open descriptors.

The services' imports, in the process that will fork them, are the longest part of a start. So they
begin before anything else, and the supervisor's own go on beside them.
"""

import sys

from cadre.cli.installation.children import import_services

if __name__ == "__main__":
    import_services()
    from cadre.cli.installation.supervisor import supervise

    sys.exit(supervise(sys.argv[1], sys.argv[2]))
