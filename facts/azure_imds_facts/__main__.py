# SPDX-License-Identifier: Apache-2.0
"""`python -m azure_imds_facts` is `azure-imds-facts`."""

import sys

from azure_imds_facts.cli import main

sys.exit(main())
