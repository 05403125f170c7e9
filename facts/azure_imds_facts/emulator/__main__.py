# SPDX-License-Identifier: Apache-2.0
"""Run the command `emulate` by itself: `python -m azure_imds_facts.emulator`."""

from __future__ import annotations

import argparse
import sys

from .command import add_arguments, run

if __name__ == "__main__":
    _parser = argparse.ArgumentParser(
        prog="python -m azure_imds_facts.emulator", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_arguments(_parser)
    sys.exit(run(_parser.parse_args()))
