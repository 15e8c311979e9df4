"""The README's lines for clients, run as they stand by Node against a demo."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from clients.projects import ROOT, SCHEMA
from npm import needs_npm, run

README = (ROOT / "README.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8000/graphql"

LIST = """query Page($after: String) {
  participants(filter: { isConfirmed: true }, first: 3, after: $after) {
    edges { node { id contact { id lastName } } }
    pageInfo { hasNextPage endCursor }
  }
  upstream { used }
}"""

pytestmark = needs_npm


@pytest.fixture
def folder(tmp_path: Path, tools: Path) -> Path:
    """Make a folder with the packages that the README names."""
    (tmp_path / "node_modules").symlink_to(tools)
    return tmp_path


def lines(package: str) -> str:
    """Return the README's lines that begin with what they take from a package."""
    [found] = re.findall(rf'```js\n(import [^\n]* from "{package}";\n.*?)```', README, re.DOTALL)
    return found


def tried(address: str, folder: Path, script: str) -> Any:
    """Return what a script prints, as JSON; a warning on the console would be none."""
    text = script.replace(ADDRESS, address)
    warned = "console.warn = console.error = (...told) => { throw new Error(told.join(' ')); };\n"
    (folder / "try.mjs").write_text(text + warned)
    return json.loads(run(folder, "node", "try.mjs"))


def test_apollo_client_joins_pages(address: str, folder: Path) -> None:
    """The second page comes to the first, in one list."""
    script = f"""{lines("@apollo/client")}
import {{ gql }} from "@apollo/client";
const query = gql`{LIST}`;
const first = await client.query({{ query }});
const after = first.data.participants.pageInfo.endCursor;
await client.query({{ query, variables: {{ after }}, fetchPolicy: "network-only" }}); // as `fetchMore` does
console.log(JSON.stringify(client.readQuery({{ query }}).participants.edges.map((edge) => edge.node.id)));
"""
    ids = tried(address, folder, script)
    assert len(set(ids)) == len(ids) == 6


def test_urql_joins_pages(address: str, folder: Path) -> None:
    """The second page comes to the first, in one list."""
    script = f"""{lines("@urql/core")}
import {{ gql }} from "@urql/core";
const query = gql`{LIST}`;
const first = await client.query(query, {{}});
const after = first.data.participants.pageInfo.endCursor;
const both = await client.query(query, {{ after }});
console.log(JSON.stringify(both.data.participants.edges.map((edge) => edge.node.id)));
"""
    ids = tried(address, folder, script)
    assert len(set(ids)) == len(ids) == 6


def test_relays_network_asks(address: str, folder: Path) -> None:
    """Its environment's network answers as Relay wants it; joining is Relay's own, by `@connection`."""
    script = f"""{lines("relay-runtime").replace("import {", "import relay from 'relay-runtime'; const {", 1)}
const text = `{LIST}`;
const answer = await environment.getNetwork().execute({{ text }}, {{}}, {{}}).toPromise();
console.log(JSON.stringify(answer.data.participants.edges.map((edge) => edge.node.id)));
""".replace('} from "relay-runtime";', "} = relay;")
    assert len(tried(address, folder, script)) == 3


def test_a_stitched_schema_asks_for_a_hundred_rows_at_a_time(address: str, folder: Path) -> None:
    """By `nodes`, as the README says: 150 rows of another service are two questions."""
    [merge] = re.findall(r"```js\n(const Participant = \{.*?)```", README, re.DOTALL)
    script = f"""{merge.replace("export ", "")}
import {{ readFileSync }} from "node:fs";
import {{ buildSchema, graphql }} from "graphql";
import {{ makeExecutableSchema }} from "@graphql-tools/schema";
import {{ stitchSchemas }} from "@graphql-tools/stitch";
import {{ buildHTTPExecutor }} from "@graphql-tools/executor-http";
const ask = buildHTTPExecutor({{ endpoint: "{ADDRESS}" }});
const asked = [];
const executor = (request) => {{ asked.push(request.variables); return ask(request); }};
const plandocket = {{ schema: buildSchema(readFileSync("{SCHEMA}", "utf8")), executor, merge }};
const ids = Array.from({{ length: 150 }}, (_, at) => ({{ id: btoa(`Participant:${{at + 1}}`) }}));
const stands = {{ schema: makeExecutableSchema({{
  typeDefs: "type Query {{ stands: [Participant!]! }} type Participant {{ id: ID! }}",
  resolvers: {{ Query: {{ stands: () => ids }} }},
}}) }};
const schema = stitchSchemas({{ subschemas: [plandocket, stands] }});
const {{ data, errors }} = await graphql({{ schema, source: "{{ stands {{ id isConfirmed }} }}" }});
if (errors) throw errors[0];
const known = data.stands.filter((stand) => typeof stand.isConfirmed === "boolean").length;
console.log(JSON.stringify([known, asked.length]));
"""
    assert tried(address, folder, script) == [150, 2]
