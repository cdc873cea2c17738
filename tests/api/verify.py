"""Verifies a webhook with the published verifier: python verify.py SECRET < {"headers": …, "body": …}. Prints its type."""

import json
import sys

from standardwebhooks.webhooks import Webhook

message = json.load(sys.stdin)
print(Webhook(sys.argv[1]).verify(message["body"], message["headers"])["type"])
