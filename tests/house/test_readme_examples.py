"""The README's operations, run as they stand, answer what the README says."""

import json
import re
from pathlib import Path

from asking import Gateway

from gateway.sandbox import Sandbox

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```graphql\n(.*?)```\n+```json\n(.*?)```", README, re.DOTALL)


async def test_the_examples_answer_what_they_say(gateway: Gateway) -> None:
    """One after the other at one demo."""
    ask = gateway(Sandbox(now=lambda: 1_795_000_000.0), mirror="on")
    assert len(EXAMPLES) == 7
    for query, expected in EXAMPLES:
        assert await ask.answer(query) == json.loads(expected)


async def test_the_example_that_creates_is_a_conflict_the_second_time(gateway: Gateway) -> None:
    """As the README says below it."""
    ask = gateway(Sandbox(now=lambda: 1_795_000_000.0))
    [mutation] = [query for query, _ in EXAMPLES if "createParticipant" in query]
    await ask(mutation)
    [told] = (await ask(mutation))["createParticipant"]["userErrors"]
    assert told["code"] == "CONFLICT"
