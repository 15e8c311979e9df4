"""Resident memory over a million distinct reads, at the default bound of kept rows.

.venv/bin/python tests/benchmarks/memory.py [READS]
"""

import asyncio
import json
import sys
import time
from pathlib import Path

import httpx
from pydantic import SecretStr

from gateway.contacts.record import CONTACTS
from gateway.mirror.answers.reading import Mirror
from gateway.resources import RECORDS
from gateway.settings.settings import Settings
from gateway.upstream.call import one
from gateway.upstream.client import Upstream
from gateway.upstream.way.credential import Credential

READS = 1_000_000
SAMPLES = 20


class Contacts(httpx.AsyncBaseTransport):
    """Answers any contact, as large as contacts are."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the row of the path's id."""
        row_id = int(request.url.path.rpartition("/")[2])
        row = {
            "id": row_id,
            "customer_number": f"C-{row_id}",
            "company_name": f"Company number {row_id} GmbH",
            "first_name": f"Ada {row_id}",
            "last_name": f"Lovelace {row_id}",
            "email": f"contact{row_id}@example.org",
            "phone": f"+49 30 {row_id}",
            "mobile": f"+49 170 {row_id}",
            "fax": None,
            "website": f"https://contact{row_id}.example.org",
            "address": f"Street {row_id}",
            "postal_code": f"{row_id % 99_999:05}",
            "city": f"City {row_id % 500}",
            "country": "DE",
            "state": None,
            "notes": f"Met at fair {row_id}. " * 5,
            "tax_id": f"DE{row_id:09}",
            "rating": row_id % 5 + 1,
            "account_access_enabled": True,
            "has_account": False,
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-02T00:00:00Z",
        }
        return httpx.Response(200, content=json.dumps({"data": row}).encode())


def resident_mb() -> float:
    """Return this process's resident memory in megabytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


async def main(reads: int) -> None:
    """Read every contact once, and print the memory along the way."""
    settings = Settings.model_validate({"base_url": "http://x.invalid", "requests_per_hour": "unlimited"})
    key = Credential(SecretStr("key"), is_held=True)
    began = time.monotonic()
    print(f"{'reads':>10} {'MB':>7}\n{0:>10} {resident_mb():>7.0f}")  # noqa: T201
    async with Mirror(Upstream(settings, Contacts()), settings, settings, RECORDS) as mirror:
        for row_id in range(1, reads + 1):
            await mirror.get(one(CONTACTS, row_id), mirror.session(key))
            if row_id % (reads // SAMPLES) == 0:
                print(f"{row_id:>10} {resident_mb():>7.0f}", flush=True)  # noqa: T201
    print(f"{time.monotonic() - began:.0f} s")  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else READS))
