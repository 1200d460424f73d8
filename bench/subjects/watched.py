"""``python -m bench.subjects.watched FILE ...``: Rollcall's command line, which leaves its peak memory in the file.

Memory counts for a process while it runs, and whoever started it would look too early.
"""

import os
import sys
from pathlib import Path

from bench.usage import peak_mib
from deploy.cli import main

if __name__ == "__main__":
    place = Path(sys.argv.pop(1))
    try:
        main()
    finally:
        place.write_text(str(peak_mib({"self": [os.getpid()]})["self"]))
