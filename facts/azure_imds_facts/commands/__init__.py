# SPDX-License-Identifier: Apache-2.0
"""One module a command, each with `add_arguments(parser)` and `run(arguments) -> exit code`."""
