// The list: search, tabs with their counts, order by column, bulk confirm, the same list as a file.
import { useMutation, useQuery, useReactiveVar } from "@apollo/client/react";
import { useEffect, useRef, useState } from "react";
import { download, readAt } from "./client";
import { NewParticipant } from "./NewParticipant";
import { Confirm, Counts, messages, type List, type Participant, Participants, person } from "./operations";
import { useSettled } from "./settled";

const TABS = { All: null, Confirmed: true, Open: false } as const;
const COLUMNS = [
  ["CONTACT_COMPANY_NAME", "Company"],
  ["CONTACT_LAST_NAME", "Name"],
  ["CONTACT_CITY", "City"],
  ["EVENT_DATE_FROM", "Event"],
  ["CATEGORY_TITLE", "Category"],
  ["IS_CONFIRMED", "Status"],
] as const;
const MOST_AT_ONCE = 100; // rows of one mutation
const FILE = "contact.customerNumber,contact.companyName,contact.firstName,contact.lastName,contact.email,contact.city,"
  + "event.title,category.title,isConfirmed";

type Tab = keyof typeof TABS;
type Order = { field: (typeof COLUMNS)[number][0]; direction: "ASC" | "DESC" };

export function Screen() {
  const [text, setText] = useState("");
  const [tab, setTab] = useState<Tab>("All");
  const [order, setOrder] = useState<Order>({ field: "CONTACT_COMPANY_NAME", direction: "ASC" });
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [status, setStatus] = useState("");
  const dialog = useRef<HTMLDialogElement>(null);

  const search = useSettled(text.trim()) || null;
  const list: List = { filter: { search, isConfirmed: TABS[tab] }, orderBy: [order] };
  // Each list is read anew when it is opened; while it comes, the one before stays.
  const asked = useQuery(Participants, { variables: list, fetchPolicy: "network-only", nextFetchPolicy: "cache-first" });
  const found = (asked.data ?? asked.previousData)?.participants;
  const counted = useQuery(Counts, { variables: { filter: { search } }, fetchPolicy: "cache-and-network" });
  const counts = (counted.data ?? counted.previousData)?.participants?.facets.confirmed ?? [];
  const [send] = useMutation(Confirm, { refetchQueries: [Counts] });

  // A row that was confirmed leaves the tab of the others at once.
  const belongs = (row: Participant) => !asked.data || TABS[tab] === null || row.isConfirmed === TABS[tab];
  const rows = (found?.edges ?? []).map(({ node }) => node).filter(belongs);
  const chosen = rows.filter(({ id }) => selected.has(id)).map(({ id }) => id);

  /** Does something, and shows why it failed where it does. */
  const attempt = async (work: () => Promise<unknown>) => {
    setStatus("");
    await work().catch((error: Error) => setStatus(error.message));
  };

  /** Writes what is shown at once: Apollo takes back what is refused. */
  async function confirm(isConfirmed: boolean) {
    setSelected(new Set());
    const optimisticResponse = {
      setParticipantsConfirmed: {
        __typename: "SetParticipantsConfirmedPayload" as const,
        results: chosen.map((id) => ({
          __typename: "SetParticipantsConfirmedResult" as const,
          participantId: id,
          participant: { __typename: "Participant" as const, id, isConfirmed },
          userErrors: [],
        })),
        userErrors: [],
      },
    };
    const { data } = await send({ variables: { input: { ids: chosen, isConfirmed } }, optimisticResponse });
    const refused = data?.setParticipantsConfirmed?.results.filter(({ userErrors }) => userErrors.length > 0) ?? [];
    if (refused.length === 0) return setStatus(`${chosen.length} ${isConfirmed ? "confirmed" : "taken back"}.`);
    setSelected(new Set(refused.map(({ participantId }) => participantId)));
    const why = messages(refused.flatMap(({ userErrors }) => userErrors));
    setStatus(`${refused.length} of ${chosen.length} stay as they were: ${why}`);
  }

  const toggle = (ids: string[], isOn: boolean) => {
    const others = [...selected].filter((id) => !ids.includes(id));
    setSelected(new Set(isOn ? [...others, ...ids] : others));
  };
  const count = (value: boolean | null) =>
    counts.filter(({ isConfirmed }) => value === null || isConfirmed === value).reduce((sum, one) => sum + one.count, 0);
  const isAll = rows.length > 0 && chosen.length === rows.length;
  const isTooMany = chosen.length > MOST_AT_ONCE;

  return (
    <main aria-busy={asked.loading}>
      <header>
        <h1>Participants</h1>
        <button onClick={() => dialog.current?.showModal()}>New participant</button>
        <button
          onClick={() =>
            attempt(() =>
              download("participants.csv", { ...list, fields: FILE, for: "spreadsheet", language: document.documentElement.lang }),
            )
          }
        >
          Download CSV
        </button>
      </header>

      <label className="search">
        <span>Search</span>
        <input type="search" value={text} onChange={(event) => setText(event.target.value)} placeholder="Company, name, city …" />
      </label>

      <fieldset className="tabs">
        <legend>Which participants</legend>
        {(Object.keys(TABS) as Tab[]).map((one) => (
          <label key={one}>
            <input type="radio" name="tab" checked={one === tab} onChange={() => setTab(one)} />
            {one} <b>{count(TABS[one])}</b>
          </label>
        ))}
      </fieldset>

      <div className="bulk">
        <button disabled={chosen.length === 0 || isTooMany} onClick={() => attempt(() => confirm(true))}>
          Confirm {chosen.length || ""}
        </button>
        <button disabled={chosen.length === 0 || isTooMany} onClick={() => attempt(() => confirm(false))}>
          Take back {chosen.length || ""}
        </button>
        <Age />
      </div>
      <p role="status">
        {isTooMany ? `At most ${MOST_AT_ONCE} at once.` : (asked.error?.message ?? status)}
      </p>

      <table>
        <thead>
          <tr>
            <td>
              <input
                type="checkbox"
                aria-label="Select all that are shown"
                checked={isAll}
                onChange={() => toggle(rows.map(({ id }) => id), !isAll)}
              />
            </td>
            {COLUMNS.map(([field, title]) => (
              <Heading key={field} {...{ field, title, order, setOrder }} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Line key={row.id} row={row} isSelected={selected.has(row.id)} onSelect={(isOn) => toggle([row.id], isOn)} />
          ))}
        </tbody>
      </table>
      {rows.length === 0 && !asked.loading && <p className="none">Nobody fits.</p>}
      {found?.pageInfo.hasNextPage && (
        <button
          className="more"
          aria-disabled={asked.loading} // a disabled one would lose the keyboard's focus
          onClick={() => asked.loading || attempt(() => asked.fetchMore({ variables: { after: found.pageInfo.endCursor } }))}
        >
          Show more
        </button>
      )}

      <NewParticipant ref={dialog} list={list} onCreated={setStatus} />
    </main>
  );
}

function Heading(props: { field: Order["field"]; title: string; order: Order; setOrder: (order: Order) => void }) {
  const { field, title, order, setOrder } = props;
  const isOrdered = order.field === field;
  const isUp = order.direction === "ASC";
  return (
    <th scope="col" aria-sort={isOrdered ? (isUp ? "ascending" : "descending") : undefined} data-column={title}>
      <button onClick={() => setOrder({ field, direction: isOrdered && isUp ? "DESC" : "ASC" })}>
        {title}
        <span aria-hidden="true">{isOrdered ? (isUp ? " ▲" : " ▼") : ""}</span>
      </button>
    </th>
  );
}

function Line(props: { row: Participant; isSelected: boolean; onSelect: (isOn: boolean) => void }) {
  const { contact, event, category, isConfirmed } = props.row; // what was deleted in PlanDocket is null
  const name = contact ? person(contact) : "";
  const label = `Select ${name || contact?.companyName || "participant"}, ${event?.title ?? "no event"}`;
  return (
    <tr>
      <td>
        <input
          type="checkbox"
          aria-label={label}
          checked={props.isSelected}
          onChange={(event) => props.onSelect(event.target.checked)}
        />
      </td>
      <td>{contact?.companyName}</td>
      <td>{name}</td>
      <td data-column="City">{contact?.city}</td>
      <td>{event?.title}</td>
      <td data-column="Category">{category?.title}</td>
      <td>
        <span className={isConfirmed ? "confirmed" : "open"}>{isConfirmed ? "Confirmed" : "Open"}</span>
      </td>
    </tr>
  );
}

/** How long ago PlanDocket had what is shown. */
function Age() {
  const at = useReactiveVar(readAt);
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.round((now - at) / 1000));
  return <span className="age">Read {seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`} ago</span>;
}
